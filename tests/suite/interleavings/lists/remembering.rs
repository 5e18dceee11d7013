//! A store that remembers the key of every part that was ever written.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use domain::store_keys::part_owner;
use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{Put, Store, Unavailable, Value, Version};
use tests::forward;

/// A memory store with the keys of all parts that were ever written.
#[derive(Clone, Default)]
pub(super) struct Remembering {
    pub(super) memory: Arc<Memory>,
    pub(super) parts: Arc<Mutex<BTreeSet<String>>>,
}

impl Store for Remembering {
    forward!(memory: get, agenda, catalogue);

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
}
