//! Vectors that the marketplace's own Java sample signed and verified, from inputs and keys of this
//! project.
//!
//! Tests check both sides: koohook, and the simulator that plays the marketplace in other tests.

use std::collections::BTreeSet;

use protocol::access_key::Keyring;
use protocol::signature::{
    Contract, Headers, Interface, Rejection, TimestampUnit, Unverified, Verified,
};
use protocol::time::UnixMillis;

use super::ring;

mod answers;
mod v1;
mod v2;

/// A key that signed none of the vectors.
const OTHER_KEY: &str = "constructed-other-key-0003";

/// Verifies a call at a time with the key of the vectors. Also checks that another key verifies no
/// vector.
fn verify(call: &Unverified<'_>, key: &str, now: u64) -> Result<Verified, Rejection> {
    let with =
        |keys: &Keyring| call.verify(keys, TimestampUnit::Milliseconds, UnixMillis::new(now));
    assert_eq!(with(&ring(OTHER_KEY)).err(), Some(Rejection::SignatureWrong));
    with(&ring(key))
}

fn call<'a>(interface: Interface, contract: Contract) -> Unverified<'a> {
    Unverified { interface, contract, query: "", headers: Headers::default(), body: b"" }
}

/// The exact texts of all numbers in a JSON document.
fn numbers(json: &str) -> BTreeSet<&str> {
    let mut numbers = BTreeSet::new();
    let mut rest = json;
    while let Some(at) = rest.find(['"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) {
        let (_, token) = rest.split_at(at);
        let (token, after) = token.split_at(token_len(token));
        if !token.starts_with('"') {
            numbers.insert(token);
        }
        rest = after;
    }
    numbers
}

/// The length of the string or number at the beginning of a text.
fn token_len(text: &str) -> usize {
    let Some(string) = text.strip_prefix('"') else {
        let is_after = |letter: char| !letter.is_ascii_alphanumeric() && !"+-.".contains(letter);
        return text.find(is_after).unwrap_or(text.len());
    };
    let mut is_escaped = false;
    let end = string.find(|letter| {
        let is_end = letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        is_end
    });
    1 + end.unwrap() + 1
}

#[test]
fn numbers_are_found_outside_of_strings() {
    let json = r#"{"a\"1":-0.50,"2":["\\",3E+7,{"b":4}],"c":true}"#;
    assert_eq!(numbers(json), BTreeSet::from(["-0.50", "3E+7", "4"]));
}
