//! What waits to be sent, for `koohook check` and `koohook status`.

use std::time::Duration;

use domain::outbox::Reader;
use domain::usage::{InstanceUsage, Lateness, RecordState, UsageCycle, WaitingRecord};
use futures_util::{StreamExt, stream};
use protocol::time::UnixMillis;
use shell::failure::Failure;
use shell::repository::UsageSlot;
use shell::store::{Entry, Queue, Store};
use shell::world::World;

use super::cycle;
use crate::counted::counted;
use crate::error::CommandError;
use crate::findings::Finding;
use crate::local_time::span_text;
use crate::session::Session;

/// The usage of a store, in counts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct WaitingCounts {
    /// The instances with windows.
    instances: usize,
    /// The windows that wait.
    waiting: usize,
    /// How long ago the oldest of them ended.
    age: Duration,
    late: usize,
    /// The windows that will miss the marketplace's deadline.
    missing: usize,
    /// The windows that missed it.
    missed: usize,
    /// Whether koohook accepted one of those in time: the product did not report it too late.
    is_at_fault: bool,
    rejected: usize,
    /// The values that cannot be used.
    unusable: usize,
    /// How late the relay is.
    overdue: Duration,
    /// Whether the store has more than was read, or a value cannot be used.
    is_part: bool,
}

/// Finds what waits in a store.
///
/// # Errors
/// If the store does not answer, or the setting of the cycle is wrong.
pub fn find_usage(session: &Session) -> Result<Finding, CommandError> {
    let now = session.world.now();
    let cycle = cycle()?;
    let mut counts = WaitingCounts::default();
    let found = session.runtime.block_on(read(session));
    let (entries, slots) = found.map_err(|failure| session.advised(failure))?;
    counts.unusable = slots.iter().filter(|slot| slot.is_err()).count();
    counts.is_part = entries.len() > MOST_READ || counts.unusable > 0;
    counts.overdue = entries.first().map(|entry| now.since(entry.at)).unwrap_or_default();
    for usage in slots.iter().filter_map(|slot| slot.as_ref().ok()?.record()) {
        counts.add(usage, cycle, now);
    }
    Ok(counts.finding())
}

/// Reads the entries of the relay's agenda, and the values of the first ones. Windows that wait come
/// before old windows that are only kept.
async fn read(session: &Session) -> Result<(Vec<Entry>, Vec<Result<UsageSlot, Failure>>), Failure> {
    let all = UnixMillis::EPOCH..=UnixMillis::MAX;
    let entries = session.world.store().agenda(Queue::Usage, all, MOST_READ + 1).await?;
    let reads = entries.iter().take(MOST_READ).map(async |entry| {
        let repository = session.repository(Reader::Product);
        repository.read_usage_key(entry.key.clone()).await
    });
    let slots = stream::iter(reads).buffered(AT_ONCE).collect().await;
    Ok((entries, slots))
}

impl WaitingCounts {
    fn add(&mut self, usage: &InstanceUsage, cycle: UsageCycle, now: UnixMillis) {
        self.instances += 1;
        for record in &usage.records {
            match &record.state {
                RecordState::Zero | RecordState::Sent => (),
                RecordState::Rejected { .. } => self.rejected += 1,
                RecordState::Waiting(waiting) => {
                    self.add_waiting(waiting, record.window.end(), cycle, now);
                }
            }
        }
    }

    /// A window that was accepted after its deadline is never an error (decision J3).
    fn add_waiting(
        &mut self,
        waiting: &WaitingRecord,
        end: UnixMillis,
        cycle: UsageCycle,
        now: UnixMillis,
    ) {
        self.waiting += 1;
        self.age = self.age.max(now.since(end));
        match cycle.lateness(end, now) {
            Lateness::InTime => (),
            Lateness::Late => self.late += 1,
            Lateness::Missing => {
                let has_missed = now >= cycle.deadline(end);
                self.missed += usize::from(has_missed);
                self.missing += usize::from(!has_missed);
                self.is_at_fault |= cycle.lateness(end, waiting.accepted) != Lateness::Missing;
            }
        }
    }

    fn finding(&self) -> Finding {
        if self.instances == 0 && !self.is_part {
            return Finding::off("no instance has usage");
        }
        let troubles = self.troubles();
        let text = [vec![self.waits()], troubles].concat().join("; ");
        if self.is_at_fault || self.overdue > STUCK {
            Finding::failed(text)
        } else if self.needs_look() {
            Finding::warn(text)
        } else {
            Finding::ok(text)
        }
    }

    const fn needs_look(&self) -> bool {
        self.late + self.missing + self.missed + self.rejected + self.unusable > 0
    }

    fn waits(&self) -> String {
        let at_least = if self.is_part { "at least " } else { "" };
        match self.waiting {
            0 => format!("{at_least}0 windows wait"),
            count => {
                let (windows, age) = (counted(count, "window waits", "windows wait"), self.age);
                format!("{at_least}{windows}, the oldest ended {} ago", span_text(age))
            }
        }
    }

