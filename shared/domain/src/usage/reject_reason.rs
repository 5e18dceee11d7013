//! Why a record of the product's report is rejected.

/// Why a record of the product's report is rejected (decision J1). The product gets the word.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RejectReason {
    /// koohook has never stored this instance.
    InstanceUnknown,
    /// The instance has another charging mode.
    NotPayPerUse,
    /// The window begins before the instance.
    BeforeInstance,
    /// The window ends after the release of the instance.
    AfterRelease,
    /// The window ends in the future.
    InFuture,
    /// The window begins so long ago that the marketplace would refuse it.
    TooOld,
    /// The window overlaps a window that was accepted.
    Overlaps,
    /// The same window was accepted with another value or another package.
    OtherValue,
    /// The record is malformed.
    Malformed,
    /// The instance has no room for one more window.
    InstanceFull,
}

impl RejectReason {
    /// All reasons.
    pub const ALL: [Self; 10] = [
        Self::InstanceUnknown,
        Self::NotPayPerUse,
        Self::BeforeInstance,
        Self::AfterRelease,
        Self::InFuture,
        Self::TooOld,
        Self::Overlaps,
        Self::OtherValue,
        Self::Malformed,
        Self::InstanceFull,
    ];

    /// The word that the product gets.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InstanceUnknown => "instance-unknown",
            Self::NotPayPerUse => "not-pay-per-use",
            Self::BeforeInstance => "begins-before-instance",
            Self::AfterRelease => "ends-after-release",
            Self::InFuture => "ends-in-future",
            Self::TooOld => "too-old",
            Self::Overlaps => "overlaps",
            Self::OtherValue => "other-value",
            Self::Malformed => "malformed",
            Self::InstanceFull => "instance-full",
        }
    }

    /// What is wrong, and what to do, for a command.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::InstanceUnknown => "koohook has no such instance; check instanceId",
            Self::NotPayPerUse => "the instance is not pay-per-use; report no usage for it",
            Self::BeforeInstance => "the window begins before the purchase; begin it later",
            Self::AfterRelease => "the window ends after the release; end it earlier",
            Self::InFuture => "the window ends in the future; report it after its end",
            Self::TooOld => {
                "the window begins more than 20 days 20 hours ago; the marketplace refuses it"
            }
            Self::Overlaps => "the window overlaps an accepted window; cut windows at whole hours",
            Self::OtherValue => {
                "the window was accepted with another value or package; the first one counts"
            }
            Self::Malformed => "a member is missing or malformed; see docs/product.md",
            Self::InstanceFull => {
                "the instance has too many windows or packages; report longer windows"
            }
        }
    }
}
