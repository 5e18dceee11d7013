//! Limits the lines about failed operations of a store: for each fault one line at its start and one
//! a minute, and one line if no fault lasts any more (decision I2).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::trouble_log::TroubleLog;

/// What an operation needs of the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Access {
    Read,
    Write,
}

/// The faults of a store that last now.
pub(super) struct StoreTroubles {
    /// The time since a fixed start.
    clock: Box<dyn Fn() -> Duration + Send + Sync>,
    /// Whether a fault lasts: so a success without a fault takes no lock.
    has_any: AtomicBool,
    lasting: Mutex<LastingFaults>,
}

#[derive(Debug, Default)]
struct LastingFaults {
    faults: BTreeMap<String, LastingFault>,
    /// How many times the faults occurred that are over, while others still last.
    ended: u64,
}

/// A fault of one kind. It has a line of its own, so that no other fault hides it.
#[derive(Debug, Default)]
struct LastingFault {
    trouble: TroubleLog,
    /// Whether a read failed with it, and no read has succeeded since then.
    awaits_read: bool,
    /// The same for a write.
    awaits_write: bool,
}

/// The most faults with a line each. A server chooses some of their names.
const MAX_FAULTS: usize = 16;
/// The name of all further faults.
const OTHERS: &str = "others";

impl Default for StoreTroubles {
    fn default() -> Self {
        let start = Instant::now();
        Self::new(move || start.elapsed())
    }
}

impl StoreTroubles {
    fn new(clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        let has_any = AtomicBool::new(false);
        Self { clock: Box::new(clock), has_any, lasting: Mutex::default() }
    }

    /// Counts a failed operation. Returns how many times its fault has occurred, if this is to be
    /// logged now.
    pub fn failed(&self, fault: String, access: Access) -> Option<u64> {
        let mut lasting = self.lock();
        self.has_any.store(true, Ordering::Relaxed);
        let is_known = lasting.faults.contains_key(&fault);
        let has_place = is_known || lasting.faults.len() < MAX_FAULTS;
        let name = if has_place { fault } else { OTHERS.to_owned() };
        let fault = lasting.faults.entry(name).or_default();
        match access {
            Access::Write => fault.awaits_write = true,
            Access::Read => fault.awaits_read = true,
        }
        fault.trouble.occurred((self.clock)())
    }

    /// Notes an operation that succeeded. A read does not end the trouble of a write. If no fault
    /// lasts any more, returns how many operations failed.
    pub fn succeeded(&self, access: Access) -> Option<u64> {
        if !self.has_any.load(Ordering::Relaxed) {
            return None;
        }
        let now = (self.clock)();
        let mut lasting = self.lock();
        let LastingFaults { faults, ended } = &mut *lasting;
        faults.retain(|_, fault| {
            let over = fault.succeeded(access, now);
            *ended = ended.saturating_add(over.unwrap_or_default());
            over.is_none()
        });
        if !faults.is_empty() {
            return None;
        }
        self.has_any.store(false, Ordering::Relaxed);
        Some(std::mem::take(ended)).filter(|count| *count > 0)
    }

    fn lock(&self) -> MutexGuard<'_, LastingFaults> {
        self.lasting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LastingFault {
    /// Notes a success. If the fault is over, returns how many times it occurred.
    fn succeeded(&mut self, access: Access, now: Duration) -> Option<u64> {
        match access {
            Access::Write => self.awaits_write = false,
            Access::Read => self.awaits_read = false,
        }
        if self.awaits_read || self.awaits_write { None } else { self.trouble.succeeded(now) }
    }
}

impl fmt::Debug for StoreTroubles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StoreTroubles")
            .field("lasting", &self.lasting)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    use super::*;

    /// The troubles of a store, and the second that their clock shows.
    fn troubles() -> (StoreTroubles, Arc<AtomicU64>) {
        let second = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&second);
        let troubles =
            StoreTroubles::new(move || Duration::from_secs(clock.load(Ordering::Relaxed)));
        (troubles, second)
    }

    fn fail(troubles: &StoreTroubles, fault: &str, access: Access) -> Option<u64> {
        troubles.failed(fault.to_owned(), access)
    }

    #[test]
    fn a_store_that_is_down_for_three_hours_is_one_line_a_minute_and_one_at_the_end() {
        let (troubles, second) = troubles();
        let (mut lines, mut count) = (0, 0);
        for at in 0..3 * 60 * 60 {
            second.store(at, Ordering::Relaxed);
            for access in [Access::Read, Access::Write, Access::Read] {
                lines += usize::from(fail(&troubles, "refused", access).is_some());
                count += 1;
            }
        }
        assert_eq!(lines, 180);
        second.fetch_add(60, Ordering::Relaxed);
        assert_eq!(troubles.succeeded(Access::Read), None, "no write has succeeded");
        assert_eq!(troubles.succeeded(Access::Write), Some(count));
        assert_eq!(troubles.succeeded(Access::Write), None);
    }

    #[test]
    fn another_fault_has_its_line_immediately() {
        let (troubles, second) = troubles();
        assert_eq!(fail(&troubles, "timeout", Access::Read), Some(1));
        second.store(1, Ordering::Relaxed);
        assert_eq!(fail(&troubles, "timeout", Access::Read), None);
        assert_eq!(fail(&troubles, "no permission", Access::Write), Some(1));
    }

    #[test]
    fn a_read_does_not_end_the_trouble_of_a_write() {
        let (troubles, second) = troubles();
        let mut lines = 0;
        for at in 0..600 {
            second.store(at, Ordering::Relaxed);
            lines += usize::from(fail(&troubles, "no permission", Access::Write).is_some());
            assert_eq!(troubles.succeeded(Access::Read), None);
        }
        assert_eq!(lines, 10);
        second.store(9_000, Ordering::Relaxed);
        assert_eq!(troubles.succeeded(Access::Read), None);
        assert_eq!(fail(&troubles, "no permission", Access::Write), Some(601));
    }

    #[test]
    fn the_trouble_is_over_if_no_fault_lasts() {
        let (troubles, second) = troubles();
        fail(&troubles, "timeout", Access::Read);
        fail(&troubles, "no permission", Access::Read);
        second.store(59, Ordering::Relaxed);
        fail(&troubles, "no permission", Access::Read);
        second.store(60, Ordering::Relaxed);
        assert_eq!(troubles.succeeded(Access::Read), None, "the permission is still missing");
        assert_eq!(fail(&troubles, "timeout", Access::Read), Some(1), "it begins again");
        second.store(120, Ordering::Relaxed);
        assert_eq!(troubles.succeeded(Access::Read), Some(4));
    }

    #[test]
    fn a_server_that_invents_faults_has_few_lines() {
        let (troubles, _) = troubles();
        let lines = (0..1_000).filter_map(|it| fail(&troubles, &it.to_string(), Access::Read));
        assert_eq!(lines.count(), MAX_FAULTS + 1);
    }
}
