//! From [`Unverified`] to [`Verified`], and the signature of an answer.
//!
//! A check returns what it proved: nothing but [`Unverified::verify`] makes a [`Verified`], and
//! nothing reads a request but through one. What is executed is the tree that verified, never
//! the bytes read a second time. What we ask of the marketplace in turn is signed by [`sdk`].

#[cfg(test)]
mod cost;
mod joined;
mod kit_v1;
mod kit_v2;
pub mod sdk;
mod signer;
mod timed;
mod v1;
mod v2;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::json::{JsonError, Members};
use crate::key::{AccessKey, Keyring};
use crate::mac::hmac_sha256;
use crate::time::UnixMillis;

pub use joined::auth_token;
pub use kit_v2::sign as sign_kit;
pub use timed::{TOLERANCE_MILLIS, TimestampUnit};
pub use v2::sign;

/// Which of the marketplace's contracts a call belongs to: decided by its route, never by trial
/// (decision A1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Contract {
    /// Access guide 1.0: GET, everything in the query.
    V1,
    /// Access guide 2.0: POST, JSON.
    V2,
}

/// Which of the marketplace's interface types a call belongs to: each has keys of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Interface {
    /// The lifecycle calls, on the production address.
    Base,
    /// The joint-operations calls, on fixed paths below it.
    Kit,
}

/// A call as it arrived, believed by nobody yet.
#[derive(Clone)]
pub struct Unverified<'a> {
    /// Of which interface type it is.
    pub interface: Interface,
    /// By which contract it asks to be read.
    pub contract: Contract,
    /// The raw query string, still encoded.
    pub query: &'a str,
    /// The headers in which the kit carries its proof.
    pub headers: Headers<'a>,
    /// The body's bytes; V1's base calls have none.
    pub body: &'a [u8],
}

/// Every value that stands under each of the kit's headers. What is no text is empty.
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

/// A call that the marketplace made: its signature was made with a key of ours, over exactly
/// the members that stand here.
pub struct Verified {
    interface: Interface,
    contract: Contract,
    members: Members,
    signed_at: Option<UnixMillis>,
    form: Form,
    signature: [u8; 32],
    key: AccessKey,
}

/// Which reading of the call the signature was found to cover.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// What arrived: V2's raw body, V1's values decoded as a form.
    Received,
    /// V2's canonical form.
    Canonical,
    /// V1's values with `+` kept as it is.
    PlusKept,
    /// The kit's V1 values, URL-decoded.
    Decoded,
}

/// We do not believe the caller. A stranger may be reading: the answer has one body per code.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Rejection {
    /// No signature where one is due.
    #[error("signature missing")]
    SignatureMissing,
    /// A signature that no HMAC-SHA256 could have, by its length or letters.
    #[error("signature malformed")]
    SignatureMalformed,
    /// A signature that none of our keys makes.
    #[error("signature wrong")]
    SignatureWrong,
    /// A parameter that takes part in the proof stands there twice.
    #[error("parameter repeated")]
    ParameterRepeated,
    /// A V1 parameter whose name is none, or whose text is no text.
    #[error("parameter name malformed")]
    ParameterMalformed,
    /// V1: `timeStamp` absent, or not of 14 to 20 digits.
    #[error("time stamp malformed")]
    TimeStampMalformed,
    /// V2: `timestamp` absent, or not of the unit's length.
    #[error("timestamp malformed")]
    TimestampMalformed,
    /// V2: `timestamp` well-formed in the unit that `KOOHOOK_TIMESTAMP_UNIT` does not name.
    #[error("timestamp in the other unit than KOOHOOK_TIMESTAMP_UNIT says")]
    TimestampOtherUnit,
    /// V2: signed too long ago, or too far ahead.
    #[error("timestamp outside the tolerance")]
    OutsideTolerance,
    /// V2: `nonce` absent, too long, or not of printable characters.
    #[error("nonce malformed")]
    NonceMalformed,
    /// V1, proven: a value that signs like two parameters (decision B1).
    #[error("value folds into two parameters")]
    Folded,
    /// More values than a body may hold, signed or not: the host answers HTTP 413 (decision G6).
    #[error("body holds too many values")]
    TooManyNodes,
    /// V2, proven: no JSON object, or nested too deep.
    #[error("body malformed")]
    BodyMalformed,
    /// V2, proven: one name with two values.
    #[error("body names one member twice")]
    BodyConflicting,
}

