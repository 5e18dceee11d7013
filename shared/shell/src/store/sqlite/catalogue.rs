//! The SQL statements of the catalogue. An entry is in the row of its value.

use domain::catalogue::{CatalogueList, OrderDigest};
use rusqlite::{Connection, Row, named_params};

use super::rows::{millis, time};
use crate::store::{CatalogueItem, CataloguePlace};

/// Reads a page of a list.
///
/// # Errors
/// If SQLite fails.
pub fn page(
    connection: &Connection,
    list: CatalogueList,
    after: Option<&CataloguePlace>,
    limit: usize,
) -> Result<Vec<CatalogueItem>, rusqlite::Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let list = list.as_str();
    match after {
        None => {
            let named = named_params! { ":list": list, ":limit": limit };
            connection.prepare_cached(FIRST_PAGE)?.query_map(named, item)?.collect()
        }
        Some(CataloguePlace { changed, key }) => {
            let named = named_params! {
                ":list": list, ":changed": millis(*changed), ":key": key, ":limit": limit,
            };
            connection.prepare_cached(NEXT_PAGE)?.query_map(named, item)?.collect()
        }
    }
}

fn item(row: &Row<'_>) -> Result<CatalogueItem, rusqlite::Error> {
    let order = row.get::<_, Option<_>>(2)?.map(OrderDigest);
    Ok(CatalogueItem { key: row.get(0)?, changed: time(row.get(1)?), order })
}

const FIRST_PAGE: &str = "
    SELECT key, changed, order_digest FROM kept WHERE list = :list
    ORDER BY changed DESC, key DESC LIMIT :limit";
const NEXT_PAGE: &str = "
    SELECT key, changed, order_digest FROM kept
    WHERE list = :list AND (changed, key) < (:changed, :key)
    ORDER BY changed DESC, key DESC LIMIT :limit";

#[cfg(test)]
mod tests {
    use super::super::table::{INDEXES, TABLE};
    use super::*;

    /// SQLite's own plan of a statement.
    fn plan(statement: &str) -> Vec<String> {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&[TABLE, INDEXES].concat()).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
        let nulls = std::iter::repeat_n(rusqlite::types::Null, statement.parameter_count());
        let rows = statement.query_map(rusqlite::params_from_iter(nulls), |row| row.get(3));
        rows.unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_page_reads_only_the_index_and_sorts_nothing() {
        let search = "SEARCH kept USING COVERING INDEX catalogue (list=?";
        assert_eq!(plan(FIRST_PAGE), [format!("{search})")]);
        assert_eq!(plan(NEXT_PAGE), [format!("{search} AND (changed,key)<(?,?))")]);
    }
}
