//! The catalogue: an index of the items that are in it. Each list is spread over shards.

use domain::catalogue::{CatalogueEntry, CatalogueList};
use futures_util::future::try_join_all;
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::agenda::{MAX_SORT_KEY_LEN, SHARDS, TIME_LEN};
use super::client::DynamodbClient;
use super::error::DynamodbError;
use super::index::IndexQuery;
use super::wire::{KEY_PREFIX, StringAttribute};
use crate::store::agenda::shard_byte;
use crate::store::{CatalogueItem, CataloguePlace, catalogue_text};
use crate::web::Web;

/// The values of a query's condition.
#[derive(Serialize)]
struct CatalogueConditionValues {
    /// List and shard.
    #[serde(rename = ":catalogue")]
    catalogue: StringAttribute,
    /// The lowest sort key that is not in the result.
    #[serde(rename = ":before")]
    before: StringAttribute,
}

/// An entry, as the index contains it.
#[derive(Deserialize, Serialize)]
struct CatalogueIndexItem {
    k: StringAttribute,
    catalogue: StringAttribute,
    changed: StringAttribute,
}

/// Reads a list of the catalogue of a table.
///
/// # Errors
/// See [`DynamodbError`].
pub async fn read<W: Web>(
    client: &DynamodbClient<W>,
    table: &str,
    list: CatalogueList,
    after: Option<&CataloguePlace>,
    limit: usize,
) -> Result<Vec<CatalogueItem>, DynamodbError> {
    let shards = (0..SHARDS).map(|number| async move {
        let catalogue = StringAttribute::new(shard_name(list, number));
        let query = IndexQuery {
            index: INDEX,
            condition: "catalogue = :catalogue AND changed < :before",
            values: CatalogueConditionValues { catalogue, before: first_not_after(after) },
            ascends: false,
        };
        // Keys that are longer than a sort key may be on both sides of the place.
        let is_after = |item: &CatalogueItem| after.is_none_or(|after| item.place() < *after);
        query.run(client, table, limit, |item| read_item(item).filter(is_after)).await
    });
    let items = try_join_all(shards).await?.into_iter().flatten();
    Ok(CatalogueItem::newest(items, limit))
}

/// The index partition of a key while the key is in this list.
pub fn shard(list: CatalogueList, key: &str) -> String {
    shard_name(list, shard_byte(key) % SHARDS)
}

/// The sort key of an item in its shard: its time, its key, cut to the maximum length, and the
/// digest of the order.
pub fn sort_key(entry: &CatalogueEntry, key: &str) -> String {
    let end = catalogue_text::end(entry.order);
    match cut(key) {
        Ok(start) => format!("{:020}{start}{end}", entry.changed.millis()),
        Err(start) => format!("{:020}{start}\0{end}", entry.changed.millis()),
    }
}

/// The entry of an item with this partition and this sort key.
#[cfg(feature = "scan")]
pub fn read_entry(shard: &str, sort_key: &str) -> Option<CatalogueEntry> {
    let list = CatalogueList::named(shard.split_once('#')?.0)?;
    let changed = UnixMillis::new(sort_key.get(..TIME_LEN)?.parse().ok()?);
    Some(CatalogueEntry { list, changed, order: catalogue_text::read_order(sort_key) })
}

fn shard_name(list: CatalogueList, number: u8) -> String {
    format!("{}#{number:02}", list.as_str())
}

/// A sort key above those of all entries after a place, and not above the place's own, if its key is
/// short enough.
fn first_not_after(after: Option<&CataloguePlace>) -> StringAttribute {
    StringAttribute::new(match after {
        None => format!("{:020}", u128::from(u64::MAX) + 1),
        Some(CataloguePlace { changed, key }) => match cut(key) {
            Ok(start) => format!("{:020}{start}", changed.millis()),
            Err(start) => format!("{:020}{start}\u{1}", changed.millis()),
        },
    })
}

/// How the entry of a key begins, or, as an error, the part of it that is short enough.
fn cut(key: &str) -> Result<String, String> {
    let start = catalogue_text::start(key);
    if start.len() <= MAX_START_LEN {
        return Ok(start);
    }
    let end = start.floor_char_boundary(MAX_START_LEN - 1);
    Err(start.get(..end).unwrap_or_default().to_owned())
}

fn read_item(item: CatalogueIndexItem) -> Option<CatalogueItem> {
    let changed = UnixMillis::new(item.changed.text.get(..TIME_LEN)?.parse().ok()?);
    let key = item.k.text.strip_prefix(KEY_PREFIX)?.to_owned();
    Some(CatalogueItem { key, changed, order: catalogue_text::read_order(&item.changed.text) })
}

/// The index. It contains only the keys of the items that are in the catalogue.
pub const INDEX: &str = "catalogue";
/// The maximum length of the part of a sort key between the time and the digest.
const MAX_START_LEN: usize = MAX_SORT_KEY_LEN - TIME_LEN - 16;
