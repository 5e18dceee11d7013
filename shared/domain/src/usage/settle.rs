//! What an answer of the marketplace changes (decision J4).

use std::time::Duration;

use protocol::time::UnixMillis;

use super::cycle::{Lateness, UsageCycle};
use super::instance_usage::InstanceUsage;
use super::send_time::retry_at;
use super::take::OutgoingRecord;
use super::usage_record::{RecordState, WaitingRecord};

/// The outcome of one sending, for one record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SendOutcome {
    /// The marketplace received it.
    Sent,
    /// It waits, and is sent again. The code is the marketplace's, or koohook's own word.
    Again {
        /// The code.
        code: String,
        /// A batch with this record may have at most so many records from now on.
        at_most: Option<u16>,
    },
    /// The marketplace refuses it for a reason that may go away. After 24 hours it is rejected, if
    /// `may_reject`.
    Refused {
        /// The marketplace's code.
        code: String,
        /// Whether other records were received, so that the fault is in this one.
        may_reject: bool,
    },
    /// The marketplace rejected it.
    Rejected {
        /// The marketplace's code.
        code: String,
    },
}

/// What a settlement changed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Settlement {
    /// Whether the value must be written.
    pub changed: bool,
    /// Whether the record is now rejected.
    pub rejected: bool,
    /// How late the window is, if an operator must learn it now.
    pub late: Lateness,
}

impl InstanceUsage {
    /// Settles one sending of a record. Settling twice changes nothing. A receipt counts even if
    /// another run settled the record otherwise.
    pub fn settle(
        &mut self,
        sent: &OutgoingRecord,
        outcome: &SendOutcome,
        cycle: UsageCycle,
        now: UnixMillis,
    ) -> Settlement {
        let record = self.record_mut(sent.window);
        let Some(record) = record.filter(|record| record.number == sent.number) else {
            return Settlement::default();
        };
        if *outcome == SendOutcome::Sent {
            let changed = !matches!(record.state, RecordState::Sent | RecordState::Zero);
            if changed {
                record.state = RecordState::Sent;
            }
            return Settlement { changed, ..Settlement::default() };
        }
        let window = record.window;
        let Some(waiting) = record.waiting_mut() else { return Settlement::default() };
        match waiting.settled(outcome, now) {
            Some(code) => {
                record.state = RecordState::Rejected { code, at: now.whole_second() };
                Settlement { changed: true, rejected: true, late: Lateness::InTime }
            }
            None => {
                let late = waiting.tell(cycle, window, now);
                Settlement { changed: true, rejected: false, late }
            }
        }
    }
}

impl WaitingRecord {
    /// Applies an outcome. Returns the code if the record is rejected now.
    fn settled(&mut self, outcome: &SendOutcome, now: UnixMillis) -> Option<String> {
        match outcome {
            SendOutcome::Sent => None,
            SendOutcome::Rejected { code } => Some(code.clone()),
            SendOutcome::Again { code, at_most } => {
                self.code = Some(code.clone());
                self.at_most = at_most.or(self.at_most);
                self.next = retry_at(now);
                None
            }
            SendOutcome::Refused { code, may_reject } => {
                let since = *self.refused_since.get_or_insert(now.whole_second());
                if *may_reject && now.since(since) >= MAY_GO_AWAY {
                    return Some(code.clone());
                }
                self.code = Some(code.clone());
                self.at_most = Some(1);
                self.next = retry_at(now.after(PAUSE));
                None
            }
        }
    }
}

/// How long a refusal may go away: the marketplace may not know a new instance yet (decision J4).
const MAY_GO_AWAY: Duration = Duration::from_hours(24);

/// How long a refused record waits until it is sent again, less than five minutes.
const PAUSE: Duration = Duration::from_mins(25);
