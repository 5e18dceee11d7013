//! One window as the commands print it.

use domain::usage::{
    InstanceUsage, Lateness, RecordState, UsageCycle, UsageRecord, UsageWindow, WaitingRecord,
};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use serde_json::{Value, json};

use super::answer_words::AnswerWords;
use super::usage_state::UsageStateOption;
use crate::entities::utc;
use crate::local_time::local_time;

/// One window of an instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageLine {
    /// The instance.
    pub instance_id: InstanceId,
    /// The window, its usage and its state.
    pub record: UsageRecord,
    /// How late it is, if it waits.
    pub lateness: Lateness,
}

/// The columns of a table of windows.
pub const HEADS: [&str; 8] =
    ["BEGIN", "END", "INSTANCE", "VALUE", "PACKAGE", "STATE", "LATE", "WHY"];

impl UsageLine {
    /// Every window of an instance, the earliest first.
    pub fn all(usage: &InstanceUsage, cycle: UsageCycle, now: UnixMillis) -> Vec<Self> {
        let line = |record: &UsageRecord| Self {
            instance_id: usage.instance_id.clone(),
            record: record.clone(),
            lateness: lateness(record, cycle, now),
        };
        usage.records.iter().map(line).collect()
    }

    /// The window.
    pub const fn window(&self) -> UsageWindow {
        self.record.window
    }

    /// Its state.
    pub const fn state(&self) -> UsageStateOption {
        UsageStateOption::of(&self.record.state)
    }

    /// The row of a table.
    pub fn row(&self, now: UnixMillis) -> [String; 8] {
        let Self { instance_id, record, .. } = self;
        let UsageRecord { window, quantity, package, .. } = record;
        [
            local_time(window.begin()),
            local_time(window.end()),
            instance_id.to_string(),
            quantity.to_string(),
            package.as_ref().map(ToString::to_string).unwrap_or_default(),
            self.state().as_str().to_owned(),
            self.late().unwrap_or_default().to_owned(),
            self.why(now),
        ]
    }

    /// `late`, or `missing` if the window misses its deadline.
    pub const fn late(&self) -> Option<&'static str> {
        match self.lateness {
            Lateness::InTime => None,
            Lateness::Late => Some("late"),
            Lateness::Missing => Some("missing"),
        }
    }

    /// Why it has its state, what the marketplace said, and what to do.
    fn why(&self, now: UnixMillis) -> String {
        let answer = self.answer().map(|words| words.to_string());
        match &self.record.state {
            RecordState::Zero => "zero is never sent".to_owned(),
            RecordState::Sent => {
                "the marketplace received it; its console shows whether it was billed".to_owned()
            }
            RecordState::Rejected { at, .. } => {
                format!("rejected {}: {}", local_time(*at), answer.unwrap_or_default())
            }
            RecordState::Waiting(WaitingRecord { next, record_time, .. }) => {
                let next = if *next <= now {
                    "due now".to_owned()
                } else {
                    format!("next sending {}", local_time(*next))
                };
                match answer {
                    Some(answer) => format!("{next}; last answer {answer}"),
                    None if record_time.is_some() => format!("{next}; no answer yet"),
                    None => next,
                }
            }
        }
    }

    /// What the marketplace last said about it.
    fn answer(&self) -> Option<AnswerWords> {
        match &self.record.state {
            RecordState::Rejected { code, .. } => Some(AnswerWords::of(code)),
            RecordState::Waiting(waiting) => waiting.code.as_deref().map(AnswerWords::of),
            RecordState::Zero | RecordState::Sent => None,
        }
    }

    /// The element of a JSON array. A time is RFC 3339 in UTC.
    pub fn json(&self) -> Value {
        let UsageRecord { window, quantity, package, number, state } = &self.record;
        let waiting = self.record.waiting();
        let rejected_at = match state {
            RecordState::Rejected { at, .. } => Some(*at),
            RecordState::Zero | RecordState::Waiting(_) | RecordState::Sent => None,
        };
        let answer = self.answer();
        json!({
            "instanceId": self.instance_id,
            "beginTime": window.begin().to_rfc3339(),
            "endTime": window.end().to_rfc3339(),
            "value": quantity.to_string(),
            "relatedPackageInstanceId": package,
            "state": self.state().as_str(),
            "late": self.late(),
            "code": answer.as_ref().map(|words| &words.code),
            "message": answer.as_ref().and_then(|words| words.meaning),
            "advice": answer.as_ref().map(|words| words.advice),
            "accepted": utc(waiting.map(|waiting| waiting.accepted)),
            "recordTime": utc(waiting.and_then(|waiting| waiting.record_time)),
            "nextSending": utc(waiting.map(|waiting| waiting.next)),
            "refusedSince": utc(waiting.and_then(|waiting| waiting.refused_since)),
            "rejected": utc(rejected_at),
            "meteringSn": window.metering_sn(&self.instance_id, *number),
            "number": number,
        })
    }
}

/// How late a window is that the marketplace has not received.
pub fn lateness(record: &UsageRecord, cycle: UsageCycle, now: UnixMillis) -> Lateness {
    match record.waiting() {
        Some(_) => cycle.lateness(record.window.end(), now),
        None => Lateness::InTime,
    }
}
