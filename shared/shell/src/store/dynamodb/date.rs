//! DynamoDB's clock, as the `Date` of every answer shows it.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::DATE;
use protocol::time::UnixMillis;

/// The `Date` of the newest answer, beside this machine's own time when it arrived.
#[derive(Debug, Default)]
pub struct NewestDate(Mutex<Option<ReadDate>>);

#[derive(Clone, Copy, Debug)]
struct ReadDate {
    date: UnixMillis,
    here: UnixMillis,
}

impl NewestDate {
    /// Remembers what an answer says, and forgets the one before: an answer that says nothing may
    /// come after this machine's clock was set.
    pub fn remember(&self, headers: &HeaderMap, here: SystemTime) {
        let date = headers.get(DATE).and_then(|text| text.to_str().ok());
        let date = date.and_then(|text| httpdate::parse_http_date(text).ok());
        let read =
            date.and_then(|date| Some(ReadDate { date: millis(date)?, here: millis(here)? }));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = read;
    }

    /// What DynamoDB's clock shows when this machine's shows `now`, to the second.
    pub fn at(&self, now: UnixMillis) -> Option<UnixMillis> {
        let ReadDate { date, here } = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let later = now.millis().saturating_add(date.millis());
        Some(UnixMillis::new(later.saturating_sub(here.millis())))
    }
}

fn millis(at: SystemTime) -> Option<UnixMillis> {
    let since = at.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok().map(UnixMillis::new)
}
