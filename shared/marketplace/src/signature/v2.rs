//! V2.0, base interfaces: `signature`, `timestamp` and `nonce` in the query, an HMAC of an HMAC
//! of the body (guide 2.0, page "security token").

use super::timed::{Proof, TimestampUnit};
use super::{Interface, Rejection, Verified, hmac_sha256};
use crate::json::Scalars;
use crate::key::Keyring;
use crate::query;
use crate::time::UnixMillis;

/// The signature of a payload under V2: on the wire 64 hex digits.
pub fn sign(access_key: &str, nonce: &str, timestamp: &str, payload: &[u8]) -> [u8; 32] {
    let key = access_key.as_bytes();
    let body_hash = hex::encode(hmac_sha256(key, &[payload]));
    hmac_sha256(key, &[key, nonce.as_bytes(), timestamp.as_bytes(), body_hash.as_bytes()])
}

pub(super) fn verify(
    raw_query: &str,
    body: &[u8],
    keys: &Keyring,
    unit: TimestampUnit,
    now: UnixMillis,
) -> Result<Verified, Rejection> {
    let values = |name| query::values(raw_query, name);
    let proof = Proof::parse(values("signature"), values("timestamp"), values("nonce"), unit, now)?;
    // The marketplace's sample binds a base call's members to a map of strings.
    proof.verify(Interface::Base, body, keys, sign, Scalars::AsText)
}
