//! A call whose signature was verified.

use std::fmt;

use super::contract::{Contract, Interface};
use crate::access_key::AccessKey;
use crate::json::Members;
use crate::time::UnixMillis;

/// A call from the marketplace. One of the configured keys signed exactly these members.
pub struct Verified {
    pub(super) interface: Interface,
    pub(super) contract: Contract,
    pub(super) members: Members,
    pub(super) signed_at: Option<UnixMillis>,
    pub(super) form: SignedForm,
    pub(super) signature: [u8; 32],
    pub(super) key: AccessKey,
}

/// A call that one of the configured keys signed, although its timestamp cannot be accepted. It is
/// never carried out.
pub struct UntimelyCall(pub(super) Verified);

/// Which form of the call the signature covers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignedForm {
    /// The call as received: V2's raw body, V1's form-decoded values, or the V1 kit's raw values.
    Received,
    /// V2's canonical form.
    Canonical,
    /// V1's values with `+` not decoded to a space.
    PlusKept,
    /// The V1 kit's values, URL-decoded.
    Decoded,
}

impl UntimelyCall {
    /// The call, for its log line. Its signed time is not a time.
    pub const fn signed_members(&self) -> &Verified {
        &self.0
    }
}

impl Verified {
    /// The interface type of the call.
    pub const fn interface(&self) -> Interface {
        self.interface
    }

    /// The contract of the call.
    pub const fn contract(&self) -> Contract {
        self.contract
    }

    /// The members that the signature covers, each name once.
    pub const fn members(&self) -> &Members {
        &self.members
    }

    /// When the call was signed. `None` if V1's `timeStamp` is not a valid time.
    pub const fn signed_at(&self) -> Option<UnixMillis> {
        self.signed_at
    }

    /// Which form the signature covers.
    pub const fn form(&self) -> SignedForm {
        self.form
    }

    /// The signature's bytes. They identify this call.
    pub const fn signature(&self) -> &[u8; 32] {
        &self.signature
    }

    /// The key that verified the call. koohook signs the answer with it, and encrypts V1
    /// credentials.
    pub const fn key(&self) -> &AccessKey {
        &self.key
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The members contain personal data, which must not reach a log.
        formatter
            .debug_struct("Verified")
            .field("contract", &self.contract)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}
