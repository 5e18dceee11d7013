//! A memory store in which another process is faster.

use std::sync::Mutex;

use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{Put, Store, Unavailable, Value, Version};

/// A store in which another process writes a value before each of the next writes.
#[derive(Default)]
pub struct RacingStore {
    /// What is stored.
    pub memory: Memory,
    /// What the other process writes, the last one first.
    faster: Mutex<Vec<Value>>,
}

impl RacingStore {
    /// Sets what the other process writes, the last one first.
    pub fn set_faster(&self, faster: Vec<Value>) {
        *self.faster.lock().unwrap() = faster;
    }
}

impl Store for RacingStore {
    crate::forward!(memory: get, agenda, catalogue);

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        let faster = self.faster.lock().unwrap().pop();
        if let Some(faster) = faster {
            let over = self.memory.get(key, now).await?.map(|found| found.version);
            assert_eq!(self.memory.put(key, &faster, over, now).await, Ok(Put::Won));
        }
        self.memory.put(key, value, over, now).await
    }
}
