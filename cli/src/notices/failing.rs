//! The notices that wait after failed attempts.

use std::time::Duration;

use shell::config::StoreConfig;
use shell::host::open_to_read;
use shell::world::World;

use super::notice_filter::NoticeFilter;
use super::notice_line::NoticeLine;
use super::notice_store::NoticeStore;
use crate::error::CommandError;
use crate::read_failures::ReadFailures;
use crate::session::Session;

/// The notices that wait after failed attempts, dead letters included.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FailingNotices {
    /// Their number.
    pub count: usize,
    /// The age of the oldest one.
    pub age: Duration,
}

/// Counts the notices of a store that wait after failed attempts.
///
/// # Errors
/// If the store does not answer, or a value cannot be used.
pub fn failing_notices(config: StoreConfig) -> Result<FailingNotices, CommandError> {
    let session = Session::open(config, async |config| Ok(open_to_read(config).await?))?;
    let store = NoticeStore { session };
    let now = store.session.world.now();
    let (mut failing, mut failures) = (FailingNotices::default(), ReadFailures::default());
    store.each(&NoticeFilter::default(), &mut failures, |slot| {
        let Some(record) = slot.record() else { return };
        for line in NoticeLine::all(&slot.key, record, now).iter().filter(|it| it.has_failed()) {
            failing.count += 1;
            failing.age = failing.age.max(now.since(line.since));
        }
    })?;
    failures.end().map(|_| failing)
}
