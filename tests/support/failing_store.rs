//! A memory store that a test can switch off, and whose clock it can set.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{
    CatalogueItem, CataloguePlace, Entry, Put, Queue, Search, Store, Stored, Unavailable, Value,
    Version,
};

/// A store that several processes share. It can be down, and tells its time if a test sets it.
#[derive(Clone)]
pub struct FailingStore(Arc<FailingParts>);

struct FailingParts {
    memory: Memory,
    is_down: AtomicBool,
    /// How far its clock is ahead, in milliseconds. The least number: it tells no time.
    ahead: AtomicI64,
}

impl Default for FailingStore {
    fn default() -> Self {
        let (memory, is_down) = (Memory::new(), AtomicBool::new(false));
        Self(Arc::new(FailingParts { memory, is_down, ahead: AtomicI64::new(i64::MIN) }))
    }
}

impl FailingStore {
    /// Sets whether the store is down.
    pub fn set_down(&self, is_down: bool) {
        self.0.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Sets how far its clock is ahead, in milliseconds.
    pub fn set_ahead(&self, millis: i64) {
        self.0.ahead.store(millis, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&Memory, Unavailable> {
        if self.0.is_down.load(Ordering::SeqCst) { Err(Unavailable) } else { Ok(&self.0.memory) }
    }
}

impl Store for FailingStore {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        self.up()?.get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        self.up()?.put(key, value, over, now).await
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        self.up()?.agenda(queue, span, limit).await
    }

    async fn catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, Unavailable> {
        self.up()?.catalogue(list, after, limit).await
    }

    async fn is_empty(&self) -> Result<Option<bool>, Unavailable> {
        self.up()?.is_empty().await
    }

    async fn find(&self, first: u8) -> Result<Search, Unavailable> {
        self.up()?.find(first).await
    }

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        let ahead = self.0.ahead.load(Ordering::SeqCst);
        now.millis().checked_add_signed(ahead).map(UnixMillis::new)
    }
}
