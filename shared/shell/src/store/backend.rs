//! The trait that each store implements: the operations of [`Store`], each with the store's own
//! error. This module logs the error, as often as [`StoreTroubles`] permits. The caller of [`Store`]
//! sees only that there is no answer.

use std::future::ready;
use std::ops::RangeInclusive;

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;

use super::troubles::{Access, StoreTroubles};
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

    /// The troubles of this store. `None` if no operation can fail.
    fn troubles(&self) -> Option<&StoreTroubles>;

    /// The name of an error's fault, by which its lines are limited. `None` if another line reports
    /// the fault.
    fn fault(error: &Self::Error) -> Option<String>;

    /// Logs why an operation failed. `repeated` is how many times, if not the first.
    fn log(error: &Self::Error, operation: Operation, repeated: Option<u64>);

    /// Logs that the store answers again, after `count` operations failed.
    fn log_end(count: u64);

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
        logged(self, Operation::Get, self.try_get(key, now).await)
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        logged(self, Operation::Put, self.try_put(key, value, over, now).await)
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        logged(self, Operation::Agenda, self.try_agenda(queue, span, limit).await)
    }

    async fn catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, Unavailable> {
        logged(self, Operation::Catalogue, self.try_catalogue(list, after, limit).await)
    }

    async fn is_empty(&self) -> Result<Option<bool>, Unavailable> {
        logged(self, Operation::IsEmpty, self.try_is_empty().await)
    }

    async fn find(&self, first: u8) -> Result<Search, Unavailable> {
        logged(self, Operation::Find, self.try_find(first).await)
    }

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.try_clock(now).await
    }
}

#[cfg(feature = "scan")]
impl<B: Backend> Scan for B {
    async fn scan(&self, after: Option<&ScanPlace>, limit: usize) -> Result<ScanPage, Unavailable> {
        logged(self, Operation::Scan, self.try_scan(after, limit).await)
    }
}

/// Logs an error, or the end of a trouble. Turns the error into [`Unavailable`].
fn logged<B: Backend, T>(
    store: &B,
    operation: Operation,
    done: Result<T, B::Error>,
) -> Result<T, Unavailable> {
    let Some(troubles) = store.troubles() else { return done.map_err(|_| Unavailable) };
    let access = if operation == Operation::Put { Access::Write } else { Access::Read };
    match &done {
        Ok(_) => {
            // Not every store asks its server for these two.
            let proves_nothing = matches!(operation, Operation::IsEmpty | Operation::Find);
            let ended = if proves_nothing { None } else { troubles.succeeded(access) };
            if let Some(count) = ended {
                B::log_end(count);
            }
        }
        Err(error) => {
            let count = B::fault(error).and_then(|fault| troubles.failed(fault, access));
            if let Some(count) = count {
                B::log(error, operation, Some(count).filter(|count| *count > 1));
            }
        }
    }
    done.map_err(|_| Unavailable)
}
