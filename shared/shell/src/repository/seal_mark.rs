//! The sealed mark of a store: whether this process's keys are the store's (decision F5).
//!
//! The mark is a small sealed value under a key of its own. A process whose keys do not open it
//! neither reads nor writes. It is put:
//!
//! - over absence in a store that one cheap look finds empty. A process looks whether the store is
//!   empty, and reads the mark, before it writes anything. So of two processes with different keys
//!   over an empty store one puts its mark; the other finds a mark that it does not open, by losing
//!   the write or by reading: if it finds the store no longer empty, the mark of the first is in it
//!   already, since that was its first write. So it reads the mark once more, after that look.
//! - over absence in a store that can look for a sealed value (SQLite), if there is none or this
//!   process opens it. That a value in clear opens proves no key. Here, too, the mark comes before
//!   the first write, so of two processes one loses the mark and stops.
//! - over absence in any other store by a process that has opened a sealed value there. Before
//!   that such a store may hold values of two processes with different keys; of their marks one
//!   wins, and the other process stops. Until there is a mark a process looks for one once a minute.
//!
//! A store whose values are in clear has no mark. A process without a key looks for a mark and for
//! a sealed value at its start and, if it goes on for long, for a mark once a minute; it does not
//! work over either.

use domain::store_keys::SEAL_MARK;
use futures_util::future;

use super::Repository;
use crate::failure::Failure;
use crate::seal::SEALED;
use crate::store::{Put, Search, Store, Stored};
use crate::world::World;

/// What is sealed there. Only that it opens matters.
const TEXT: &[u8] = b"koohook";

impl<W: World> Repository<'_, W> {
    /// Proves at a start that this process's keys are the store's. Without a key it proves that
    /// the store has no mark and, if the store can look for it, no sealed value.
    ///
    /// # Errors
    /// [`Failure::SealedElsewhere`] if they are not; else if the store does not answer in time.
    pub async fn prove_keys(&self) -> Result<(), Failure> {
        if self.seal.seals() {
            return self.prove().await;
        }
        let is_sealed = self.is_sealed().await? || !self.opens(&self.find_sealed().await?);
        self.judge_keyless(is_sealed)
    }

    /// Looks without a key whether another process has put a mark since the start.
    ///
    /// # Errors
    /// As [`Self::prove_keys`].
    pub async fn look_for_mark(&self) -> Result<(), Failure> {
        self.judge_keyless(self.is_sealed().await?)
    }

    fn judge_keyless(&self, is_sealed: bool) -> Result<(), Failure> {
        self.seal.mark.set_keyless(is_sealed);
        if is_sealed { Err(Failure::SealedElsewhere) } else { Ok(()) }
    }

    /// The same for a process that only reads, and may not be allowed to put a mark.
    ///
    /// # Errors
    /// As [`Self::prove_keys`].
    pub async fn prove_keys_to_read(&self) -> Result<(), Failure> {
        match self.look_up(SEAL_MARK).await? {
            Some(_) if !self.seal.seals() => Err(Failure::SealedElsewhere),
            Some(found) => self.compare(&found),
            None if self.opens(&self.find_sealed().await?) => {
                self.seal.mark.set_ours();
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

    /// Whether this process's key would begin to seal a store whose values are in clear.
    ///
    /// # Errors
    /// If the store does not answer in time.
    pub async fn is_to_be_sealed(&self) -> Result<bool, Failure> {
        let holds_values = self.is_empty().await? == Some(false);
        let is_in_clear = self.find_sealed().await? == Search::Nothing;
        Ok(self.seal.seals() && holds_values && is_in_clear && !self.is_sealed().await?)
    }

    /// Proves it before the first write of a process, and beside its first read.
    pub(super) async fn prove(&self) -> Result<(), Failure> {
        let mark = &self.seal.mark;
        if mark.is_theirs() {
            return Err(Failure::SealedElsewhere);
        }
        if !self.seal.seals() || !mark.is_to_be_read(self.world.elapsed()) {
            return Ok(());
        }
        // Seldom needed, and kept apart: every read and write carries this future.
        Box::pin(self.prove_by_mark()).await
    }

    async fn prove_by_mark(&self) -> Result<(), Failure> {
        let mark = &self.seal.mark;
        let found = if mark.is_unknown() {
            let (found, is_empty) = future::join(self.look_up(SEAL_MARK), self.is_empty()).await;
            match (found?, is_empty?) {
                (None, Some(true)) => return self.put_mark().await,
                // What it is no longer empty of may be another's mark, and what came after.
                (None, Some(false)) => self.look_up(SEAL_MARK).await?,
                (found, _) => found,
            }
        } else {
            self.look_up(SEAL_MARK).await?
        };
        match found {
            Some(found) => self.compare(&found),
            None => self.prove_by_value().await,
        }
    }

    /// Proves it in a store that holds values and no mark.
    async fn prove_by_value(&self) -> Result<(), Failure> {
        match self.find_sealed().await? {
            Search::Unsupported => {
                self.seal.mark.set_missing(self.world.elapsed());
                Ok(())
            }
            search if self.opens(&search) => self.put_mark().await,
            Search::Nothing | Search::Found { .. } => Err(Failure::SealedElsewhere),
        }
    }

    /// Whether our keys open a sealed value, if one was found.
    fn opens(&self, search: &Search) -> bool {
        match search {
            Search::Unsupported | Search::Nothing => true,
            Search::Found { key, bytes } => self.seal.seals() && self.seal.open(key, bytes).is_ok(),
        }
    }

    /// Puts the mark after a sealed value was opened, if there was none.
    pub(super) async fn opened(&self) -> Result<(), Failure> {
        if !self.seal.seals() || !self.seal.mark.is_missing() {
            return Ok(());
        }
        match self.put_mark().await {
            // The value was read all the same; the next one brings the mark.
            Err(Failure::SealedElsewhere) => Err(Failure::SealedElsewhere),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn put_mark(&self) -> Result<(), Failure> {
        let value = self.sealed(SEAL_MARK, TEXT)?;
        match self.put_unproven(SEAL_MARK, &value, None).await? {
            Put::Won => {
                self.seal.mark.set_ours();
                Ok(())
            }
            Put::Lost(Some(found)) => self.compare(&found),
            // Whatever was faster has expired or gone: no koohook does that.
            Put::Lost(None) => Err(Failure::Contended),
        }
    }

    fn compare(&self, found: &Stored) -> Result<(), Failure> {
        self.seal.open(SEAL_MARK, &found.bytes).map_err(|_| Failure::SealedElsewhere)?;
        self.seal.mark.set_ours();
        Ok(())
    }

    async fn is_empty(&self) -> Result<Option<bool>, Failure> {
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
