//! Stores with deliberate defects. The checker must find every defect.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{Put, Store, Stored, Unavailable, Value, Version};
use tests::forward;

use super::{NOON, first_broken};

/// The defect of a store.
#[derive(Clone, Copy, Debug)]
enum Defect {
    /// Some reads return the value of an earlier read.
    StaleRead,
    /// Some writes are acknowledged but not stored.
    LostWrite,
    /// Some writes are stored but reported as lost.
    DeniedWrite,
    /// Some writes ignore the version.
    UncheckedWrite,
    /// A write checks the version first, and later overwrites any version.
    LateWrite,
}

/// A store with one defect. [`Defect::LateWrite`] affects every write. Any other defect affects one
/// of 16 operations.
struct Broken {
    inner: Memory,
    defect: Defect,
    operations: AtomicU64,
    read_before: Mutex<BTreeMap<String, Option<Stored>>>,
}

impl Broken {
    fn new(defect: Defect) -> Self {
        let inner = Memory::new();
        Self { inner, defect, operations: AtomicU64::new(0), read_before: Mutex::default() }
    }

    fn is_due(&self) -> bool {
        self.operations.fetch_add(1, Ordering::SeqCst) % 16 == 15
    }

    /// A write over any current version.
    async fn put_over_all(&self, key: &str, value: &Value) -> Result<Put, Unavailable> {
        let mut over = None;
        while let Put::Lost(Some(found)) = self.inner.put(key, value, over, NOON).await? {
            over = Some(found.version);
        }
        Ok(Put::Won)
    }
}

impl Store for Broken {
    forward!(inner: agenda, catalogue);

    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        let found = self.inner.get(key, now).await?;
        let before = self.read_before.lock().unwrap().insert(key.to_owned(), found.clone());
        match (self.defect, before) {
            (Defect::StaleRead, Some(before)) if self.is_due() => Ok(before),
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
#[expect(clippy::print_stdout, reason = "the figures are meant to be read")]
fn the_checker_finds_every_defect() {
    for defect in [
        Defect::StaleRead,
        Defect::LostWrite,
        Defect::DeniedWrite,
        Defect::UncheckedWrite,
        Defect::LateWrite,
    ] {
        let found = first_broken(&[Broken::new(defect)], 50);
        println!("{defect:?}: found in round {found:?}");
        assert!(found.is_some(), "{defect:?} was not found in fifty rounds");
    }
}
