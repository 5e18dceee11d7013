//! The SQL statements of the scan, for commands.

use domain::catalogue::{CatalogueEntry, CatalogueList, OrderDigest};
use rusqlite::{Connection, Row, named_params};

use super::rows::time;
use super::table::FileShape;
use crate::store::{Queue, ScanPage, ScanPlace, ScannedValue, Version};

/// Reads the values of one page, in the order of their keys.
///
/// # Errors
/// If SQLite fails.
pub fn page(
    connection: &Connection,
    shape: FileShape,
    after: Option<&ScanPlace>,
    limit: usize,
) -> Result<ScanPage, rusqlite::Error> {
    let entry = match shape {
        FileShape::Current => "list, changed, order_digest",
        FileShape::Missing | FileShape::Older => "NULL, NULL, NULL",
    };
    let rest = if after.is_some() { "WHERE key > :after" } else { "WHERE :after IS NULL" };
    let statement = format!(
        "SELECT key, version, value, queue, due, expires, {entry} FROM kept {rest}
         ORDER BY key LIMIT :limit"
    );
    let rows = i64::try_from(limit).unwrap_or(i64::MAX);
    let named = named_params! { ":after": after.map(|after| &after.0), ":limit": rows };
    let mut statement = connection.prepare_cached(&statement)?;
    let values = statement.query_map(named, scanned)?.collect::<Result<Vec<_>, _>>()?;
    let next = values.last().filter(|_| values.len() == limit);
    Ok(ScanPage { next: next.map(|value| ScanPlace(value.key.clone())), values })
}

fn scanned(row: &Row<'_>) -> Result<ScannedValue, rusqlite::Error> {
    let queue: Option<String> = row.get(3)?;
    let queue = queue.and_then(|name| Queue::ALL.into_iter().find(|it| it.as_str() == name));
    let list: Option<String> = row.get(6)?;
    let list = list.and_then(|name| CatalogueList::named(&name));
    let changed = row.get::<_, Option<_>>(7)?.map(time);
    let order = row.get::<_, Option<_>>(8)?.map(OrderDigest);
    Ok(ScannedValue {
        key: row.get(0)?,
        version: Version(row.get(1)?),
        bytes: row.get(2)?,
        agenda: queue.zip(row.get::<_, Option<_>>(4)?.map(time)),
        catalogue: list.zip(changed).map(|(list, changed)| CatalogueEntry { list, changed, order }),
        expires: row.get::<_, Option<_>>(5)?.map(time),
    })
}