    fn troubles(&self) -> Vec<String> {
        let Self { late, missing, missed, rejected, unusable, overdue, .. } = *self;
        let trouble = |is: bool, text: String| is.then_some(text);
        let troubles = [
            trouble(overdue > STUCK, format!("the relay is {} late, {RELAY}", span_text(overdue))),
            trouble(missed > 0, format!("{missed} missed the deadline")),
            trouble(missing > 0, format!("{missing} will miss the deadline")),
            trouble(late > 0, format!("{late} late")),
            trouble(rejected > 0, format!("{rejected} rejected")),
            trouble(unusable > 0, format!("{unusable} instances cannot be read")),
            trouble(self.needs_look(), LIST.to_owned()),
        ];
        troubles.into_iter().flatten().collect()
    }
}

/// The most values that are read.
const MOST_READ: usize = 1_000;
/// How many values are read concurrently.
const AT_ONCE: usize = 16;
/// Usage that is due for longer shows that the relay does not reach it.
const STUCK: Duration = Duration::from_mins(10);
const RELAY: &str = "check that koohook serve or the relay's timer runs, and has KOOHOOK_BASE_KEY";
const LIST: &str = "see koohook usage list";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::FindingLevel;

    #[test]
    fn the_level_is_that_of_the_worst_window() {
        let counts = WaitingCounts { instances: 1, ..WaitingCounts::default() };
        let minutes = Duration::from_mins;
        for (counts, level, text) in [
            (WaitingCounts::default(), FindingLevel::Off, "no instance has usage"),
            (counts, FindingLevel::Ok, "0 windows wait"),
            (
                WaitingCounts { waiting: 1, age: minutes(5), overdue: minutes(10), ..counts },
                FindingLevel::Ok,
                "1 window waits, the oldest ended 5 min ago",
            ),
            (
                WaitingCounts { waiting: 2, late: 1, age: minutes(65), ..counts },
                FindingLevel::Warn,
                "2 windows wait, the oldest ended 1 h 5 min ago; 1 late; see koohook usage list",
            ),
            (
                WaitingCounts { rejected: 3, is_part: true, ..counts },
                FindingLevel::Warn,
                "at least 0 windows wait; 3 rejected; see koohook usage list",
            ),
            (
                WaitingCounts {
                    waiting: 1,
                    missing: 1,
                    is_at_fault: true,
                    age: minutes(90),
                    ..counts
                },
                FindingLevel::Failed,
                "1 window waits, the oldest ended 1 h 30 min ago; 1 will miss the deadline; see \
                 koohook usage list",
            ),
        ] {
            assert_eq!(counts.finding(), Finding { level, text: text.to_owned() });
        }
        let missed = WaitingCounts { waiting: 1, missed: 1, age: minutes(120), ..counts };
        assert_eq!(missed.finding().level, FindingLevel::Warn);
        let overdue = WaitingCounts { overdue: minutes(11), ..counts }.finding();
        assert_eq!(overdue.level, FindingLevel::Failed);
        assert!(overdue.text.contains("the relay is 11 min late, check that"), "{}", overdue.text);
    }

    #[test]
    fn a_value_that_cannot_be_read_is_a_warning() {
        let counts = WaitingCounts { unusable: 2, is_part: true, ..WaitingCounts::default() };
        let Finding { level, text } = counts.finding();
        assert_eq!(level, FindingLevel::Warn);
        assert!(text.contains("2 instances cannot be read"), "{text}");
    }

    fn waiting(accepted: UnixMillis) -> WaitingRecord {
        WaitingRecord {
            accepted,
            next: accepted,
            record_time: None,
            at_most: None,
            refused_since: None,
            told: Lateness::InTime,
            code: None,
        }
    }

    /// The columns: the minutes from the window's end to its acceptance and until now; how many are
    /// late, will miss the deadline and missed it; and the level.
    #[test]
    fn a_window_that_was_reported_too_late_is_no_error() {
        let (end, minute) = (UnixMillis::new(1_791_234_000_000), Duration::from_mins);
        for (accepted, minutes, counted, level) in [
            (1, 59, [0, 0, 0], FindingLevel::Ok),
            (1, 60, [1, 0, 0], FindingLevel::Warn),
            (89, 90, [0, 1, 0], FindingLevel::Failed),
            (89, 119, [0, 1, 0], FindingLevel::Failed),
            (89, 120, [0, 0, 1], FindingLevel::Failed),
            (90, 119, [0, 1, 0], FindingLevel::Warn),
            (90, 1_140, [0, 0, 1], FindingLevel::Warn),
        ] {
            let accepted = end.after(minute(accepted));
            let waiting = waiting(accepted);
            let mut counts = WaitingCounts { instances: 1, ..WaitingCounts::default() };
            counts.add_waiting(&waiting, end, UsageCycle::Hourly, end.after(minute(minutes)));
            assert_eq!([counts.late, counts.missing, counts.missed], counted, "{minutes}");
            assert_eq!(counts.finding().level, level, "{accepted:?} {minutes}");
        }
    }
}
