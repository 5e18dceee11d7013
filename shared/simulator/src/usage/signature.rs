//! The signature of a body.
//!
//! The guide says that the body "takes part in the signature after natural sorting". A server can
//! sign the bytes that it received, or sort the body again. So there are two readings, and both
//! must accept the signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::request::Proof;
use crate::mac;

/// How the two readings judge one signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Readings {
    /// Both accept it.
    Accept,
    /// One accepts it, and the other does not.
    Disagree,
    /// Both refuse it.
    Refuse,
}

pub(super) fn judge(proof: &Proof, body: &[u8], key: &str) -> Readings {
    let as_sent = sign(proof, body, key) == proof.signature;
    let as_sorted = sorted_body(body).is_some_and(|sorted| {
        sign(proof, sorted.as_bytes(), key) == proof.signature && sorted.is_ascii()
    });
    match (as_sent, as_sorted) {
        (true, true) => Readings::Accept,
        (false, false) => Readings::Refuse,
        (true, false) | (false, true) => Readings::Disagree,
    }
}

/// Writes a JSON text again: compact, and the members of every object sorted.
///
/// Programs escape characters outside ASCII differently, so such a body has no certain form.
fn sorted_body(body: &[u8]) -> Option<String> {
    serde_json::from_slice(body).ok().map(|body: Value| sorted(&body))
}

/// The order is that of Java's `TreeMap`, which compares UTF-16 code units.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            let texts: Vec<String> = members
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), sorted(value)))
                .collect();
            format!("{{{}}}", texts.join(","))
        }
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(sorted).collect();
            format!("[{}]", texts.join(","))
        }
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, Some(real)) => real.to_string(),
            (None, None) => number.to_string(),
        },
        Value::Null | Value::Bool(_) | Value::String(_) => value.to_string(),
    }
}

/// Restates *Pushing usage (new)*: base64 of an HMAC-SHA256 over ts, nonce and body.
pub(super) fn sign(proof: &Proof, body: &[u8], key: &str) -> String {
    let mut text = format!("ts={}&nonce={}&body=", proof.ts, proof.nonce).into_bytes();
    text.extend_from_slice(body);
    STANDARD.encode(mac::hmac_sha256(key.as_bytes(), &text))
}
