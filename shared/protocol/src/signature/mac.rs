//! HMAC-SHA256 of a text that arrives in pieces, with every key of a ring at once.

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::json::JsonError;
use crate::key::{AccessKey, Keyring};

/// HMAC-SHA256 under way.
// An HMAC takes a key of any length, so that there is always one.
pub(super) struct Mac(Option<Hmac<Sha256>>);

/// Where a signed text is written to, piece by piece.
pub(super) type Out<'o> = &'o mut dyn FnMut(&[u8]);

impl Mac {
    pub fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).ok())
    }

    /// Goes on over the parts in a row.
    pub fn with(mut self, parts: &[&[u8]]) -> Self {
        parts.iter().for_each(|part| self.update(part));
        self
    }

    pub fn update(&mut self, piece: &[u8]) {
        self.0.iter_mut().for_each(|mac| mac.update(piece));
    }

    pub fn finish(self) -> [u8; 32] {
        self.0.map_or([0; 32], |mac| mac.finalize().into_bytes().into())
    }
}

/// The key of a ring that signed a text. The text is written once, for all keys, and kept by none;
/// every key is compared, so that the time taken does not tell which one it was.
///
/// # Errors
/// As `write` says.
pub(super) fn signer<'k>(
    keys: &'k Keyring,
    signature: &[u8; 32],
    begin: impl Fn(&AccessKey) -> Mac,
    finish: impl Fn(&AccessKey, Mac) -> [u8; 32],
    write: impl FnOnce(Out<'_>) -> Result<(), JsonError>,
) -> Result<Option<&'k AccessKey>, JsonError> {
    let mut current = begin(&keys.current);
    let mut previous = keys.previous.as_ref().map(&begin);
    let mut update = |chunk: &[u8]| {
        current.update(chunk);
        previous.iter_mut().for_each(|mac| mac.update(chunk));
    };
    let mut chunk = Vec::with_capacity(CHUNK);
    write(&mut |piece| {
        if chunk.len() + piece.len() > CHUNK {
            update(&chunk);
            chunk.clear();
        }
        if piece.len() > CHUNK {
            update(piece);
        } else {
            chunk.extend_from_slice(piece);
        }
    })?;
    update(&chunk);
    let is_signed =
        |key, mac: Mac| bool::from(finish(key, mac).as_slice().ct_eq(signature.as_slice()));
    let by_current = is_signed(&keys.current, current);
    let pair = keys.previous.as_ref().zip(previous);
    let by_previous = pair.and_then(|(key, mac)| is_signed(key, mac).then_some(key));
    Ok(if by_current { Some(&keys.current) } else { by_previous })
}

/// So much of a text is gathered before it is hashed: most pieces are a few letters.
const CHUNK: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::hmac_sha256;

    #[test]
    fn either_key_is_found_however_the_text_arrives() {
        let key = |text| AccessKey::parse(text).unwrap();
        let [current, previous, other] =
            ["constructed-key-0001", "constructed-key-0002", "constructed-key-0003"].map(key);
        let ring = Keyring { current: current.clone(), previous: Some(previous.clone()) };
        let text = "a text ".repeat(1_000);
        for piece_len in [1, 7, CHUNK, CHUNK + 1, 7_000] {
            let signer = |key: &AccessKey| {
                let signature = hmac_sha256(key.as_str().as_bytes(), &[text.as_bytes()]);
                let begin = |key: &AccessKey| Mac::new(key.as_str().as_bytes());
                signer(
                    &ring,
                    &signature,
                    begin,
                    |_, mac| mac.finish(),
                    |out| {
                        text.as_bytes().chunks(piece_len).for_each(out);
                        Ok(())
                    },
                )
                .unwrap()
            };
            assert_eq!(signer(&current), Some(&current));
            assert_eq!(signer(&previous), Some(&previous));
            assert_eq!(signer(&other), None);
        }
    }
}
