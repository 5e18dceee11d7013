//! The trait that each store implements: the operations of [`Store`], each with the store's own
//! error. This module logs the error. The caller of [`Store`] sees only that there is no answer.

use std::future::ready;
use std::ops::RangeInclusive;

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;

use super::{
    CatalogueItem, CataloguePlace, Entry, Put, Queue, RightError, Search, Store, Stored,
    Unavailable, Value, Version,
};
#[cfg(feature = "scan")]
use super::{Scan, ScanPage, ScanPlace};

/// A store, with its own error type.
pub(super) trait Backend: Send + Sync + 'static {
    /// Why an operation fails.
    type Error: Send;

    fn try_get(
        &self,
        key: &str,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send;

    fn try_put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Put, Self::Error>> + Send;

    fn try_agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Entry>, Self::Error>> + Send;

    fn try_catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<CatalogueItem>, Self::Error>> + Send;

    #[cfg(feature = "scan")]
    fn try_scan(
        &self,
        after: Option<&ScanPlace>,
        limit: usize,
    ) -> impl Future<Output = Result<ScanPage, Self::Error>> + Send;

    fn try_is_empty(&self) -> impl Future<Output = Result<Option<bool>, Self::Error>> + Send {
        ready(Ok(None))
    }

    fn try_find(&self, _first: u8) -> impl Future<Output = Result<Search, Self::Error>> + Send {
        ready(Ok(Search::Unsupported))
    }

    /// See [`Store::clock`]. A missing answer is not an error, since no correctness depends on this
    /// clock.
    fn try_clock(&self, _now: UnixMillis) -> impl Future<Output = Option<UnixMillis>> + Send {
        ready(None)
    }

    /// Runs a script that does nothing, if the store writes by scripts.
    fn try_script(
        &self,
        _key: &str,
    ) -> impl Future<Output = Option<Result<(), Self::Error>>> + Send {
        ready(None)
    }

    /// Logs why an operation failed.
    fn log(error: &Self::Error, operation: Operation);

    /// Converts the error of an operation into the result of a permission check.
    fn right_error(error: &Self::Error) -> RightError;
}

/// The operation that failed, for the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Operation {
    Get,
    Put,
    Agenda,
    Catalogue,
    #[cfg(feature = "scan")]
    Scan,
    IsEmpty,
    Find,
}

impl<B: Backend> Store for B {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        self.try_get(key, now).await.map_err(unavailable::<B>(Operation::Get))
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        self.try_put(key, value, over, now).await.map_err(unavailable::<B>(Operation::Put))
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        self.try_agenda(queue, span, limit).await.map_err(unavailable::<B>(Operation::Agenda))
    }

    async fn catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, Unavailable> {
        let items = self.try_catalogue(list, after, limit).await;
        items.map_err(unavailable::<B>(Operation::Catalogue))
    }

    async fn is_empty(&self) -> Result<Option<bool>, Unavailable> {
        self.try_is_empty().await.map_err(unavailable::<B>(Operation::IsEmpty))
    }

    async fn find(&self, first: u8) -> Result<Search, Unavailable> {
        self.try_find(first).await.map_err(unavailable::<B>(Operation::Find))
    }

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.try_clock(now).await
    }
}

#[cfg(feature = "scan")]
impl<B: Backend> Scan for B {
    async fn scan(&self, after: Option<&ScanPlace>, limit: usize) -> Result<ScanPage, Unavailable> {
        self.try_scan(after, limit).await.map_err(unavailable::<B>(Operation::Scan))
    }
}

/// Logs an error and turns it into [`Unavailable`].
fn unavailable<B: Backend>(operation: Operation) -> impl FnOnce(B::Error) -> Unavailable {
    move |error| {
        B::log(&error, operation);
        Unavailable
    }
}
