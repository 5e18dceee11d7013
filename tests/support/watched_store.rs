//! A store that counts its operations, and fails and halts as a test plans.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;
use shell::store::{
    CatalogueItem, CataloguePlace, Entry, Put, Queue, Search, Store, Stored, Unavailable, Value,
    Version,
};

use crate::forward;
use crate::halt::Halt;

/// A store that counts its reads and writes, and fails as planned.
pub struct Watched<S> {
    inner: S,
    reads: AtomicUsize,
    writes: AtomicUsize,
    plan: Mutex<VecDeque<StoreFault>>,
    halt: Arc<Halt>,
}

/// How one operation of a store fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StoreFault {
    /// The operation works.
    None,
    /// The operation fails and changes nothing.
    Refused,
    /// The operation is done, and its reply is lost.
    ReplyLost,
}

impl<S: Store> Watched<S> {
    /// Watches another store. No fault is planned yet.
    pub(crate) fn new(inner: S) -> Self {
        let [reads, writes] = [0, 0].map(AtomicUsize::new);
        Self { inner, reads, writes, plan: Mutex::default(), halt: Arc::default() }
    }

    /// The halt of its operations.
    pub(crate) const fn halt(&self) -> &Arc<Halt> {
        &self.halt
    }

    /// Plans the next reads and writes, in order. Operations after them work.
    pub fn plan(&self, troubles: impl IntoIterator<Item = StoreFault>) {
        *self.plan.lock().unwrap() = troubles.into_iter().collect();
    }

    /// The counts of reads and writes since the last use of this method.
    pub fn take_counts(&self) -> (usize, usize) {
        (self.reads.swap(0, Ordering::SeqCst), self.writes.swap(0, Ordering::SeqCst))
    }

    /// The watched store itself. Its operations are not counted.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    fn next(&self) -> StoreFault {
        self.plan.lock().unwrap().pop_front().unwrap_or(StoreFault::None)
    }
}

impl<S: Store> Store for Watched<S> {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        let operation = async {
            self.reads.fetch_add(1, Ordering::SeqCst);
            match self.next() {
                StoreFault::None => self.inner.get(key, now).await,
                StoreFault::Refused | StoreFault::ReplyLost => Err(Unavailable),
            }
        };
        self.halt.operation(operation).await
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        let operation = async {
            self.writes.fetch_add(1, Ordering::SeqCst);
            match self.next() {
                StoreFault::None => self.inner.put(key, value, over, now).await,
                StoreFault::Refused => Err(Unavailable),
                StoreFault::ReplyLost => {
                    self.inner.put(key, value, over, now).await?;
                    Err(Unavailable)
                }
            }
        };
        self.halt.operation(operation).await
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        self.halt.operation(self.inner.agenda(queue, span, limit)).await
    }

    async fn catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, Unavailable> {
        self.halt.operation(self.inner.catalogue(list, after, limit)).await
    }

    async fn is_empty(&self) -> Result<Option<bool>, Unavailable> {
        self.halt.operation(self.inner.is_empty()).await
    }

    async fn find(&self, first: u8) -> Result<Search, Unavailable> {
        self.halt.operation(self.inner.find(first)).await
    }

    forward!(inner: clock);
}
