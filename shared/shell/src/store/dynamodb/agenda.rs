//! The agenda: an index of the items that are on one. Each queue is spread over shards.

use std::ops::RangeInclusive;

use protocol::time::UnixMillis;

use super::client::DynamodbClient;
use super::error::DynamodbError;
use super::index::IndexQuery;
use super::wire::{AgendaConditionValues, AgendaItem, KEY_PREFIX, StringAttribute};
use crate::store::agenda::{earliest_of_shards, shard_byte};
use crate::store::{Entry, Queue};
use crate::web::Web;

/// Reads the agenda of a table.
///
/// # Errors
/// See [`DynamodbError`].
pub async fn read<W: Web>(
    client: &DynamodbClient<W>,
    table: &str,
    queue: Queue,
    span: RangeInclusive<UnixMillis>,
    limit: usize,
) -> Result<Vec<Entry>, DynamodbError> {
    if span.is_empty() {
        // DynamoDB rejects a lower bound above the upper one.
        return Ok(Vec::new());
    }
    let read = |number, limit| {
        let query = IndexQuery {
            index: INDEX,
            condition: "agenda = :agenda AND due BETWEEN :from AND :until",
            values: condition(shard_name(queue, number), &span),
            ascends: true,
        };
        let span = &span;
        // The query includes the first sort key after the span, where an empty key may be.
        let entry = move |item| entry(item).filter(|entry| span.contains(&entry.at));
        async move { query.run(client, table, limit, entry).await }
    };
    earliest_of_shards(0..SHARDS, limit, read).await
}

fn condition(shard: String, span: &RangeInclusive<UnixMillis>) -> AgendaConditionValues {
    AgendaConditionValues {
        agenda: StringAttribute::new(shard),
        from: StringAttribute::new(sort_key(*span.start(), "")),
        until: StringAttribute::new(first_after(*span.end())),
    }
}

/// The index partition of a key while the key is on this queue's agenda.
pub fn shard(queue: Queue, key: &str) -> String {
    shard_name(queue, shard_byte(key) % SHARDS)
}

/// The entry of an item with this partition and this sort key.
#[cfg(feature = "scan")]
pub fn read_entry(shard: &str, sort_key: &str) -> Option<(Queue, UnixMillis)> {
    let (name, _) = shard.split_once('#')?;
    let queue = Queue::ALL.into_iter().find(|queue| queue.as_str() == name)?;
    Some((queue, UnixMillis::new(sort_key.get(..TIME_LEN)?.parse().ok()?)))
}

fn shard_name(queue: Queue, number: u8) -> String {
    format!("{}#{number:02}", queue.as_str())
}

/// The sort key of an item in its shard: its time, then its key, cut to the maximum length.
pub fn sort_key(at: UnixMillis, key: &str) -> String {
    let end = key.floor_char_boundary(MAX_SORT_KEY_LEN - TIME_LEN);
    format!("{:020}{}", at.millis(), key.get(..end).unwrap_or_default())
}

/// The first sort key after every entry of a time.
fn first_after(until: UnixMillis) -> String {
    format!("{:020}", u128::from(until.millis()) + 1)
}

fn entry(item: AgendaItem) -> Option<Entry> {
    let at = item.due.text.get(..TIME_LEN)?.parse().ok()?;
    let key = item.k.text.strip_prefix(KEY_PREFIX)?.to_owned();
    Some(Entry { key, at: UnixMillis::new(at) })
}

/// The index. It contains only the keys of the items that are on an agenda.
pub const INDEX: &str = "agenda";
/// The number of partitions of a queue, and of a list of the catalogue. It must never change. A partition accepts a thousand writes
/// a second.
pub const SHARDS: u8 = 16;
/// The maximum length of a sort key.
pub const MAX_SORT_KEY_LEN: usize = 1_024;
/// The number of digits of a time, with leading zeros.
pub const TIME_LEN: usize = 20;
