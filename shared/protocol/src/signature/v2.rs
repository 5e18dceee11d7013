//! Base calls under V2: `signature`, `timestamp` and `nonce` in the query. The signature is an HMAC
//! over an HMAC of the body (V2 guide, page "security token").

use super::contract::Interface;
use super::rejection::Rejection;
use super::timed::{Scheme, SignatureFields, TimestampUnit};
use crate::json::Scalars;
use crate::mac::Mac;
use crate::query_string;
use crate::time::UnixMillis;

pub(super) const SCHEME: Scheme = Scheme {
    interface: Interface::Base,
    begin: |access_key, _, _| Mac::new(access_key.as_bytes()),
    finish: |body, access_key, nonce, timestamp| {
        let key = access_key.as_bytes();
        let body_hash = hex::encode(body.finish());
        let parts = [key, nonce.as_bytes(), timestamp.as_bytes(), body_hash.as_bytes()];
        Mac::new(key).with(&parts).finish()
    },
    // The marketplace's sample reads a base call's members into a map of strings.
    scalars: Scalars::AsText,
};

/// The signature of a payload of a V2 base call. On the wire it is 64 hex digits (V2 guide, page
/// "security token").
pub fn sign(access_key: &str, nonce: &str, timestamp: &str, payload: &[u8]) -> [u8; 32] {
    SCHEME.sign(access_key, nonce, timestamp, payload)
}

/// Reads the signature fields. They are only in the query.
pub(super) fn signature_fields(
    raw_query: &str,
    unit: TimestampUnit,
    now: UnixMillis,
) -> Result<SignatureFields, Rejection> {
    let values = |name| query_string::values(raw_query, name);
    SignatureFields::parse(values("signature"), values("timestamp"), values("nonce"), unit, now)
}
