//! A received call, and its verification.

use super::contract::{Contract, Interface};
use super::headers::Headers;
use super::rejection::Rejection;
use super::timed::TimestampUnit;
use super::verified::{UntimelyCall, Verified};
use super::{kit_v1, kit_v2, v1, v2};
use crate::access_key::Keyring;
use crate::time::UnixMillis;

/// A received call. Its signature is not verified yet.
#[derive(Clone)]
pub struct Unverified<'a> {
    /// The interface type of the route.
    pub interface: Interface,
    /// The contract of the route.
    pub contract: Contract,
    /// The raw query string, still encoded.
    pub query: &'a str,
    /// The headers with the signature fields of a kit call.
    pub headers: Headers<'a>,
    /// The body's bytes. They are empty in a V1 base call.
    pub body: &'a [u8],
}

impl Unverified<'_> {
    /// Checks the signature fields in the request line and headers. If this fails, [`Self::verify`]
    /// would also fail, so the body need not be read. `verify` repeats these checks with its own
    /// time.
    ///
    /// # Errors
    /// If `verify` would reject the call whatever its body is.
    pub fn judge_head(&self, unit: TimestampUnit, now: UnixMillis) -> Result<(), Rejection> {
        match (self.interface, self.contract) {
            (Interface::Base, Contract::V1) => v1::parse(self.query).map(drop),
            (Interface::Base, Contract::V2) => {
                v2::signature_fields(self.query, unit, now).map(drop)
            }
            (Interface::Kit, Contract::V1) => kit_v1::signature(&self.headers).map(drop),
            (Interface::Kit, Contract::V2) => {
                kit_v2::signature_fields(&self.headers, unit, now).map(drop)
            }
        }
    }

    /// Verifies the call. Only a call that one of the keys signed can become a [`Verified`].
    ///
    /// # Errors
    /// If one of the reasons in [`Rejection`] applies.
    pub fn verify(
        &self,
        keys: &Keyring,
        unit: TimestampUnit,
        now: UnixMillis,
    ) -> Result<Verified, Rejection> {
        match (self.interface, self.contract) {
            (Interface::Base, Contract::V1) => v1::verify(self.query, keys),
            (Interface::Base, Contract::V2) => {
                v2::signature_fields(self.query, unit, now)?.verify(&v2::SCHEME, self.body, keys)
            }
            (Interface::Kit, Contract::V1) => kit_v1::verify(&self.headers, self.body, keys),
            (Interface::Kit, Contract::V2) => kit_v2::signature_fields(&self.headers, unit, now)?
                .verify(&kit_v2::SCHEME, self.body, keys),
        }
    }

    /// Reads a call for its log line, after [`Self::verify`] rejected it with a rejection that
    /// [`Rejection::is_signed`]. `None` if no key signed it, or its timestamp is accepted.
    pub fn untimely(
        &self,
        keys: &Keyring,
        unit: TimestampUnit,
        now: UnixMillis,
    ) -> Option<UntimelyCall> {
        let (fields, scheme) = match (self.interface, self.contract) {
            (Interface::Base, Contract::V2) => {
                (v2::signature_fields(self.query, unit, now), &v2::SCHEME)
            }
            (Interface::Kit, Contract::V2) => {
                (kit_v2::signature_fields(&self.headers, unit, now), &kit_v2::SCHEME)
            }
            (_, Contract::V1) => return None,
        };
        fields.ok()?.untimely(scheme, self.body, keys)
    }
}
