//! What the log remarks on a call that was carried out.

/// Why a believed call had no effect, or what was odd about it. Counted; two are alarms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Remark {
    /// A newer call of its kind is known.
    OlderThanKnown,
    /// It is so already.
    NothingToDo,
    /// The instance is released.
    ReleasedBefore,
    /// A renewal would have moved the expiry back.
    WouldMoveBack,
    /// Alarm: expiry was called long before the expiry that a renewal set.
    ExpiryBeforeRenewedTerm,
    /// Alarm: signed more than ten minutes ahead of now.
    SignedAhead,
    /// The same order came with another meaning; the first stays.
    OtherMeaning,
    /// A personal field could not be read.
    FieldUnreadable,
    /// Alarm: the marketplace gave a purchase up.
    Abandoned,
    /// Alarm: a call came about a purchase after it was abandoned.
    Revived,
    /// An empty list, which changes nothing.
    EmptyList,
}

impl Remark {
    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OlderThanKnown => "older-than-known",
            Self::NothingToDo => "nothing-to-do",
            Self::ReleasedBefore => "released-before",
            Self::WouldMoveBack => "would-move-back",
            Self::ExpiryBeforeRenewedTerm => "expiry-before-renewed-term",
            Self::SignedAhead => "signed-ahead",
            Self::OtherMeaning => "other-meaning",
            Self::FieldUnreadable => "field-unreadable",
            Self::Abandoned => "abandoned",
            Self::Revived => "revived",
            Self::EmptyList => "empty-list",
        }
    }

    /// Whether an operator should look.
    pub const fn is_alarm(self) -> bool {
        match self {
            Self::ExpiryBeforeRenewedTerm | Self::SignedAhead => true,
            Self::Abandoned | Self::Revived => true,
            Self::OlderThanKnown
            | Self::NothingToDo
            | Self::ReleasedBefore
            | Self::WouldMoveBack
            | Self::OtherMeaning
            | Self::FieldUnreadable
            | Self::EmptyList => false,
        }
    }
}
