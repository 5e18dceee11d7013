//! Finds the key that signed a text. The text is written in pieces.

use crate::access_key::{AccessKey, Keyring};
use crate::mac::{Mac, same_mac};

/// Receives a signed text in pieces.
pub(super) type Out<'o> = &'o mut dyn FnMut(&[u8]);

/// Returns the key that signed a text. `write` writes the text once for all keys, and no copy is
/// kept. Every key is compared, so the duration does not depend on which key matched.
///
/// # Errors
/// If `write` fails.
pub(super) fn signer<'k, E>(
    keys: &'k Keyring,
    signature: &[u8; 32],
    begin: impl Fn(&AccessKey) -> Mac,
    finish: impl Fn(&AccessKey, Mac) -> [u8; 32],
    write: impl FnOnce(Out<'_>) -> Result<(), E>,
) -> Result<Option<&'k AccessKey>, E> {
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
    let is_signed = |key, mac: Mac| same_mac(&finish(key, mac), signature);
    let by_current = is_signed(&keys.current, current);
    let pair = keys.previous.as_ref().zip(previous);
    let by_previous = pair.and_then(|(key, mac)| is_signed(key, mac).then_some(key));
    Ok(if by_current { Some(&keys.current) } else { by_previous })
}

/// How many bytes are collected before they are hashed. Most pieces have only a few letters.
const CHUNK: usize = 1024;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::mac::hmac_sha256;

    #[test]
    fn both_keys_are_found_for_any_piece_length() {
        let key = |text| AccessKey::parse(text).unwrap();
        let [current, previous, other] =
            ["constructed-key-0001", "constructed-key-0002", "constructed-key-0003"].map(key);
        let ring = Keyring { current: current.clone(), previous: Some(previous.clone()) };
        let text = "a text ".repeat(1_000);
        for piece_len in [1, 7, CHUNK, CHUNK + 1, 7_000] {
            let signer = |key: &AccessKey| {
                let signature = hmac_sha256(key.as_str().as_bytes(), &[text.as_bytes()]);
                let begin = |key: &AccessKey| Mac::new(key.as_str().as_bytes());
                let finish = |_: &AccessKey, mac: Mac| mac.finish();
                let write = |out: Out<'_>| {
                    text.as_bytes().chunks(piece_len).for_each(out);
                    Ok::<_, Infallible>(())
                };
                signer(&ring, &signature, begin, finish, write).unwrap()
            };
            assert_eq!(signer(&current), Some(&current));
            assert_eq!(signer(&previous), Some(&previous));
            assert_eq!(signer(&other), None);
        }
    }
}
