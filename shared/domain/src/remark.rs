//! Remarks in the log about a call that was carried out.

/// Why a verified call had no effect, or what was unusual about it. [`Remark::is_alarm`] names the
/// alarms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Remark {
    /// koohook already knows a newer call of the same kind.
    OlderThanKnown,
    /// The entity already has the state that the call requests.
    NothingToDo,
    /// The instance is released.
    ReleasedBefore,
    /// A renewal would have moved the expiry back.
    WouldMoveBack,
    /// Alarm: an expiry call arrived long before the expiry that a renewal set.
    ExpiryBeforeRenewedTerm,
    /// Alarm: the call was signed more than ten minutes ahead of now.
    SignedAhead,
    /// The same order arrived with another meaning; the first meaning stays.
    OtherMeaning,
    /// A personal field could not be decrypted.
    FieldUnreadable,
    /// Alarm: a purchase was abandoned, because the marketplace refunded it.
    Abandoned,
    /// Alarm: a call about a purchase was signed after the purchase was abandoned.
    Revived,
    /// The list is empty, so it changes nothing.
    EmptyList,
    /// Not the first RSA key of the setting decrypted the client secret, but a later one.
    LaterRsaKey,
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
            Self::LaterRsaKey => "later-rsa-key",
        }
    }

    /// Whether an operator should check the instance.
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
            | Self::EmptyList
            | Self::LaterRsaKey => false,
        }
    }
}
