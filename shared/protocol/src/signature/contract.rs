//! The marketplace's contracts and interface types.

/// The contract of a call. Only the route decides it. koohook never tries a second contract
/// (decision A1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Contract {
    /// V1 guide. A base call is a GET with all its parameters in the query.
    V1,
    /// V2 guide. Every call is a POST with a JSON body.
    V2,
}

/// The interface type of a call. Each type has its own keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Interface {
    /// The lifecycle calls. Their path is the production address.
    Base,
    /// The joint-operations calls. They have fixed paths below the production address.
    Kit,
}
