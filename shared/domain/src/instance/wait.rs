//! How long a purchase waits for access data. Under V1, the marketplace fails it after three hours;
//! the guide of V2 names no limit. An operator learns it long before (decision I2).

use std::time::Duration;

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::Instance;
use super::access::Access;
use super::state::InstanceState;

/// The wait of a purchase for access data.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AccessWait {
    /// When it began: the purchase, or the call that revived it.
    pub since: UnixMillis,
    /// How many long waits the relay has logged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub logged: u8,
}

/// A wait for access data of which an operator must learn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LongWait {
    /// 30 minutes: a warning.
    Warning,
    /// 90 minutes: an error.
    Error,
}

impl LongWait {
    const ALL: [Self; 2] = [Self::Warning, Self::Error];

    /// How long the purchase has waited.
    pub const fn span(self) -> Duration {
        match self {
            Self::Warning => Duration::from_mins(30),
            Self::Error => Duration::from_mins(90),
        }
    }
}

impl Instance {
    /// Whether the purchase waits for access data.
    pub fn is_waiting(&self) -> bool {
        self.access == Access::Pending && self.state != InstanceState::Released
    }

    /// Whether V1 newInstance has not been answered `000000`, and the relay has not abandoned the
    /// purchase. The marketplace fails such a purchase after three hours.
    pub const fn is_unsettled_v1(&self) -> bool {
        self.abandon_at.is_some()
    }

    /// Begins or ends the wait, according to the access.
    pub(crate) fn note_wait(&mut self, now: UnixMillis) {
        let wait = self.wait.unwrap_or(AccessWait { since: now, logged: 0 });
        self.wait = self.is_waiting().then_some(wait);
    }

    /// Returns the long wait that the relay must log now, and counts it as logged.
    pub(crate) fn pass_wait(&mut self, now: UnixMillis) -> Option<LongWait> {
        let is_waiting = self.is_waiting();
        let wait = self.wait.as_mut().filter(|_| is_waiting)?;
        let reached = |long: &LongWait| wait.since.after(long.span()) <= now;
        let count = LongWait::ALL.iter().filter(|long| reached(long)).count();
        let count = u8::try_from(count).unwrap_or(u8::MAX);
        if count <= wait.logged {
            return None;
        }
        wait.logged = count;
        LongWait::ALL.into_iter().rfind(|long| wait.since.after(long.span()) <= now)
    }

    /// When the relay must log the next long wait.
    pub(crate) fn wait_due(&self) -> Option<UnixMillis> {
        let wait = self.wait.filter(|_| self.is_waiting())?;
        let next = LongWait::ALL.get(usize::from(wait.logged))?;
        Some(wait.since.after(next.span()))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u8) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use protocol::message::{InstanceId, OrderId};

    use super::*;

    const MINUTE: u64 = 60_000;

    fn waiting() -> Instance {
        let (id, order) = (InstanceId::parse("i").unwrap(), OrderId::parse("CS1").unwrap());
        let mut instance = Instance::created(id, order, Access::Pending);
        instance.note_wait(UnixMillis::new(0));
        instance
    }

    #[test]
    fn a_long_wait_is_logged_once_after_30_and_once_after_90_minutes() {
        let mut instance = waiting();
        let mut logged = Vec::new();
        for minute in 0..200 {
            let now = UnixMillis::new(minute * MINUTE);
            assert_eq!(instance.wait_due().is_some_and(|due| due <= now), {
                minute == 30 || minute == 90
            });
            logged.extend(instance.pass_wait(now).map(|long| (minute, long)));
        }
        assert_eq!(logged, [(30, LongWait::Warning), (90, LongWait::Error)]);
        assert_eq!(instance.wait_due(), None);
    }

    #[test]
    fn a_relay_that_comes_late_logs_only_the_error() {
        let mut instance = waiting();
        assert_eq!(instance.pass_wait(UnixMillis::new(100 * MINUTE)), Some(LongWait::Error));
        assert_eq!(instance.pass_wait(UnixMillis::new(101 * MINUTE)), None);
    }

    #[test]
    fn a_wait_ends_with_the_access_and_begins_again_with_a_revival() {
        let mut instance = waiting();
        instance.access = Access::Abandoned;
        instance.note_wait(UnixMillis::new(1));
        assert_eq!((instance.wait, instance.wait_due()), (None, None));
        instance.access = Access::Pending;
        instance.note_wait(UnixMillis::new(2));
        assert_eq!(instance.wait.map(|wait| wait.since), Some(UnixMillis::new(2)));
        instance.state = InstanceState::Released;
        instance.note_wait(UnixMillis::new(3));
        assert_eq!(instance.wait, None);
    }
}
