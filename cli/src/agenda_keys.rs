//! The keys on a whole agenda.

use std::collections::BTreeSet;

use protocol::time::UnixMillis;
use shell::store::{Queue, Store, Unavailable};

use crate::progress::Progress;

/// Reads an agenda page by page. A page begins at the time at which the last one ended.
///
/// # Errors
/// If the store does not answer.
pub async fn add_agenda(
    store: &impl Store,
    queue: Queue,
    page: usize,
    keys: &mut BTreeSet<String>,
    progress: &mut Progress,
) -> Result<(), Unavailable> {
    let (mut from, mut limit) = (UnixMillis::EPOCH, page);
    loop {
        let entries = store.agenda(queue, from..=UnixMillis::MAX, limit).await?;
        progress.add(entries.len());
        let is_last = entries.len() < limit;
        let end = entries.last().map_or(from, |entry| entry.at);
        keys.extend(entries.into_iter().map(|entry| entry.key));
        if is_last {
            return Ok(());
        }
        // A page of one time only must become longer, or the next one would be the same.
        limit = if end == from { limit.saturating_mul(2) } else { page };
        from = end;
    }
}
