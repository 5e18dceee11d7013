//! Counts the operations of a store.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;
use shell::store::{
    AnyStore, CatalogueItem, CataloguePlace, Entry, Put, Queue, Store, Stored, Unavailable, Value,
    Version,
};

/// A store, and the count of its operations. Its clones share both.
#[derive(Clone)]
pub struct CountedStore {
    store: Arc<AnyStore>,
    operations: Arc<AtomicUsize>,
}

/// The result of an operation.
type Answered<T> = std::result::Result<T, Unavailable>;

impl CountedStore {
    /// Counts the operations of a store.
    pub fn new(store: AnyStore) -> Self {
        Self { store: Arc::new(store), operations: Arc::default() }
    }

    /// The same store with a count of its own, for other work.
    pub fn counted_apart(&self) -> Self {
        Self { store: Arc::clone(&self.store), operations: Arc::default() }
    }

    /// How many operations the store had.
    pub fn operations(&self) -> usize {
        self.operations.load(Ordering::SeqCst)
    }

    fn counted(&self) -> &AnyStore {
        self.operations.fetch_add(1, Ordering::SeqCst);
        &self.store
    }
}

impl Store for CountedStore {
    async fn get(&self, key: &str, now: UnixMillis) -> Answered<Option<Stored>> {
        self.counted().get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Answered<Put> {
        self.counted().put(key, value, over, now).await
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Answered<Vec<Entry>> {
        self.counted().agenda(queue, span, limit).await
    }

    async fn catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Answered<Vec<CatalogueItem>> {
        self.counted().catalogue(list, after, limit).await
    }
}
