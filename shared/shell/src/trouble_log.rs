//! Limits the lines about a lasting trouble: one at its start, one a minute, and one at its end with
//! the count (decision I2).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A trouble that may last.
#[derive(Debug, Default)]
pub struct TroubleLog {
    lasting: Mutex<Option<Lasting>>,
}

/// The troubles of this process.
#[derive(Debug, Default)]
pub struct Troubles {
    /// The product does not accept notices, by cause.
    pub product: TroubleLogs,
    /// The product's messages about access data cannot be used.
    pub access_data: TroubleLog,
    /// The product's reports of usage contain records that cannot be accepted.
    pub usage_reports: TroubleLog,
    /// Instances have little room for more windows of usage.
    pub usage_room: TroubleLog,
    /// The product's messages about the usage of a package cannot be used.
    pub usage_info: TroubleLog,
    /// The marketplace does not answer the order query.
    pub order_query: TroubleLog,
    /// Runs of the relay fail.
    pub failed_runs: TroubleLog,
    /// Runs of the relay end with a warning.
    pub runs: TroubleLog,
    /// Tasks of the relay fail.
    pub tasks: TroubleLog,
    /// This machine's clock and the store's clock differ.
    pub clocks: TroubleLog,
    /// The marketplace rejects the key of usage, or the relay has none.
    pub usage_key: TroubleLog,
    /// The marketplace answers to usage what koohook does not know, or rejects all of it.
    pub usage_answers: TroubleLog,
    /// The marketplace does not receive usage.
    pub usage_down: TroubleLog,
    /// Usage cannot be read or written.
    pub usage_tasks: TroubleLog,
    /// The robot does not accept messages.
    pub alarm_robot: TroubleLog,
    /// What people were told cannot be read or written.
    pub alarm_state: TroubleLog,
}

/// Troubles of one kind, each with its own cause: its own start, lines and end.
#[derive(Debug, Default)]
pub struct TroubleLogs {
    /// The troubles that last, by the words for their cause.
    by_cause: Mutex<BTreeMap<&'static str, TroubleLog>>,
}

/// A trouble that lasts now.
#[derive(Clone, Copy, Debug)]
struct Lasting {
    /// How many times it has occurred.
    count: u64,
    /// When it was last logged.
    logged: Duration,
    /// When it last occurred.
    last: Duration,
    /// Whether there was a success after that.
    has_succeeded: bool,
}

/// How often a lasting trouble is logged.
const EVERY: Duration = Duration::from_mins(1);
/// How long a trouble must not occur before it is over. Otherwise failures and successes that
/// alternate would write a line each.
const QUIET: Duration = Duration::from_mins(1);

impl TroubleLog {
    /// Counts an occurrence. Returns the count so far if it is to be logged now. `now` is the time
    /// since a fixed start.
    pub fn occurred(&self, now: Duration) -> Option<u64> {
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = lasting.as_mut() else {
            *lasting = Some(Lasting { count: 1, logged: now, last: now, has_succeeded: false });
            return Some(1);
        };
        known.count = known.count.saturating_add(1);
        (known.last, known.has_succeeded) = (now, false);
        let is_due = now.saturating_sub(known.logged) >= EVERY;
        if is_due {
            known.logged = now;
        }
        is_due.then_some(known.count)
    }

    /// Notes a success. Returns the trouble's count if the trouble is now over.
    pub fn succeeded(&self, now: Duration) -> Option<u64> {
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lasting.as_mut() {
            known.has_succeeded = true;
        }
        drop(lasting);
        self.over(now)
    }

    /// Ends the trouble and returns its count, if there was a success after it, and it did not
    /// occur for a minute.
    pub fn over(&self, now: Duration) -> Option<u64> {
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over =
            |known: &Lasting| known.has_succeeded && now.saturating_sub(known.last) >= QUIET;
        lasting.take_if(|known| is_over(known)).map(|known| known.count)
    }

