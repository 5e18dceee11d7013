//! The mark of a complete catalogue: it shows that every entity of the store has its entry
//! (decision I4).
//!
//! Values that an older koohook wrote have no entry. So the mark is put only over absence, and only
//! in these cases: the store was empty before its first write, its table was just created, or
//! `koohook store reindex` has checked every value. Only whether the mark exists counts.

use domain::store_keys::CATALOGUE_MARK;
use protocol::time::UnixMillis;

use super::Repository;
use crate::failure::Failure;
use crate::store::{Store, Unavailable, Value, Version};
use crate::world::World;

/// The text of the mark. It has no meaning.
const TEXT: &[u8] = b"complete";

impl<W: World> Repository<'_, W> {
    /// Whether the catalogue has the entry of every entity. Otherwise `koohook store reindex` makes
    /// it complete.
    ///
    /// # Errors
    /// If the store does not answer in time.
    pub async fn catalogue_is_complete(&self) -> Result<bool, Failure> {
        Ok(self.look_up(CATALOGUE_MARK).await?.is_some())
    }

    /// Puts the mark, if there is none. The caller knows that every entity has its entry.
    ///
    /// # Errors
    /// If the outcome is unknown.
    pub async fn mark_complete_catalogue(&self) -> Result<(), Failure> {
        self.check_keys().await?;
        self.put_complete_catalogue().await
    }

    /// Puts the mark without a check of the keys.
    pub(super) async fn put_complete_catalogue(&self) -> Result<(), Failure> {
        let value = self.sealed(CATALOGUE_MARK, TEXT)?;
        self.put_unchecked(CATALOGUE_MARK, &value, None).await.map(drop)
    }

    /// Puts the mark in a store that is empty, as one cheap operation shows. Without a mark, lists
    /// only print a hint, so a failure is not an error.
    pub(super) async fn mark_if_empty(&self) {
        if let Ok(Some(true)) = self.is_empty().await {
            let _ = self.mark_complete_catalogue().await;
        }
    }
}

/// Puts the mark in a table that was just created, before its first value. The caller has no seal
/// key, so the mark is not sealed.
///
/// # Errors
/// If the store does not answer.
pub async fn mark_new_catalogue<S: Store>(
    store: &S,
    version: Version,
    now: UnixMillis,
) -> Result<(), Unavailable> {
    let value = Value { version, bytes: TEXT.to_vec(), ..Value::default() };
    store.put(CATALOGUE_MARK, &value, None, now).await.map(drop)
}
