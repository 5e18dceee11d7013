//! One store in memory under several functions, as an external one is.

use std::ops::RangeInclusive;
use std::sync::Arc;

use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{Entry, Put, Queue, Store, Stored, Unavailable, Value, Version};

/// A store that several functions share. As DynamoDB, it does not say whether it is empty, and
/// cannot look for a value.
#[derive(Clone, Default)]
pub struct Shared(Arc<Memory>);

impl Store for Shared {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        self.0.get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        self.0.put(key, value, over, now).await
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        self.0.agenda(queue, span, limit).await
    }
}