impl Unverified<'_> {
    /// Judges what the head alone says of the proof, so that no body is read for a call that could
    /// not verify. [`Self::verify`] judges the same again, by its own time.
    ///
    /// # Errors
    /// As [`Rejection`] says; `verify` would say the same.
    pub fn judge_head(&self, unit: TimestampUnit, now: UnixMillis) -> Result<(), Rejection> {
        match (self.interface, self.contract) {
            (Interface::Base, Contract::V1) => v1::parse(self.query).map(drop),
            (Interface::Base, Contract::V2) => v2::proof(self.query, unit, now).map(drop),
            (Interface::Kit, Contract::V1) => kit_v1::signature(&self.headers).map(drop),
            (Interface::Kit, Contract::V2) => kit_v2::proof(&self.headers, unit, now).map(drop),
        }
    }

    /// Verifies the call: if and only if a key of the ring signed it, `Ok`.
    ///
    /// # Errors
    /// As [`Rejection`] says.
    pub fn verify(
        &self,
        keys: &Keyring,
        unit: TimestampUnit,
        now: UnixMillis,
    ) -> Result<Verified, Rejection> {
        match (self.interface, self.contract) {
            (Interface::Base, Contract::V1) => v1::verify(self.query, keys),
            (Interface::Base, Contract::V2) => {
                v2::proof(self.query, unit, now)?.verify(&v2::SCHEME, self.body, keys)
            }
            (Interface::Kit, Contract::V1) => kit_v1::verify(&self.headers, self.body, keys),
            (Interface::Kit, Contract::V2) => {
                kit_v2::proof(&self.headers, unit, now)?.verify(&kit_v2::SCHEME, self.body, keys)
            }
        }
    }
}

/// A body that is not signed as it stands, and has no form that could be.
impl From<JsonError> for Rejection {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::TooManyNodes => Self::TooManyNodes,
            // What is not JSON has no members, and so no signature could cover them.
            JsonError::Malformed | JsonError::TooDeep | JsonError::NotAnObject => {
                Self::SignatureWrong
            }
        }
    }
}

impl Verified {
    /// Of which interface type the call is.
    pub const fn interface(&self) -> Interface {
        self.interface
    }

    /// By which contract the call is read.
    pub const fn contract(&self) -> Contract {
        self.contract
    }

    /// The members that the signature covers, each name once.
    pub const fn members(&self) -> &Members {
        &self.members
    }

    /// When the call was signed; `None` where V1's `timeStamp` names no second of the calendar.
    pub const fn signed_at(&self) -> Option<UnixMillis> {
        self.signed_at
    }

    /// Which reading the signature covers.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The signature's bytes: they name this one call for ever.
    pub const fn signature(&self) -> &[u8; 32] {
        &self.signature
    }

    /// The key that verified the call, with which its answer is signed and sealed.
    pub const fn key(&self) -> &AccessKey {
        &self.key
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The members hold personal data, and whoever prints one prints it somewhere.
        formatter
            .debug_struct("Verified")
            .field("contract", &self.contract)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

/// The value of the header `Body-Sign`, over exactly the bytes that are sent (V1 guide, page
/// "signing the response"). The one space behind `signature=` is the guide's.
pub fn body_sign(key: &AccessKey, body: &[u8]) -> String {
    let digest = hmac_sha256(key.as_str().as_bytes(), &[body]);
    format!("sign_type=\"HMAC-SHA256\", signature= \"{}\"", STANDARD.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed from the guide's formula by another language's library.
    #[test]
    fn body_sign_covers_the_bytes_sent() {
        let key = AccessKey::parse("11111111-2222-3333-4444-555555555555").unwrap();
        let body = r#"{"resultCode":"000000","resultMsg":"success."}"#;
        let cases = [
            (body.to_owned(), "JlKwXWkh0Ut3KEMWxd0Q8cjpT9/KvMKX/y6SJ8PitkE="),
            (format!("{body}\n"), "eINdBa4mnOtUe9GrvMNPnmpXRFoaIc7+nLLeS9s0hBM="),
        ];
        for (body, signature) in cases {
            let value = format!("sign_type=\"HMAC-SHA256\", signature= \"{signature}\"");
            assert_eq!(body_sign(&key, body.as_bytes()), value);
        }
    }
}
