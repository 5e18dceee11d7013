//! Queries of an index, page by page.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::DynamodbClient;
use super::error::DynamodbError;
use super::wire::{QueryRequest, QueryResponse};
use crate::web::Web;

/// A query of one partition of an index.
pub struct IndexQuery<V> {
    /// The index.
    pub index: &'static str,
    /// The condition.
    pub condition: &'static str,
    /// The condition's values.
    pub values: V,
    /// Whether the lowest sort key is the first.
    pub ascends: bool,
}

impl<V: Serialize + Sync> IndexQuery<V> {
    /// The first results in the order of the index, at most `limit`. Items that `read` ignores do
    /// not count.
    ///
    /// # Errors
    /// See [`DynamodbError`].
    pub async fn run<W: Web, I: DeserializeOwned + Serialize + Sync, R>(
        &self,
        client: &DynamodbClient<W>,
        table: &str,
        limit: usize,
        read: impl Fn(I) -> Option<R>,
    ) -> Result<Vec<R>, DynamodbError> {
        let mut results = Vec::new();
        let mut exclusive_start_key = None;
        while results.len() < limit {
            let query = QueryRequest {
                table_name: table,
                index_name: self.index,
                key_condition_expression: self.condition,
                expression_attribute_values: &self.values,
                scan_index_forward: self.ascends,
                limit: PAGE.min(limit - results.len()),
                exclusive_start_key,
            };
            let found: QueryResponse<I> = client.query(&query).await?;
            results.extend(found.items.into_iter().filter_map(&read));
            exclusive_start_key = found.last_evaluated_key;
            if exclusive_start_key.is_none() {
                break;
            }
        }
        Ok(results)
    }
}

/// How many items one query returns.
const PAGE: usize = 250;
