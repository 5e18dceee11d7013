//! The lines of a backup file: JSON, one value a line. `docs/stores.md` describes them, so that other
//! programs can read them.

use domain::catalogue::{CatalogueEntry, CatalogueList, OrderDigest};
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::seal::Seal;
use crate::store::Queue;

/// A line.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BackupLine {
    /// The first line.
    Backup(BackupHeader),
    /// A value of the store.
    Value(BackupValue),
    /// The place in the scan after which an interrupted backup continues. A restore ignores it.
    Place(String),
    /// The last line.
    End(BackupEnd),
}

/// The first line: what the file contains.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BackupHeader {
    /// The number of the file's form: [`FORMAT`].
    pub format: u32,
    /// The version of the koohook that wrote the file.
    pub version: String,
    /// A random name of the backup.
    pub id: String,
    /// When the backup began.
    pub at: UnixMillis,
    /// The same time, for people.
    pub time: String,
    /// The kind of the store: `sqlite`, `redis` or `dynamodb`.
    pub store: String,
    /// A digest of the store's address without user and password.
    pub source: String,
    /// Whether `--seal` sealed the values that were unencrypted in the store.
    pub sealed: bool,
}

/// A value of the store, with everything that was written with it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BackupValue {
    /// Its key.
    pub key: String,
    /// Its stored bytes, in base64. The first byte is 0 if they are unencrypted, and 1 if they are
    /// sealed for this key.
    #[serde(with = "base64_text")]
    pub value: Vec<u8>,
    /// Its entry on an agenda.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agenda: Option<BackupAgenda>,
    /// Its entry in the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<BackupEntry>,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<UnixMillis>,
}

/// An entry on an agenda.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BackupAgenda {
    /// The agenda's name.
    pub queue: String,
    /// When the work is due.
    pub at: UnixMillis,
}

/// An entry in the catalogue.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BackupEntry {
    /// The list's name.
    pub list: String,
    /// When the entity last changed.
    pub changed: UnixMillis,
    /// The digest of the order, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

/// The last line: what the lines before it contain.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BackupEnd {
    /// The number of values.
    pub values: u64,
    /// SHA-256 over all bytes of the lines before, with their line ends, in hex.
    pub sha256: String,
}

/// The SHA-256 of lines.
#[derive(Clone, Debug, Default)]
pub struct BackupDigest(Sha256);

/// The form of the file that this koohook writes. It reads no other.
pub const FORMAT: u32 = 1;

impl BackupLine {
    /// The line with its line end.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A map with texts as keys always has a JSON form.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads a line without its line end; `None` if it is not one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl BackupValue {
    /// Whether the value is unencrypted in the file.
    pub fn is_unencrypted(&self) -> bool {
        !Seal::is_sealed(&self.value)
    }
}

impl From<(Queue, UnixMillis)> for BackupAgenda {
    fn from((queue, at): (Queue, UnixMillis)) -> Self {
        Self { queue: queue.as_str().to_owned(), at }
    }
}

impl BackupAgenda {
    /// The agenda and the time; `None` if this koohook does not know the agenda.
    pub fn entry(&self) -> Option<(Queue, UnixMillis)> {
        let queue = Queue::ALL.into_iter().find(|queue| queue.as_str() == self.queue);
        queue.map(|queue| (queue, self.at))
    }
}

impl From<CatalogueEntry> for BackupEntry {
    fn from(CatalogueEntry { list, changed, order }: CatalogueEntry) -> Self {
        let order = order.map(|OrderDigest(digest)| hex_text(&digest));
        Self { list: list.as_str().to_owned(), changed, order }
    }
}

impl BackupEntry {
    /// The entry; `None` if this koohook does not know the list.
    pub fn entry(&self) -> Option<CatalogueEntry> {
        let list = CatalogueList::named(&self.list)?;
        let order = self.order.as_deref().map(|text| order_digest(text).ok_or(()));
        Some(CatalogueEntry { list, changed: self.changed, order: order.transpose().ok()? })
    }
}

fn order_digest(text: &str) -> Option<OrderDigest> {
    let digit = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(digit).collect();
    Some(OrderDigest(bytes?.try_into().ok()?))
}

impl BackupDigest {
    /// Adds a line with its line end.
    pub fn add(&mut self, line: &[u8]) {
        self.0.update(line);
    }

    /// The digest in hex.
    pub fn finish(self) -> String {
        hex_text(&<[u8; 32]>::from(self.0.finalize()))
    }
}

fn hex_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map_err(|_| D::Error::custom("value is not base64"))
    }
}
