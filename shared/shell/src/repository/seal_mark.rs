//! The seal mark of a store: it shows whether this process has the store's keys (decision F5).
//!
//! The mark is a small sealed value under a separate key. A process whose keys do not decrypt the
//! mark neither reads nor writes. A process puts the mark only over absence, and only in these
//! cases:
//!
//! - The store is empty, as one cheap operation shows. A process checks this, and reads the mark,
//!   before it writes anything. So if two processes with different keys start on an empty store,
//!   one puts its mark. The other process finds that mark and stops, either when its own write of a
//!   mark fails or when it reads the mark. If it finds the store no longer empty, it reads the mark
//!   once more after that check: the other process wrote its mark first.
//! - The store can search for a sealed value (SQLite). It has none, or this process decrypts the
//!   value that was found. An unencrypted value shows nothing about keys. Here, too, the mark is
//!   the first write, so of two processes one loses and stops.
//! - In any other store, the process has decrypted a sealed value. Until then such a store may
//!   contain values of two processes with different keys. One of their marks wins, and the other
//!   process stops. Until there is a mark, a process looks for one once a minute.
//!
//! `koohook store reseal` seals the mark with the current key after it has sealed every value. A
//! process that has only the older key then stops: it reads the mark again once a minute, with each
//! probe, and as soon as it cannot decrypt a value.
//!
//! If the mark disappears while a process runs, the store was emptied or replaced: the table was made
//! anew, or somebody flushed the server. The process then neither reads nor writes, until the mark is
//! back with a backup. A process that starts on the empty store begins a new one.
//!
//! A store with unencrypted values has no mark. A process without a key looks for a mark and for a
//! sealed value at its start. If it runs for long, it looks for a mark once a minute. If it finds
//! either, it stops reading and writing.

use domain::store_keys::SEAL_MARK;
use futures_util::future;

use super::Repository;
use crate::failure::Failure;
use crate::seal::SEALED;
use crate::store::{Put, Search, Store, Stored};
use crate::world::World;

/// The text that is sealed as the mark. It has no meaning: only whether it can be decrypted counts.
pub(super) const TEXT: &[u8] = b"koohook";

