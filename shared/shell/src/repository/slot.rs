//! What was read under a key, with the version that a write must name.

use std::collections::BTreeSet;

use domain::kit_list::PartName;
use domain::record::EntityRecord;
use domain::usage::InstanceUsage;

use super::stored_record::StoredRecord;
use crate::store::Version;

/// A key of the store, and the value that was read there. A write replaces only this version.
#[derive(Clone, Debug)]
pub struct Slot<R: StoredRecord = EntityRecord> {
    /// The store's key.
    pub key: String,
    /// The record with its version; `None` if there is no value.
    pub found: Option<Versioned<R>>,
    /// The parts of the entity that were read.
    pub parts: R::Parts,
}

/// The slot of an instance's usage.
pub type UsageSlot = Slot<InstanceUsage>;

/// A record, and the version that a write must name.
#[derive(Clone, Debug)]
pub struct Versioned<R = EntityRecord> {
    /// The version that was read or written.
    pub version: Version,
    /// The record.
    pub record: R,
}

/// The outcome of a write.
#[derive(Debug)]
pub enum Written<R: StoredRecord = EntityRecord> {
    /// The record was written; this is the value now.
    Won(Slot<R>),
    /// Another writer was faster; this is the value now.
    Lost(Slot<R>),
}

impl<R: StoredRecord> Slot<R> {
    pub(super) fn new(key: String, found: Option<Versioned<R>>) -> Self {
        Self { key, found, parts: R::Parts::default() }
    }

    /// The record, if there is a value.
    pub fn record(&self) -> Option<&R> {
        self.found.as_ref().map(|found| &found.record)
    }

    pub(super) fn version(&self) -> Option<Version> {
        self.found.as_ref().map(|found| found.version)
    }
}

impl Slot {
    /// Whether all these parts of the entity were read.
    pub fn has_parts(&self, names: &BTreeSet<PartName>) -> bool {
        names.iter().all(|name| self.parts.contains_key(name))
    }
}
