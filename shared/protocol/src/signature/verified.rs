//! A call whose signature was verified.

use std::fmt;

use super::contract::{Contract, Interface};
use crate::access_key::AccessKey;
use crate::json::Members;
use crate::time::UnixMillis;

/// A call that the marketplace made: its signature was made with one of our keys, over exactly
/// these members.
pub struct Verified {
    pub(super) interface: Interface,
    pub(super) contract: Contract,
    pub(super) members: Members,
    pub(super) signed_at: Option<UnixMillis>,
    pub(super) form: SignedForm,
    pub(super) signature: [u8; 32],
    pub(super) key: AccessKey,
}

/// Which reading of the call the signature covers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignedForm {
    /// What arrived: V2's raw body, V1's values decoded as a form.
    Received,
    /// V2's canonical form.
    Canonical,
    /// V1's values with `+` kept as it is.
    PlusKept,
    /// The kit's V1 values, URL-decoded.
    Decoded,
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

    /// When the call was signed; `None` if V1's `timeStamp` names no second of the calendar.
    pub const fn signed_at(&self) -> Option<UnixMillis> {
        self.signed_at
    }

    /// Which reading the signature covers.
    pub const fn form(&self) -> SignedForm {
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
        // The members hold personal data, which must not reach a log.
        formatter
            .debug_struct("Verified")
            .field("contract", &self.contract)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}
