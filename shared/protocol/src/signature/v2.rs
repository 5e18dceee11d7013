//! V2.0, base interfaces: `signature`, `timestamp` and `nonce` in the query, an HMAC of an HMAC
//! of the body (guide 2.0, page "security token").

use super::contract::Interface;
use super::rejection::Rejection;
use super::timed::{Proof, Scheme, TimestampUnit};
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
    // The marketplace's sample binds a base call's members to a map of strings.
    scalars: Scalars::AsText,
};

/// The signature of a payload under V2: on the wire 64 hex digits.
pub fn sign(access_key: &str, nonce: &str, timestamp: &str, payload: &[u8]) -> [u8; 32] {
    SCHEME.sign(access_key, nonce, timestamp, payload)
}

/// The proof, which the query alone holds.
pub(super) fn proof(
    raw_query: &str,
    unit: TimestampUnit,
    now: UnixMillis,
) -> Result<Proof, Rejection> {
    let values = |name| query_string::values(raw_query, name);
    Proof::parse(values("signature"), values("timestamp"), values("nonce"), unit, now)
}
