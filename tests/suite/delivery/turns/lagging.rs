//! An agenda that is older than the values.

use std::ops::RangeInclusive;
use std::sync::Mutex;

use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{Entry, Queue, Store, Unavailable};
use tests::call::Koohook;
use tests::forward;
use tests::product::{READY, ScriptedProduct};

use super::PENDING_V1;
use crate::delivery::*;

/// An old index lists entities that have no due notice. A run must read each of them once, not
/// repeatedly.
#[test]
fn a_stale_agenda_does_not_make_a_run_loop() {
    let inner = Memory::new();
    let store = Lagging { inner, seen: Mutex::default() };
    let koohook = Koohook::over(store, &PENDING_V1);
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    for order in ["CS1", "CS2", "CS3"] {
        buy_v1(&koohook, order);
    }
    koohook.store().take_counts();
    for run in 1..=3 {
        relay(&koohook);
        let (reads, writes) = koohook.store().take_counts();
        assert!(reads <= 9 && writes <= 12, "run {run}: {reads} reads, {writes} writes");
    }
    assert_eq!(product.messages().len(), 3);
}

/// A store whose agenda never removes an entry.
struct Lagging {
    inner: Memory,
    seen: Mutex<Vec<Entry>>,
}

impl Store for Lagging {
    forward!(inner: get, put, catalogue);

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        let entries = self.inner.agenda(queue, span, limit).await?;
        if queue != Queue::Due {
            return Ok(entries);
        }
        let mut seen = self.seen.lock().unwrap();
        for entry in entries {
            if seen.iter().all(|known| known.key != entry.key) {
                seen.push(entry);
            }
        }
        Ok(seen.clone())
    }
}
