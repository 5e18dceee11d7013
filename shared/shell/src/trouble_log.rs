//! Limits the lines about a lasting trouble: one at its start, one a minute, and one at its end with
//! the count (decision I2).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A trouble that may last.
#[derive(Debug, Default)]
pub struct TroubleLog {
    lasting: Mutex<Option<Lasting>>,
}

/// A trouble that lasts now.
#[derive(Clone, Copy, Debug)]
struct Lasting {
    /// How many times it has occurred.
    count: u64,
    /// When it was last logged.
    logged: Duration,
}

const EVERY: Duration = Duration::from_mins(1);

impl TroubleLog {
    /// Counts an occurrence. Returns the count so far if it is to be logged now. `now` is the time
    /// since a fixed start.
    pub fn occurred(&self, now: Duration) -> Option<u64> {
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = lasting.as_mut() else {
            *lasting = Some(Lasting { count: 1, logged: now });
            return Some(1);
        };
        known.count = known.count.saturating_add(1);
        let is_due = now.saturating_sub(known.logged) >= EVERY;
        if is_due {
            known.logged = now;
        }
        is_due.then_some(known.count)
    }

    /// Ends the trouble. Returns its count if it lasted until now.
    pub fn ended(&self) -> Option<u64> {
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        lasting.take().map(|lasting| lasting.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
