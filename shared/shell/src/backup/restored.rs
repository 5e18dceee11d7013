//! What a restore writes for a value of a backup.
//!
//! The version of a restored value is not random. It is made of the time of the backup and of a digest
//! of the content. So a later restore recognises a value that a restore wrote and that nobody has
//! changed since: its version fits its content. Every other write draws a random version.

use domain::catalogue::CatalogueEntry;
use domain::record::EntityRecord;
use domain::store_keys::is_entity;
use protocol::time::UnixMillis;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::lines::{BackupEntry, BackupValue};
use crate::failure::Failure;
use crate::seal::{Seal, SealError};
use crate::store::{Queue, Version};

/// A value that a restore writes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RestoredValue {
    /// Its key.
    pub key: String,
    /// Its decrypted bytes.
    pub content: Vec<u8>,
    /// The decrypted bytes in the backup, if they differ from `content`: the sequence was not raised.
    pub original: Option<Vec<u8>>,
    /// Its entry on an agenda.
    pub agenda: Option<(Queue, UnixMillis)>,
    /// Its entry in the catalogue.
    pub catalogue: Option<CatalogueEntry>,
    /// When it expires.
    pub expires: Option<UnixMillis>,
    /// When the backup began.
    pub at: UnixMillis,
}

/// Why a value of a backup cannot be restored.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum RestoreError {
    /// No key decrypts it, or it is unusable.
    #[error(transparent)]
    Unusable(#[from] Failure),
    /// This koohook does not know its agenda or its list.
    #[error("value has an entry that only a newer koohook knows")]
    Newer,
}

impl From<SealError> for RestoreError {
    fn from(error: SealError) -> Self {
        Self::Unusable(error.into())
    }
}

impl RestoredValue {
    /// Decrypts a value of a backup, and raises the sequence of an entity. `at` is when the backup
    /// began.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub fn of(seal: &Seal, at: UnixMillis, value: BackupValue) -> Result<Self, RestoreError> {
        let BackupValue { key, value, agenda, catalogue, expires } = value;
        let found = seal.open_copied(&key, &value)?;
        let agenda = agenda.map(|entry| entry.entry().ok_or(RestoreError::Newer)).transpose()?;
        let known = |entry: BackupEntry| entry.entry().ok_or(RestoreError::Newer);
        let catalogue = catalogue.map(known).transpose()?;
        let plain = Self { key, content: found, original: None, agenda, catalogue, expires, at };
        if is_entity(&plain.key) { plain.raised() } else { Ok(plain) }
    }

    /// An older koohook wrote no entry of the catalogue. The restored value has one.
    fn raised(self) -> Result<Self, RestoreError> {
        let record = EntityRecord::from_bytes(&self.content).map_err(Failure::from)?;
        let record = record.restored(self.at);
        let content = record.to_bytes().map_err(Failure::from)?;
        let catalogue = record.catalogue(self.at);
        Ok(Self { content, original: Some(self.content), catalogue, ..self })
    }

    /// The version that the restore writes.
    pub fn version(&self) -> Version {
        version(&self.key, &self.content, self.at)
    }

    /// Whether a store already has this value, as the restore writes it or as the backup has it.
    pub fn has_content(&self, content: &[u8]) -> bool {
        self.content == content || self.original.as_deref() == Some(content)
    }
}

/// When the backup began from which a stored value was restored, if nobody changed it since.
pub(super) fn restored_at(key: &str, content: &[u8], found: Version) -> Option<UnixMillis> {
    let (time, _) = found.0.split_first_chunk()?;
    let at = UnixMillis::new(u64::from_be_bytes(*time));
    (version(key, content, at) == found).then_some(at)
}

fn version(key: &str, content: &[u8], at: UnixMillis) -> Version {
    let time = at.millis().to_be_bytes();
    let mut digest = Sha256::new();
    digest.update(b"koohook restore");
    digest.update(time);
    digest.update(Sha256::digest(key.as_bytes()));
    digest.update(content);
    let digest: [u8; 32] = digest.finalize().into();
    let mut version = [0; 16];
    version.iter_mut().zip(time.into_iter().chain(digest)).for_each(|(to, from)| *to = from);
    Version(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_value_that_a_restore_wrote_and_nobody_changed_has_its_version() {
        let at = UnixMillis::new(1_764_241_600_000);
        let written = version("a", b"text", at);
        assert_eq!(restored_at("a", b"text", written), Some(at));
        for (key, content) in [("b", b"text".as_slice()), ("a", b"texts"), ("", b"atext")] {
            assert_eq!(restored_at(key, content, written), None);
        }
        assert_eq!(restored_at("a", b"text", Version([7; 16])), None);
        for byte in 0..16 {
            let mut other = written;
            other.0[byte] ^= 1;
            assert_eq!(restored_at("a", b"text", other), None, "byte {byte}");
        }
    }
}
