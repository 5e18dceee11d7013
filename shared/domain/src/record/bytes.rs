//! The stored bytes of a record.

use std::borrow::Cow;

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::EntityRecord;
use crate::history::{Event, KitIds};
use crate::idempotency::Ledger;
use crate::outbox::Outbox;

/// A record as it is stored.
#[derive(Deserialize, Serialize)]
struct Stored<'a, E> {
    schema: u32,
    entity: E,
    #[serde(default)]
    ledger: Cow<'a, Ledger>,
    #[serde(default)]
    outbox: Cow<'a, Outbox>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ids: Option<Cow<'a, KitIds>>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    events: Cow<'a, [Event]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<UnixMillis>,
}

/// Why stored bytes are not a record, or a record cannot be stored.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum RecordError {
    /// A newer koohook wrote it. An older koohook would lose members that it does not know
    /// (decision C2).
    #[error("stored value has a newer schema")]
    NewerSchema,
    /// The bytes are not a record.
    #[error("stored value is unreadable")]
    Unreadable,
    /// The record is longer than [`MAX_VALUE_LEN`].
    #[error("value is longer than 192 KiB")]
    TooLarge,
}

impl EntityRecord {
    /// Parses stored bytes.
    ///
    /// # Errors
    /// [`RecordError::NewerSchema`] or [`RecordError::Unreadable`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        match serde_json::from_slice(bytes) {
            Ok(Stored { schema, .. }) if schema > SCHEMA => Err(RecordError::NewerSchema),
            Ok(Stored { entity, ledger, outbox, ids, events, changed, .. }) => Ok(Self {
                entity,
                ledger: ledger.into_owned(),
                outbox: outbox.into_owned(),
                ids: ids.map(Cow::into_owned),
                events: events.into_owned(),
                changed,
            }),
            Err(_) => Err(unreadable(bytes)),
        }
    }

    /// The bytes to store. A record that would be too long loses its history: nothing depends on it.
    ///
    /// # Errors
    /// If they are longer than [`MAX_VALUE_LEN`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        match self.written()? {
            bytes if bytes.len() <= MAX_VALUE_LEN => Ok(bytes),
            _ => self.without_history().written().and_then(|bytes| {
                if bytes.len() > MAX_VALUE_LEN { Err(RecordError::TooLarge) } else { Ok(bytes) }
            }),
        }
    }

    fn without_history(&self) -> Self {
        let mut record = self.clone();
        record.events.clear();
        record.outbox.ends.clear();
        record
    }

    fn written(&self) -> Result<Vec<u8>, RecordError> {
        let Self { entity, ledger, outbox, ids, events, changed } = self;
        let stored = Stored {
            schema: SCHEMA,
            entity,
            ledger: Cow::Borrowed(ledger),
            outbox: Cow::Borrowed(outbox),
            ids: ids.as_ref().map(Cow::Borrowed),
            events: Cow::Borrowed(events),
            changed: *changed,
        };
        serde_json::to_vec(&stored).map_err(|_| RecordError::Unreadable)
    }
}

/// Why this koohook cannot read the bytes: a newer koohook may have written them.
fn unreadable(bytes: &[u8]) -> RecordError {
    #[derive(Deserialize)]
    struct Numbered {
        schema: u32,
    }
    match serde_json::from_slice(bytes) {
        Ok(Numbered { schema }) if schema > SCHEMA => RecordError::NewerSchema,
        Ok(_) | Err(_) => RecordError::Unreadable,
    }
}

/// The number of the schema that this koohook writes. Records of schema 1 have no history, no IDs
/// of the kit, and no end of a notice. Those of schema 2 have no charging mode, and no beginning and
/// end of an instance.
pub const SCHEMA: u32 = 3;

/// The longest value that koohook writes to any store, in bytes (decision C2).
pub const MAX_VALUE_LEN: usize = 192 * 1024;
