//! Seals stored values with the current key (decision F5). A value keeps its bytes, its entry on the
//! agenda, its entry in the catalogue and its expiry; only its encryption and its version change.

use domain::store_keys::{CATALOGUE_MARK, SEAL_MARK};
use protocol::time::UnixMillis;

use super::Repository;
use super::seal_mark::TEXT;
use crate::failure::Failure;
use crate::seal::SealedBy;
use crate::store::{Put, ScannedValue, Stored, Value};
use crate::world::World;

/// What became of a stored value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Resealed {
    /// There is nothing to decrypt: the value has expired, has no bytes, or only its existence counts.
    Bare,
    /// The current key had sealed it.
    Right,
    /// It was sealed so before, and the current key seals it now.
    Written(SealedBy),
    /// Another process was faster, and wrote a value that the current key has not sealed.
    Overtaken,
}

impl<W: World> Repository<'_, W> {
    /// What sealed a value that a scan has read; `None` if there is nothing to decrypt, or the value
    /// is the seal mark.
    ///
    /// # Errors
    /// [`Failure::Unopened`] if no key decrypts it.
    pub fn sealed_by(
        &self,
        value: &ScannedValue,
        now: UnixMillis,
    ) -> Result<Option<SealedBy>, Failure> {
        Ok(self.opened(value, now)?.map(|(key, _)| key))
    }

    /// Seals a value that a scan has read, if the current key has not sealed it.
    ///
    /// # Errors
    /// [`Failure::Unopened`] if no key decrypts it; another failure if the outcome is unknown.
    pub async fn reseal(&self, value: &ScannedValue) -> Result<Resealed, Failure> {
        let Some((key, bytes)) = self.opened(value, self.world.now())? else {
            return Ok(Resealed::Bare);
        };
        if key == SealedBy::Current {
            return Ok(Resealed::Right);
        }
        let ScannedValue { agenda, catalogue, expires, .. } = *value;
        let sealed = Value { agenda, catalogue, expires, ..self.sealed(&value.key, &bytes)? };
        match self.put(&value.key, &sealed, Some(value.version)).await? {
            Put::Won => Ok(Resealed::Written(key)),
            Put::Lost(None) => Ok(Resealed::Bare),
            Put::Lost(Some(Stored { bytes, .. })) => {
                match self.seal.open_with_key(&value.key, &bytes) {
                    Ok((SealedBy::Current, _)) => Ok(Resealed::Right),
                    // The next scan reads the entries of the newer value, too.
                    Ok((SealedBy::Previous(_) | SealedBy::Nothing, _)) | Err(_) => {
                        Ok(Resealed::Overtaken)
                    }
                }
            }
        }
    }

    fn opened(
        &self,
        value: &ScannedValue,
        now: UnixMillis,
    ) -> Result<Option<(SealedBy, Vec<u8>)>, Failure> {
        let is_expired = value.expires.is_some_and(|expires| expires <= now);
        if is_expired || value.bytes.is_empty() || value.key == SEAL_MARK {
            return Ok(None);
        }
        match self.seal.open_with_key(&value.key, &value.bytes) {
            Ok(opened) => Ok(Some(opened)),
            // Its text has no meaning, and the creation of a table does not seal it.
            Err(_) if value.key == CATALOGUE_MARK => Ok(None),
            Err(_) => Err(Failure::Unopened),
        }
    }

    /// What sealed the seal mark; `None` if there is no mark.
    ///
    /// # Errors
    /// See [`Self::reseal_mark`].
    pub async fn mark_sealed_by(&self) -> Result<Option<SealedBy>, Failure> {
        let Some(found) = self.look_up(SEAL_MARK).await? else { return Ok(None) };
        let opened = self.seal.open_with_key(SEAL_MARK, &found.bytes);
        opened.map(|(key, _)| Some(key)).map_err(|_| Failure::SealedElsewhere)
    }

    /// Seals the seal mark with the current key. The caller knows that no other value needs a
    /// previous key. Returns what sealed it before; `None` if there was no mark.
    ///
    /// # Errors
    /// [`Failure::SealedElsewhere`] if no key decrypts it; another failure if the outcome is unknown.
    pub async fn reseal_mark(&self) -> Result<Option<SealedBy>, Failure> {
        loop {
            let Some(found) = self.look_up(SEAL_MARK).await? else {
                self.put_mark().await?;
                return Ok(None);
            };
            let opened = self.seal.open_with_key(SEAL_MARK, &found.bytes);
            let (key, _) = opened.map_err(|_| Failure::SealedElsewhere)?;
            if key == SealedBy::Current {
                return Ok(Some(key));
            }
            let mark = self.sealed(SEAL_MARK, TEXT)?;
            if self.put(SEAL_MARK, &mark, Some(found.version)).await? == Put::Won {
                return Ok(Some(key));
            }
            self.rest().await?;
        }
    }
}
