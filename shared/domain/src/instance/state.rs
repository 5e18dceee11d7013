//! The states of an instance.

use protocol::message::Freeze;
use serde::{Deserialize, Serialize};

/// Whether an instance serves its buyer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum InstanceState {
    /// The buyer can use it.
    Active,
    /// The buyer cannot use it; its data stays.
    Frozen(FreezeCause),
    /// It is deleted. This state never ends.
    Released,
}

/// Why an instance is frozen. A V1 renewal ends a freeze by expiry, never a freeze by a status
/// call.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FreezeCause {
    /// V1 `expireInstance`.
    Expiry,
    /// V1 `instanceStatus`, V2 `updateInstanceStatus`.
    Status,
    /// Both causes, in any order.
    Both,
}

impl From<Freeze> for FreezeCause {
    fn from(freeze: Freeze) -> Self {
        match freeze {
            Freeze::Expiry => Self::Expiry,
            Freeze::Status => Self::Status,
        }
    }
}

impl InstanceState {
    /// The word in notices, in the log and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Frozen(_) => "frozen",
            Self::Released => "released",
        }
    }
}

impl FreezeCause {
    /// The word in notices.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::Status => "status",
            Self::Both => "both",
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Both }
    }
}
