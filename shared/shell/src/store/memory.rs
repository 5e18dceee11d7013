//! A map in memory, for tests and simulations. Tests compare every real store with it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;

use super::backend::{Backend, Operation};
use super::troubles::StoreTroubles;
use super::{
    CatalogueItem, CataloguePlace, Entry, Put, Queue, RightError, Search, Stored, Value, Version,
};
#[cfg(feature = "scan")]
use super::{ScanPage, ScanPlace, ScannedValue};

/// A store whose values are lost when its process ends.
#[derive(Debug, Default)]
pub struct Memory {
    kept: Mutex<BTreeMap<String, Value>>,
}

/// Yields to other tasks once, as every real store does. So tasks race here as they do over a
/// network.
#[derive(Default)]
struct Yield(bool);

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        // No code panics under the lock, and each statement leaves the map consistent.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Memory {
    type Error = Infallible;

    async fn try_get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Infallible> {
        Yield::default().await;
        Ok(unexpired(self.lock().get(key), now).map(stored))
    }

    async fn try_put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Infallible> {
        Yield::default().await;
        let mut kept = self.lock();
        let found = unexpired(kept.get(key), now);
        if found.map(|found| found.version) != over {
            return Ok(Put::Lost(found.map(stored)));
        }
        kept.insert(key.to_owned(), value.clone());
        Ok(Put::Won)
    }

    async fn try_agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Infallible> {
        Yield::default().await;
        let kept = self.lock();
        let entries = kept.iter().filter_map(|(key, value)| match value.agenda {
            Some((on, at)) if on == queue && span.contains(&at) => {
                Some(Entry { key: key.clone(), at })
            }
            Some(_) | None => None,
        });
        Ok(Entry::earliest(entries, limit))
    }

    async fn try_catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, Infallible> {
        Yield::default().await;
        let kept = self.lock();
        let items = kept.iter().filter_map(|(key, value)| {
            let entry = value.catalogue.filter(|entry| entry.list == list)?;
            Some(CatalogueItem { key: key.clone(), changed: entry.changed, order: entry.order })
        });
        let items = items.filter(|item| after.is_none_or(|after| item.place() < *after));
        Ok(CatalogueItem::newest(items, limit))
    }

    #[cfg(feature = "scan")]
    async fn try_scan(
        &self,
        after: Option<&ScanPlace>,
        limit: usize,
    ) -> Result<ScanPage, Infallible> {
        Yield::default().await;
        let kept = self.lock();
        let rest = kept.iter().filter(|(key, _)| after.is_none_or(|after| after.0 < **key));
        let values: Vec<_> = rest.take(limit).map(|(key, value)| scanned(key, value)).collect();
        let next = values.last().filter(|_| values.len() == limit);
        Ok(ScanPage { next: next.map(|value| ScanPlace(value.key.clone())), values })
    }

    async fn try_is_empty(&self) -> Result<Option<bool>, Infallible> {
        Yield::default().await;
        Ok(Some(self.lock().is_empty()))
    }

    async fn try_find(&self, first: u8) -> Result<Search, Infallible> {
        Yield::default().await;
        let kept = self.lock();
        let found = kept.iter().find(|(_, value)| value.bytes.first() == Some(&first));
        Ok(found.map_or(Search::Nothing, |(key, value)| Search::Found {
            key: key.clone(),
            bytes: value.bytes.clone(),
        }))
    }

    fn troubles(&self) -> Option<&StoreTroubles> {
        None
    }

    fn fault(error: &Infallible) -> Option<String> {
        match *error {}
    }

    fn log(error: &Infallible, _: Operation, _: Option<u64>) {
        match *error {}
    }

    fn log_end(_: u64) {}

    fn right_error(error: &Infallible) -> RightError {
        match *error {}
    }
}

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

fn unexpired(value: Option<&Value>, now: UnixMillis) -> Option<&Value> {
    value.filter(|value| value.expires.is_none_or(|expires| now < expires))
}

fn stored(value: &Value) -> Stored {
    Stored { version: value.version, bytes: value.bytes.clone() }
}

#[cfg(feature = "scan")]
fn scanned(key: &str, value: &Value) -> ScannedValue {
    let Value { version, bytes, agenda, catalogue, expires } = value.clone();
    ScannedValue { key: key.to_owned(), version, bytes, agenda, catalogue, expires }
}
