//! Kit calls under V2: the headers `x-sign`, `x-timestamp` and `x-nonce`, and one HMAC over the
//! body (V2 guide, page "security token").

use super::contract::Interface;
use super::headers::Headers;
use super::rejection::Rejection;
use super::timed::{Scheme, SignatureFields, TimestampUnit};
use crate::json::Scalars;
use crate::mac::Mac;
use crate::time::UnixMillis;

pub(super) const SCHEME: Scheme = Scheme {
    interface: Interface::Kit,
    begin: |access_key, nonce, timestamp| {
        let key = access_key.as_bytes();
        Mac::new(key).with(&[key, nonce.as_bytes(), timestamp.as_bytes()])
    },
    finish: |mac, _, _, _| mac.finish(),
    scalars: Scalars::AsReceived,
};

/// The signature of a payload of a V2 kit call. On the wire it is 64 hex digits (V2 guide, page
/// "security token").
pub fn sign(access_key: &str, nonce: &str, timestamp: &str, payload: &[u8]) -> [u8; 32] {
    SCHEME.sign(access_key, nonce, timestamp, payload)
}

/// Reads the signature fields. They are only in the headers.
pub(super) fn signature_fields(
    headers: &Headers<'_>,
    unit: TimestampUnit,
    now: UnixMillis,
) -> Result<SignatureFields, Rejection> {
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let [signatures, timestamps, nonces] =
        [&headers.x_sign, &headers.x_timestamp, &headers.x_nonce].map(|values| owned(values));
    SignatureFields::parse(signatures, timestamps, nonces, unit, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Outline, Reading};

    /// A library of another language signed the raw bytes and the canonical form of one tenant.
    #[test]
    fn a_kit_signature_covers_the_payload() {
        let sign = |payload: &str| {
            let nonce = "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA";
            let signature =
                sign("constructed-kit-key-0002", nonce, "1680508066618", payload.as_bytes());
            hex::encode_upper(signature)
        };
        let raw = concat!(
            r#"{"instanceId": "huaiweitest123456","orderId": "CS1906666666ABCDE","#,
            r#""tenantId": "68cbc86aaaa880d92f36422fa0e","tenantCode": "huawei","#,
            r#""name": "huaiweitest","domainName": "https://example.tenantaccount.com","#,
            r#""flag": 1,"testFlag": 0,"timeStamp": "20220413093539534"}"#
        );
        assert_eq!(sign(raw), "9AE896670E159411BAC22C626800A88660AD4EF71827D484DA0F50B4DDBD516A");
        let mut canonical = String::new();
        let mut outline = Outline::of(raw.as_bytes()).unwrap();
        let write = &mut |piece: &str| canonical.push_str(piece);
        outline.write_canonical(Reading::First, Scalars::AsReceived, write).unwrap();
        assert_eq!(
            sign(&canonical),
            "158D55020CED3ECCB890F8D661453C9326F3155F95F439B73E91E40128D8CDD1"
        );
    }
}
