//! The headers with the signature fields of a kit call.

/// All values of the kit's signature headers. A value that is not text is empty.
#[derive(Clone, Debug, Default)]
pub struct Headers<'a> {
    /// V1: `authToken`.
    pub auth_token: Vec<&'a str>,
    /// V2: `x-sign`.
    pub x_sign: Vec<&'a str>,
    /// V2: `x-timestamp`.
    pub x_timestamp: Vec<&'a str>,
    /// V2: `x-nonce`.
    pub x_nonce: Vec<&'a str>,
}
