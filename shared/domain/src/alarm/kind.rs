//! What can be wrong.

use std::time::Duration;

/// A thing that can be wrong. An operator learns when it begins, each hour while it lasts, and when
/// it ends.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum AlarmKind {
    /// Callbacks of this process were answered `000005`.
    CallsFailed,
    /// The store does not answer, or its values cannot be used.
    StoreDown,
    /// The product does not accept notices.
    ProductDown,
    /// Purchases wait long for access data.
    PurchasesPending,
    /// The relay abandoned purchases.
    PurchasesAbandoned,
    /// Notices are dead letters.
    NoticesDead,
    /// Usage is late, or will miss its deadline.
    UsageLate,
    /// The marketplace rejects the key of usage, or the relay has none.
    UsageKey,
    /// The clocks of this machine and of the store differ.
    ClocksDiffer,
}

impl AlarmKind {
    /// All kinds, the most urgent first.
    pub const ALL: [Self; 9] = [
        Self::CallsFailed,
        Self::StoreDown,
        Self::ProductDown,
        Self::PurchasesPending,
        Self::PurchasesAbandoned,
        Self::NoticesDead,
        Self::UsageLate,
        Self::UsageKey,
        Self::ClocksDiffer,
    ];

    /// The kind's name: in the stored value, in messages, and of its section in `docs/alarms.md`. It
    /// must never change.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallsFailed => "calls-failed",
            Self::StoreDown => "store-down",
            Self::ProductDown => "product-down",
            Self::PurchasesPending => "purchases-pending",
            Self::PurchasesAbandoned => "purchases-abandoned",
            Self::NoticesDead => "notices-dead",
            Self::UsageLate => "usage-late",
            Self::UsageKey => "usage-key",
            Self::ClocksDiffer => "clocks-differ",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether its counts are added up. Otherwise each count replaces the one before it.
    pub const fn adds_up(self) -> bool {
        match self {
            Self::CallsFailed
            | Self::StoreDown
            | Self::ProductDown
            | Self::PurchasesAbandoned
            | Self::UsageKey => true,
            Self::PurchasesPending | Self::NoticesDead | Self::UsageLate | Self::ClocksDiffer => {
                false
            }
        }
    }

    /// After this time without a fault it is over, also if no look showed that it is well.
    pub(super) const fn forgotten_after(self) -> Duration {
        match self {
            Self::CallsFailed
            | Self::StoreDown
            | Self::PurchasesAbandoned
            | Self::UsageKey
            | Self::ClocksDiffer => Duration::from_hours(1),
            // A purchase is looked at 30 and 90 minutes after its beginning, late usage 60 and 90
            // minutes after its end. A dead letter may be hidden as long.
            Self::PurchasesPending | Self::NoticesDead | Self::UsageLate => Duration::from_hours(2),
            // A notice that the product refuses is offered about once an hour.
            Self::ProductDown => Duration::from_hours(3),
        }
    }
}
