//! The catalogue: one sorted set for each shard. A score is the list and the time of the change.

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;
use redis::{Pipeline, RedisError};

use super::{Redis, answer, connection};
use crate::store::{CatalogueItem, CataloguePlace, Entry, catalogue_text};

impl Redis {
    /// The sorted set of a shard.
    pub(super) fn catalogue_of(&self, shard: char) -> String {
        format!("{}:{{{shard}}}:catalogue", self.prefix)
    }

    /// The newest entries of a list in a shard, after a place.
    pub(super) async fn catalogue_in(
        &self,
        shard: char,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, RedisError> {
        let first = score(list, UnixMillis::EPOCH);
        let newest = after.map_or(UnixMillis::MAX, |after| after.changed);
        // Entries of the same time may be on both sides of the place. Each read begins anew, so
        // that an entry that moves away in between hides no other.
        let mut count = limit.saturating_add(1);
        loop {
            let found = self.catalogue_page(shard, [score(list, newest), first], count).await?;
            let is_all = found.len() < count;
            let items = found.into_iter().map(item).collect::<Result<Vec<_>, _>>()?;
            let items = items.into_iter();
            let items = items.filter(|item| after.is_none_or(|after| item.place() < *after));
            let items: Vec<_> = items.take(limit).collect();
            if is_all || items.len() == limit {
                return Ok(items);
            }
            count = count.saturating_mul(2);
        }
    }

    async fn catalogue_page(
        &self,
        shard: char,
        scores: [u64; 2],
        count: usize,
    ) -> Result<Vec<Entry>, RedisError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let mut commands = Pipeline::new();
        commands.cmd("ZREVRANGEBYSCORE").arg(self.catalogue_of(shard)).arg(&scores);
        commands.arg("WITHSCORES").arg("LIMIT").arg(0).arg(count);
        answer::read_entries(self.connection.read(&commands).await?)
    }
}

/// The score of an entry. It must never change.
pub fn score(list: CatalogueList, changed: UnixMillis) -> u64 {
    let lists = (0_u64..).zip(CatalogueList::ALL);
    let number =
        lists.into_iter().find(|(_, other)| *other == list).map_or(0, |(number, _)| number);
    number * SPAN + changed.millis().min(SPAN - 1)
}

/// The list and the time of a score.
pub fn read_score(score: u64) -> Option<(CatalogueList, UnixMillis)> {
    let number = usize::try_from(score / SPAN).ok()?;
    Some((*CatalogueList::ALL.get(number)?, UnixMillis::new(score % SPAN)))
}

fn item(Entry { key: text, at }: Entry) -> Result<CatalogueItem, RedisError> {
    let read = || {
        let (_, changed) = read_score(at.millis())?;
        let key = catalogue_text::read_key(&text)?;
        Some(CatalogueItem { key, changed, order: catalogue_text::read_order(&text) })
    };
    read().ok_or_else(connection::unreadable)
}

/// The scores of one list, in milliseconds: more than eight thousand years. A score represents
/// every integer below 2^53 exactly, so there is room for 32 lists.
const SPAN: u64 = 1 << 48;
