//! How much koohook logs while its store does not answer (decision I2).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::atomic::AtomicBool;

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;
use shell::relay::Relay;
use shell::store::memory::Memory;
use shell::store::{
    CatalogueItem, CataloguePlace, Entry, Put, Queue, Search, Store, Stored, Unavailable, Version,
};
use tests::call::Koohook;

use super::*;

/// A store that can be down.
#[derive(Default)]
struct Failing {
    memory: Memory,
    is_down: AtomicBool,
}

impl Failing {
    fn up(&self) -> Result<&Memory, Unavailable> {
        if self.is_down.load(Ordering::SeqCst) { Err(Unavailable) } else { Ok(&self.memory) }
    }
}

impl Store for Failing {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        self.up()?.get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        value: &shell::store::Value,
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
        self.memory.clock(now).await
    }
}

/// The lines of a log, counted by level and message.
fn counted(log: &Log) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for line in log.text().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let of = |name: &str| line[name].as_str().unwrap().to_owned();
        *counts.entry((of("level"), of("message"))).or_default() += 1;
    }
    counts
}

const MINUTES: u64 = 10;

/// Five calls and one run of the relay a second. The calls' own lines stay: each is a failed order.
#[test]
fn a_store_that_is_down_is_one_line_of_the_relay_a_minute_and_one_line_a_call() {
    let koohook = Koohook::over(Failing::default(), &SETTINGS);
    let (process, log) = (process(), Log::default());
    let run_relay = || run(Relay::new(koohook.endpoint.context(), Duration::from_mins(1)).run());
    run_relay().unwrap();
    koohook.store().inner().is_down.store(true, Ordering::SeqCst);
    let guard = log.keep();
    for _ in 0..MINUTES * 60 {
        for _ in 0..5 {
            let mut request = v1(NOW, &PURCHASE_V1).map(Bytes::from);
            request.extensions_mut().insert(origin(&process));
            run(koohook.endpoint.answer(request));
        }
        run_relay().unwrap_err();
        koohook.world().pass(Duration::from_secs(1));
    }
    koohook.store().inner().is_down.store(false, Ordering::SeqCst);
    koohook.world().pass(Duration::from_secs(60));
    run_relay().unwrap();
    run_relay().unwrap();
    drop(guard);
    let of = |level: &str, message: &str, count: u64| {
        ((level.to_owned(), message.to_owned()), usize::try_from(count).unwrap())
    };
    let expected = [
        of("ERROR", "callback", MINUTES * 60 * 5),
        of("ERROR", "relay failed", MINUTES),
        of("INFO", "relay works again", 1),
    ];
    assert_eq!(counted(&log), BTreeMap::from(expected));
}
