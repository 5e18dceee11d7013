//! A store that remembers every key that was ever written.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

use domain::store_keys::part_owner;
use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{Entry, Put, Queue, Store, Stored, Unavailable, Value, Version};

/// A memory that remembers which parts were ever written.
#[derive(Clone, Default)]
pub(super) struct Remembering {
    pub(super) memory: Arc<Memory>,
    pub(super) parts: Arc<Mutex<BTreeSet<String>>>,
}

impl Store for Remembering {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        self.memory.get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        if part_owner(key).is_some() {
            self.parts.lock().unwrap().insert(key.to_owned());
        }
        self.memory.put(key, value, over, now).await
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        self.memory.agenda(queue, span, limit).await
    }
}