impl<W: World> Repository<'_, W> {
    /// Checks at a start that this process has the store's keys. Without a key it checks that the
    /// store has no mark and, if the store can search for one, no sealed value.
    ///
    /// # Errors
    /// [`Failure::SealedElsewhere`] if the check fails; another failure if the store does not
    /// answer in time.
    pub async fn prove_keys(&self) -> Result<(), Failure> {
        if self.seal.seals() {
            return self.check_keys().await;
        }
        let is_sealed = self.is_sealed().await? || !self.decrypts(&self.find_sealed().await?);
        self.set_keyless(is_sealed)?;
        self.mark_if_empty().await;
        Ok(())
    }

    /// For a process without a key: checks whether another process has put a mark since the start.
    ///
    /// # Errors
    /// See [`Self::prove_keys`].
    pub async fn look_for_mark(&self) -> Result<(), Failure> {
        self.set_keyless(self.is_sealed().await?)
    }

    /// Checks with one read that the store answers and that this process's keys decrypt its mark.
    ///
    /// # Errors
    /// See [`Self::prove_keys`].
    pub async fn probe_keys(&self) -> Result<(), Failure> {
        match self.look_up(SEAL_MARK).await? {
            None => self.without_mark(),
            Some(found) if self.seal.seals() => self.compare(&found),
            Some(_) => self.set_keyless(true),
        }
    }

    fn set_keyless(&self, is_sealed: bool) -> Result<(), Failure> {
        self.seal.mark.set_keyless(is_sealed);
        if is_sealed { Err(Failure::SealedElsewhere) } else { Ok(()) }
    }

    /// The same check for a process that only reads. It never puts a mark.
    ///
    /// # Errors
    /// See [`Self::prove_keys`].
    pub async fn prove_keys_to_read(&self) -> Result<(), Failure> {
        match self.look_up(SEAL_MARK).await? {
            Some(_) if !self.seal.seals() => Err(Failure::SealedElsewhere),
            Some(found) => self.compare(&found),
            None if self.decrypts(&self.find_sealed().await?) => {
                self.seal.mark.set_ours(self.world.elapsed());
                Ok(())
            }
            None => Err(Failure::SealedElsewhere),
        }
    }

    /// Whether the store has a mark.
    ///
    /// # Errors
    /// If the store does not answer in time.
    pub async fn is_sealed(&self) -> Result<bool, Failure> {
        Ok(self.look_up(SEAL_MARK).await?.is_some())
    }

    /// Whether this process has a key and the store has only unencrypted values. The next write
    /// would then be the first sealed one.
    ///
    /// # Errors
    /// If the store does not answer in time.
    pub async fn is_to_be_sealed(&self) -> Result<bool, Failure> {
        let holds_values = self.is_empty().await? == Some(false);
        let is_unencrypted = self.find_sealed().await? == Search::Nothing;
        Ok(self.seal.seals() && holds_values && is_unencrypted && !self.is_sealed().await?)
    }

    /// Checks the keys before the first write of a process, and during its first read.
    pub(super) async fn check_keys(&self) -> Result<(), Failure> {
        let mark = &self.seal.mark;
        if mark.is_theirs() {
            return Err(Failure::SealedElsewhere);
        }
        if !self.seal.seals() || !mark.is_to_be_read(self.world.elapsed()) {
            return Ok(());
        }
        // Boxed: this is rarely needed, and every read and write contains this future.
        Box::pin(self.check_by_mark()).await
    }

    async fn check_by_mark(&self) -> Result<(), Failure> {
        let found = if self.seal.mark.is_unknown() {
            let (found, is_empty) = future::join(self.look_up(SEAL_MARK), self.is_empty()).await;
            match (found?, is_empty?) {
                (None, Some(true)) => return self.put_first_marks().await,
                // Another process may have put its mark after this process read the mark first.
                (None, Some(false)) => self.look_up(SEAL_MARK).await?,
                (found, _) => found,
            }
        } else {
            self.look_up(SEAL_MARK).await?
        };
        match found {
            Some(found) => self.compare(&found),
            None => {
                self.without_mark()?;
                self.check_by_value().await
            }
        }
    }

    /// A store that had a mark and has none was emptied or replaced. This process does not begin a new
    /// one in its place.
    fn without_mark(&self) -> Result<(), Failure> {
        if self.seal.mark.lose() { Err(Failure::MarkLost) } else { Ok(()) }
    }

    /// Checks the keys in a store that has values and no mark.
    async fn check_by_value(&self) -> Result<(), Failure> {
        match self.find_sealed().await? {
            Search::Unsupported => {
                self.seal.mark.set_missing(self.world.elapsed());
                Ok(())
            }
            search if self.decrypts(&search) => self.put_mark().await,
            Search::Nothing | Search::Found { .. } => Err(Failure::SealedElsewhere),
        }
    }

    /// Whether this process's keys decrypt the sealed value, if one was found.
    fn decrypts(&self, search: &Search) -> bool {
        match search {
            Search::Unsupported | Search::Nothing => true,
            Search::Found { key, bytes } => self.seal.seals() && self.seal.open(key, bytes).is_ok(),
        }
    }

    /// Puts the mark if there is none, after a sealed value was decrypted.
    pub(super) async fn put_missing_mark(&self) -> Result<(), Failure> {
        if !self.seal.seals() || !self.seal.mark.is_missing() {
            return Ok(());
        }
        match self.put_mark().await {
            // The value was read anyway; the next decrypted value tries to put the mark again.
            Err(Failure::SealedElsewhere) => Err(Failure::SealedElsewhere),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Puts the marks of an empty store. Without the mark of the catalogue, lists only print a hint,
    /// so a failure to put it is not an error.
    async fn put_first_marks(&self) -> Result<(), Failure> {
        self.put_mark().await?;
        let _ = self.put_complete_catalogue().await;
        Ok(())
    }

    pub(super) async fn put_mark(&self) -> Result<(), Failure> {
        let value = self.sealed(SEAL_MARK, TEXT)?;
        match self.put_unchecked(SEAL_MARK, &value, None).await? {
            Put::Won => {
                self.seal.mark.set_ours(self.world.elapsed());
                Ok(())
            }
            Put::Lost(Some(found)) => self.compare(&found),
            // The faster mark has disappeared, which koohook itself never causes.
            Put::Lost(None) => Err(Failure::Contended),
        }
    }

    fn compare(&self, found: &Stored) -> Result<(), Failure> {
        if self.seal.open(SEAL_MARK, &found.bytes).is_err() {
            self.seal.mark.doubt();
            return Err(Failure::SealedElsewhere);
        }
        self.seal.mark.set_ours(self.world.elapsed());
        Ok(())
    }

    pub(super) async fn is_empty(&self) -> Result<Option<bool>, Failure> {
        let left = self.deadline.left(self.world);
        let is_empty = self.world.store().is_empty();
        Ok(self.world.within(left, is_empty).await.ok_or(Failure::OutOfTime)??)
    }

    async fn find_sealed(&self) -> Result<Search, Failure> {
        let left = self.deadline.left(self.world);
        let find = self.world.store().find(SEALED);
        Ok(self.world.within(left, find).await.ok_or(Failure::OutOfTime)??)
    }
}
