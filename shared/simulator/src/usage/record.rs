//! One usage record as the marketplace keeps it.

use super::amount::Amount;
use super::stamp;

/// A usage record that the marketplace received. The texts are as they were sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReceivedRecord {
    /// `instance_id`.
    pub instance_id: String,
    /// `record_time`.
    pub record_time: String,
    /// `begin_time`.
    pub begin_time: String,
    /// `end_time`.
    pub end_time: String,
    /// `usage_value`; a JSON number as its text.
    pub usage_value: String,
    /// `metering_sn`; empty if it is absent.
    pub metering_sn: String,
    /// `relate_pkg_instance`.
    pub relate_pkg_instance: Option<String>,
    /// When it was received, in milliseconds since 1970-01-01T00:00:00Z.
    pub received_at: u64,
    /// What became of it.
    pub state: RecordState,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecordState {
    /// The check in the background has not seen it yet.
    Waiting,
    /// It will be in the next bill. The time is in milliseconds.
    Billable {
        /// When the check accepted it.
        since: u64,
    },
    /// It is in a bill, and the seller cannot take it back. The time is in milliseconds.
    Billed {
        /// When the bill was made.
        at: u64,
    },
    /// It is an anomaly, and the buyer does not pay for it.
    Rejected(RecordCode),
    /// The seller took it back before it was billed.
    Reversed,
}

/// Why a record is rejected: the record-level codes of the guide.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RecordCode {
    /// 001: the instance does not exist.
    NoInstance,
    /// 002: a time does not have the format.
    TimeFormat,
    /// 003: the usage value is wrong.
    Value,
    /// 004: `metering_sn` is missing.
    NoSn,
    /// 005: `metering_sn` belongs to another window.
    SnRepeated,
    /// 006: the product of the instance is delisted.
    Delisted,
    /// 007: the window began more than 21 days before the report.
    Expired,
    /// 009: the instance belongs to another seller.
    NotOurs,
    /// 010: the window was reported before.
    WindowRepeated,
    /// 011: the window is not within the life of the instance, or ends in the future.
    Range,
    /// 012: the instance is not pay-per-use.
    NotPayPerUse,
    /// 013: the state of the instance is abnormal.
    Abnormal,
}

impl RecordCode {
    /// The three digits.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::NoInstance => "001",
            Self::TimeFormat => "002",
            Self::Value => "003",
            Self::NoSn => "004",
            Self::SnRepeated => "005",
            Self::Delisted => "006",
            Self::Expired => "007",
            Self::NotOurs => "009",
            Self::WindowRepeated => "010",
            Self::Range => "011",
            Self::NotPayPerUse => "012",
            Self::Abnormal => "013",
        }
    }
}

/// Instance, begin and end. A window has one record that counts.
pub(super) type Window = (String, u64, u64);

impl ReceivedRecord {
    /// The window, if its times have the format.
    pub(super) fn window(&self) -> Option<Window> {
        let begin = stamp::seconds(&self.begin_time)?;
        Some((self.instance_id.clone(), begin, stamp::seconds(&self.end_time)?))
    }

    /// The value, if it is more than zero and has at most 4 decimals.
    pub(super) fn amount(&self) -> Option<Amount> {
        Amount::parse(&self.usage_value).filter(|amount| !amount.is_zero())
    }

    /// The code, if the record is rejected.
    #[must_use]
    pub const fn rejected(&self) -> Option<RecordCode> {
        match self.state {
            RecordState::Rejected(code) => Some(code),
            RecordState::Waiting
            | RecordState::Billable { .. }
            | RecordState::Billed { .. }
            | RecordState::Reversed => None,
        }
    }

    /// Whether the seller sent the same fields in both records.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let fields = |record: &Self| {
            [
                record.instance_id.clone(),
                record.record_time.clone(),
                record.begin_time.clone(),
                record.end_time.clone(),
                record.usage_value.clone(),
                record.metering_sn.clone(),
            ]
        };
        fields(self) == fields(other) && self.relate_pkg_instance == other.relate_pkg_instance
    }
}
