//! A call as it arrived, and how it is verified.

use super::contract::{Contract, Interface};
use super::headers::Headers;
use super::rejection::Rejection;
use super::timed::TimestampUnit;
use super::verified::Verified;
use super::{kit_v1, kit_v2, v1, v2};
use crate::access_key::Keyring;
use crate::time::UnixMillis;

/// A call as it arrived. Its signature is not verified yet.
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

impl Unverified<'_> {
    /// Checks the part of the proof that the head holds. A call that fails here cannot verify, so
    /// its body need not be read. [`Self::verify`] checks the same again, by its own time.
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

    /// Verifies the call. The result is `Ok` if and only if a key of the ring signed it.
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
