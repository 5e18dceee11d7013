//! The scan of a table.

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::client::DynamodbClient;
use super::error::DynamodbError;
use super::wire::{Item, ItemKey, KEY_PREFIX};
use super::{agenda, catalogue};
use crate::store::{ScanPage, ScanPlace, ScannedValue, Version};
use crate::web::Web;

/// `Scan`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ScanRequest<'a> {
    table_name: &'a str,
    consistent_read: bool,
    limit: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclusive_start_key: Option<ItemKey>,
}

/// The answer to `Scan`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScanResponse {
    items: Vec<Item>,
    last_evaluated_key: Option<ItemKey>,
}

/// Reads one page. A place is the key of the last value of the page before.
///
/// # Errors
/// See [`DynamodbError`].
pub async fn read<W: Web>(
    client: &DynamodbClient<W>,
    table: &str,
    after: Option<&ScanPlace>,
    limit: usize,
) -> Result<ScanPage, DynamodbError> {
    let request = ScanRequest {
        table_name: table,
        consistent_read: true,
        limit: limit.clamp(1, PAGE),
        exclusive_start_key: after.map(|ScanPlace(key)| ItemKey::of(key)),
    };
    let found: ScanResponse = client.call(SCAN, &request).await?;
    let values = found.items.into_iter().map(scanned).collect::<Result<_, _>>()?;
    let next = found.last_evaluated_key.map(|key| store_key(&key.k.text).map(ScanPlace));
    Ok(ScanPage { values, next: next.transpose()? })
}

fn scanned(item: Item) -> Result<ScannedValue, DynamodbError> {
    let foreign = || DynamodbError::ForeignItem;
    let agenda = item.agenda.zip(item.due);
    let agenda = agenda.map(|(shard, due)| agenda::read_entry(&shard.text, &due.text));
    let entry = item.catalogue.zip(item.changed);
    let entry = entry.map(|(shard, changed)| catalogue::read_entry(&shard.text, &changed.text));
    Ok(ScannedValue {
        key: store_key(&item.k.text)?,
        version: item.version.bytes.try_into().map(Version).map_err(|_| foreign())?,
        bytes: item.value.bytes,
        agenda: agenda.map(|agenda| agenda.ok_or_else(foreign)).transpose()?,
        catalogue: entry.map(|entry| entry.ok_or_else(foreign)).transpose()?,
        expires: item.expires.map(|at| UnixMillis::new(at.number)),
    })
}

fn store_key(text: &str) -> Result<String, DynamodbError> {
    text.strip_prefix(KEY_PREFIX).map(str::to_owned).ok_or(DynamodbError::ForeignItem)
}

/// The operation.
pub const SCAN: &str = "Scan";
/// How many items one page contains at most. A page is also at most 1 MB.
const PAGE: usize = 500;
