//! Agendas: lists of keys with work to do, each with a time.

#[cfg(any(feature = "dynamodb", feature = "redis"))]
use futures_util::future::try_join_all;
use protocol::time::UnixMillis;
#[cfg(any(feature = "dynamodb", feature = "redis"))]
use sha2::{Digest, Sha256};

/// An agenda.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Queue {
    /// Entities with work for the relay.
    Due,
    /// Entities with dead letters, for an operator.
    Dead,
    /// Parts of lists for which the relay must check whether a record refers to them.
    Sweep,
    /// Usage of instances that the relay must send or delete.
    Usage,
}

/// An entry of an agenda.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The key of the value with the work.
    pub key: String,
    /// The time when the work is due.
    pub at: UnixMillis,
}

impl Queue {
    /// All agendas. A value is on at most one of them.
    pub const ALL: [Self; 4] = [Self::Due, Self::Dead, Self::Sweep, Self::Usage];

    /// The agenda's name in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Dead => "dead",
            Self::Sweep => "sweep",
            Self::Usage => "usage",
        }
    }
}

impl Entry {
    /// Sorts entries by time, and entries of the same time by the bytes of their keys. Keeps the
    /// first `limit` entries.
    pub(super) fn earliest(entries: impl IntoIterator<Item = Self>, limit: usize) -> Vec<Self> {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        entries.truncate(limit);
        entries
    }
}

/// The byte of a key that determines its shard: the first byte of its SHA-256. This rule must never
/// change: under another rule a store would look for every value in the wrong shard.
#[cfg(any(feature = "dynamodb", feature = "redis"))]
pub(super) fn shard_byte(key: &str) -> u8 {
    let [first, ..] = <[u8; 32]>::from(Sha256::digest(key));
    first
}

/// Reads the first `limit` entries of all shards. Of a long agenda it first reads from each shard
/// twice its share, which is nearly always enough, and then all of the shards that had more.
/// Otherwise most entries would be read in vain.
///
/// # Errors
/// If a read fails.
#[cfg(any(feature = "dynamodb", feature = "redis"))]
pub(super) async fn earliest_of_shards<S: Copy, E, F>(
    shards: impl Iterator<Item = S> + Clone,
    limit: usize,
    read: impl Fn(S, usize) -> F,
) -> Result<Vec<Entry>, E>
where
    F: Future<Output = Result<Vec<Entry>, E>>,
{
    let share =
        if limit < LONG { limit } else { limit.div_ceil(shards.clone().count()).saturating_mul(2) };
    let pages = try_join_all(shards.clone().map(|shard| read(shard, share))).await?;
    let entries = Entry::earliest(pages.iter().flatten().cloned(), limit);
    let end = entries.last().filter(|_| entries.len() == limit).map(|last| last.at);
    let lacks = |page: &[Entry]| {
        let last = page.last().filter(|_| share < limit && page.len() >= share);
        last.is_some_and(|last| end.is_none_or(|end| last.at <= end))
    };
    if !pages.iter().any(|page| lacks(page)) {
        return Ok(entries);
    }
    let (read, lacks) = (&read, &lacks);
    let pages = shards.zip(pages).map(|(shard, page)| async move {
        if lacks(&page) { read(shard, limit).await } else { Ok(page) }
    });
    Ok(Entry::earliest(try_join_all(pages).await?.into_iter().flatten(), limit))
}

/// From this limit on, an agenda is long.
#[cfg(any(feature = "dynamodb", feature = "redis"))]
const LONG: usize = 256;

#[cfg(all(test, any(feature = "dynamodb", feature = "redis")))]
mod tests {
    use std::cell::RefCell;
    use std::convert::Infallible;

    use futures_util::FutureExt;

    use super::*;

    /// Reads from shards whose entries have these times. Returns the times, and what was read.
    fn read(shards: &[Vec<u64>], limit: usize) -> (Vec<u64>, Vec<(usize, usize)>) {
        let reads = RefCell::new(Vec::new());
        let page = |shard: usize, limit: usize| {
            reads.borrow_mut().push((shard, limit));
            let entry = |at: &u64| Entry { key: format!("{shard}"), at: UnixMillis::new(*at) };
            let times = shards.get(shard).map(Vec::as_slice).unwrap_or_default();
            let page = times.iter().take(limit).map(entry).collect();
            std::future::ready(Ok::<Vec<Entry>, Infallible>(page))
        };
        let read = earliest_of_shards(0..shards.len(), limit, page).now_or_never();
        let found = read.map(|Ok(found)| found).unwrap_or_default();
        (found.iter().map(|entry| entry.at.millis()).collect(), reads.into_inner())
    }

    #[test]
    fn a_long_agenda_is_read_by_shares_and_is_as_exact_as_a_short_one() {
        let even: Vec<Vec<u64>> =
            (0..4).map(|shard| (0..999).map(|n| n * 4 + shard).collect()).collect();
        let (found, reads) = read(&even, 400);
        assert_eq!(found, (0..400).collect::<Vec<_>>());
        assert_eq!(reads, [(0, 200), (1, 200), (2, 200), (3, 200)], "twice the share of 100");
        let uneven: [Vec<u64>; 4] =
            [(0..999).collect(), vec![5, 5_000], vec![], (300..999).collect()];
        let mut all: Vec<u64> = uneven.concat();
        all.sort_unstable();
        for limit in [3, 255, 256, 400, 998, 1_500, 5_000] {
            let (found, _) = read(&uneven, limit);
            assert_eq!(found, all[..limit.min(all.len())], "{limit}");
        }
        assert_eq!(read(&uneven, 400).1[4..], [(0, 400)], "only this shard had more");
        assert_eq!(read(&even, 255).1, [(0, 255), (1, 255), (2, 255), (3, 255)]);
    }
}