    /// Ends the trouble immediately. Returns its count if it lasted until now.
    pub fn ended(&self) -> Option<u64> {
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        lasting.take().map(|lasting| lasting.count)
    }
}

impl TroubleLogs {
    /// Counts an occurrence of a cause. Returns its count so far if it is to be logged now.
    pub fn occurred(&self, cause: &'static str, now: Duration) -> Option<u64> {
        let mut by_cause = self.by_cause.lock().unwrap_or_else(PoisonError::into_inner);
        by_cause.entry(cause).or_default().occurred(now)
    }

    /// Notes a success. Returns the causes of the troubles that are now over, with their counts.
    pub fn succeeded(&self, now: Duration) -> Vec<(&'static str, u64)> {
        self.take_over(|trouble| trouble.succeeded(now))
    }

    /// Ends the troubles that are over. Returns their causes and counts.
    pub fn over(&self, now: Duration) -> Vec<(&'static str, u64)> {
        self.take_over(|trouble| trouble.over(now))
    }

    fn take_over(&self, over: impl Fn(&TroubleLog) -> Option<u64>) -> Vec<(&'static str, u64)> {
        let mut by_cause = self.by_cause.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = |(cause, trouble): (&&'static str, &TroubleLog)| Some((*cause, over(trouble)?));
        let ended: Vec<_> = by_cause.iter().filter_map(ended).collect();
        by_cause.retain(|cause, _| ended.iter().all(|(over, _)| over != cause));
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_start_and_its_own_end() {
        let (troubles, second) = (TroubleLogs::default(), Duration::from_secs);
        assert_eq!(troubles.occurred("timed out", second(0)), Some(1));
        assert_eq!(troubles.occurred("status 5xx", second(1)), Some(1));
        assert_eq!(troubles.occurred("timed out", second(2)), None);
        assert_eq!(troubles.occurred("status 5xx", second(40)), None);
        assert_eq!(troubles.succeeded(second(41)), []);
        assert_eq!(troubles.over(second(62)), [("timed out", 2)]);
        assert_eq!(troubles.over(second(99)), []);
        assert_eq!(troubles.over(second(100)), [("status 5xx", 2)]);
        assert_eq!(troubles.occurred("timed out", second(101)), Some(1), "a new trouble");
    }

    #[test]
    fn a_lasting_trouble_is_logged_at_its_start_once_a_minute_and_at_its_end() {
        let trouble = TroubleLog::default();
        let at = |second| trouble.occurred(Duration::from_secs(second));
        assert_eq!(trouble.ended(), None);
        assert_eq!(
            [at(5), at(6), at(64), at(65), at(66), at(125)],
            [Some(1), None, None, Some(4), None, Some(6)]
        );
        assert_eq!((trouble.ended(), trouble.ended()), (Some(6), None));
        assert_eq!(at(126), Some(1));
    }

    #[test]
    fn failures_and_successes_that_alternate_are_one_trouble() {
        let trouble = TroubleLog::default();
        let second = Duration::from_secs;
        assert_eq!(trouble.succeeded(second(0)), None);
        let mut lines = 0;
        for at in (0..600).step_by(2) {
            lines += usize::from(trouble.occurred(second(at)).is_some());
            assert_eq!(trouble.succeeded(second(at + 1)), None);
        }
        assert_eq!(lines, 10, "one a minute");
        assert_eq!(trouble.over(second(657)), None, "it was quiet for less than a minute");
        assert_eq!((trouble.over(second(658)), trouble.over(second(659))), (Some(300), None));
    }

    #[test]
    fn a_trouble_without_a_success_after_it_is_not_over() {
        let trouble = TroubleLog::default();
        trouble.succeeded(Duration::ZERO);
        trouble.occurred(Duration::from_secs(1));
        assert_eq!(trouble.over(Duration::from_hours(9)), None);
        assert_eq!(trouble.succeeded(Duration::from_hours(9)), Some(1));
    }
}
