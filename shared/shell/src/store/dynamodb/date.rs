//! DynamoDB's clock, from the `Date` header of its answers.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::DATE;
use protocol::time::UnixMillis;

/// The `Date` of the newest answer, with this machine's time when it arrived.
#[derive(Debug, Default)]
pub struct NewestDate(Mutex<Option<ReadDate>>);

#[derive(Clone, Copy, Debug)]
struct ReadDate {
    date: UnixMillis,
    here: UnixMillis,
}

impl NewestDate {
    /// Remembers the `Date` of an answer. An answer without one deletes the earlier one, because
    /// this machine's clock may have been set since then.
    pub fn remember(&self, headers: &HeaderMap, here: SystemTime) {
        let date = headers.get(DATE).and_then(|text| text.to_str().ok());
        let date = date.and_then(|text| httpdate::parse_http_date(text).ok());
        let read =
            date.and_then(|date| Some(ReadDate { date: millis(date)?, here: millis(here)? }));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = read;
    }

    /// The time of DynamoDB's clock when this machine's clock shows `now`, to the second.
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
