//! Runs a store that needs tokio in tests without tokio. Each of its futures enters a runtime while
//! it is polled. Any thread may poll it, and a test may drop it at any time.

use std::future::poll_fn;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;
use shell::store::{
    CatalogueItem, CataloguePlace, Entry, Put, Queue, Scan, ScanPage, ScanPlace, Search, Store,
    Stored, Unavailable, Value, Version,
};
use tokio::runtime::{Builder, Runtime};

/// A store whose futures run on any thread.
pub struct OnTokio<S>(pub S);

/// The runtime for connections and timers.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let builder = &mut Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().expect("a runtime starts")
});

/// Gives a future the runtime each time it is polled.
pub async fn entered<F: Future + Send>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    poll_fn(move |context| {
        let _entered = RUNTIME.enter();
        let polled = future.as_mut().poll(context);
        if polled.is_pending() {
            // A test that polls in a loop would otherwise take all processor time from the runtime.
            std::thread::yield_now();
        }
        polled
    })
    .await
}

/// Runs a future that needs tokio until it finishes.
pub fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

/// Starts a future that runs until the process ends.
pub fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    RUNTIME.spawn(future);
}

impl<S: Scan + Sync> Scan for OnTokio<S> {
    async fn scan(&self, after: Option<&ScanPlace>, limit: usize) -> Result<ScanPage, Unavailable> {
        entered(self.0.scan(after, limit)).await
    }
}

impl<S: Store> Store for OnTokio<S> {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        entered(self.0.get(key, now)).await
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        entered(self.0.put(key, value, over, now)).await
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        entered(self.0.agenda(queue, span, limit)).await
    }

    async fn catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, Unavailable> {
        entered(self.0.catalogue(list, after, limit)).await
    }

    async fn is_empty(&self) -> Result<Option<bool>, Unavailable> {
        entered(self.0.is_empty()).await
    }

    async fn find(&self, first: u8) -> Result<Search, Unavailable> {
        entered(self.0.find(first)).await
    }

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        entered(self.0.clock(now)).await
    }
}
