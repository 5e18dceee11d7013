//! Stores that are broken on purpose: the checker finds every defect.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{Put, Store, Stored, Unavailable, Value, Version};
use tests::forward;

use super::{NOON, first_broken};

// Stores that are broken on purpose.

/// What is wrong with a store.
#[derive(Clone, Copy, Debug)]
enum Defect {
    /// Some looks see what another saw before.
    StaleLook,
    /// Some writes are acknowledged and not made.
    LostWrite,
    /// Some writes are made and said to be lost.
    DeniedWrite,
    /// Some writes go over whatever stands.
    UncheckedWrite,
    /// The version is compared first, and the write goes over what stands then.
    LateWrite,
}

/// A store with a defect that shows in one of so many operations.
struct Broken {
    inner: Memory,
    defect: Defect,
    operations: AtomicU64,
    looked: Mutex<BTreeMap<String, Option<Stored>>>,
}

impl Broken {
    fn new(defect: Defect) -> Self {
        let inner = Memory::new();
        Self { inner, defect, operations: AtomicU64::new(0), looked: Mutex::default() }
    }

    fn is_due(&self) -> bool {
        self.operations.fetch_add(1, Ordering::SeqCst) % 16 == 15
    }

    /// A write over what stands, whatever that is.
    async fn put_over_all(&self, key: &str, value: &Value) -> Result<Put, Unavailable> {
        let mut over = None;
        while let Put::Lost(Some(found)) = self.inner.put(key, value, over, NOON).await? {
            over = Some(found.version);
        }
        Ok(Put::Won)
    }
}

impl Store for Broken {
    forward!(inner: agenda);

    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        let found = self.inner.get(key, now).await?;
        let before = self.looked.lock().unwrap().insert(key.to_owned(), found.clone());
        match (self.defect, before) {
            (Defect::StaleLook, Some(before)) if self.is_due() => Ok(before),
            _ => Ok(found),
        }
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        match self.defect {
            Defect::LostWrite if self.is_due() => Ok(Put::Won),
            Defect::UncheckedWrite if self.is_due() => self.put_over_all(key, value).await,
            Defect::LateWrite => {
                let found = self.inner.get(key, now).await?;
                if found.as_ref().map(|found| found.version) != over {
                    return Ok(Put::Lost(found));
                }
                self.put_over_all(key, value).await
            }
            Defect::DeniedWrite if self.is_due() => {
                let found = self.inner.get(key, now).await?;
                self.inner.put(key, value, over, now).await.map(|put| match put {
                    Put::Won => Put::Lost(found),
                    lost @ Put::Lost(_) => lost,
                })
            }
            _ => self.inner.put(key, value, over, now).await,
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are there to be read")]
fn a_store_that_is_broken_in_any_of_these_ways_is_no_register() {
    for defect in [
        Defect::StaleLook,
        Defect::LostWrite,
        Defect::DeniedWrite,
        Defect::UncheckedWrite,
        Defect::LateWrite,
    ] {
        let seen = first_broken(&[Broken::new(defect)], 50);
        println!("{defect:?}: seen in round {seen:?}");
        assert!(seen.is_some(), "{defect:?} was not seen in fifty rounds");
    }
}
