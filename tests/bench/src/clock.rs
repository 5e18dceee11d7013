//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::outcome::Result;

/// The time of day in milliseconds.
pub fn now_millis() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_millis())?)
}
