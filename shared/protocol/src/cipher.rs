//! V1's cipher for personal fields and credentials: AES-CBC. Java's SHA1PRNG derives the AES key
//! from the access key (V1 guide, pages "encrypting" and "decrypting").

use aes::{Aes128, Aes256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use sha1::{Digest, Sha1};

use crate::access_key::AccessKey;
use crate::mac::hmac_sha256;

/// The length of the AES key. The seller chose it when the product was released.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Strength {
    /// `1`: AES-256, the default.
    #[default]
    Aes256,
    /// `2`: AES-128.
    Aes128,
}

impl Strength {
    /// The value of `encryptType` on the wire.
    pub const fn encrypt_type(self) -> &'static str {
        match self {
            Self::Aes256 => "1",
            Self::Aes128 => "2",
        }
    }
}

/// Encrypts and decrypts single fields with one access key.
pub struct Cipher<'a> {
    access_key: &'a AccessKey,
    aes_key: [u8; 32],
    strength: Strength,
}

/// An IV is 16 letters or digits. It is written in plain text before the base64 text.
const IV_LEN: usize = 16;

impl<'a> Cipher<'a> {
    /// Derives the AES key from an access key.
    pub fn new(access_key: &'a AccessKey, strength: Strength) -> Self {
        Self { access_key, aes_key: sha1prng(access_key.as_str().as_bytes()), strength }
    }

    /// Decrypts a field of a request. `None` if the field is damaged, is not text, or was encrypted
    /// with another key or strength. The order must not fail for that reason (decision B11).
    pub fn open(&self, wire: &str) -> Option<String> {
        let iv: [u8; IV_LEN] = wire.as_bytes().get(..IV_LEN)?.try_into().ok()?;
        // A form decoder turns `+` into a space. Even the guide's own sample contains such a space.
        let sealed = STANDARD.decode(wire.get(IV_LEN..)?.replace(' ', "+")).ok()?;
        let [short, long] = [self.aes_128(), &self.aes_key];
        let clear = match self.strength {
            Strength::Aes128 => cbc::Decryptor::<Aes128>::new_from_slices(short, &iv)
                .ok()?
                .decrypt_padded_vec::<Pkcs7>(&sealed),
            Strength::Aes256 => cbc::Decryptor::<Aes256>::new_from_slices(long, &iv)
                .ok()?
                .decrypt_padded_vec::<Pkcs7>(&sealed),
        };
        String::from_utf8(clear.ok()?).ok().filter(|text| !text.chars().any(char::is_control))
    }

    /// Encrypts a field of an answer. The IV is derived from instance, field and text. So a
    /// repeated answer has the same bytes, and two different fields have different IVs.
    pub fn seal(&self, instance: &str, field: &str, plaintext: &str) -> String {
        self.seal_with(self.iv(instance, field, plaintext), plaintext)
    }

    fn seal_with(&self, iv: [u8; IV_LEN], plaintext: &str) -> String {
        let clear = plaintext.as_bytes();
        let sealed = match self.strength {
            Strength::Aes128 => cbc::Encryptor::<Aes128>::new_from_slices(self.aes_128(), &iv)
                .map(|cipher| cipher.encrypt_padded_vec::<Pkcs7>(clear)),
            Strength::Aes256 => cbc::Encryptor::<Aes256>::new_from_slices(&self.aes_key, &iv)
                .map(|cipher| cipher.encrypt_padded_vec::<Pkcs7>(clear)),
        };
        // The types of key and IV guarantee the cipher's lengths, so this never fails.
        let sealed = STANDARD.encode(sealed.unwrap_or_default());
        iv.into_iter().map(char::from).chain(sealed.chars()).collect()
    }

    fn iv(&self, instance: &str, field: &str, plaintext: &str) -> [u8; IV_LEN] {
        const LETTERS: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let parts =
            [instance, field, plaintext].map(|part| crate::digest::length_prefixed(&[part]));
        let [instance, field, plaintext] = parts.each_ref().map(Vec::as_slice);
        let key = self.access_key.as_str().as_bytes();
        let digest = hmac_sha256(key, &[instance, field, plaintext]);
        let mut iv = [b'A'; IV_LEN];
        for (letter, byte) in iv.iter_mut().zip(digest) {
            // The first letters are slightly more frequent. That is harmless: an IV must only be
            // unique.
            *letter = LETTERS.get(usize::from(byte) % LETTERS.len()).copied().unwrap_or(b'A');
        }
        iv
    }

    fn aes_128(&self) -> &[u8] {
        self.aes_key.first_chunk::<16>().map_or(&[], |key| key.as_slice())
    }
}

/// The first 32 bytes of Java's `SHA1PRNG` with the access key as seed, as the SUN provider
/// generates them. An AES-128 key is the first half. The update of the state adds signed bytes with
/// a carry that starts at one. The addition of big integers would give other bytes.
fn sha1prng(seed: &[u8]) -> [u8; 32] {
    let mut state: [u8; 20] = Sha1::digest(seed).into();
    let mut key = [0; 32];
    for chunk in key.chunks_mut(20) {
        let output: [u8; 20] = Sha1::digest(state).into();
        chunk.iter_mut().zip(output).for_each(|(key, byte)| *key = byte);
        advance(&mut state, &output);
    }
    key
}

fn advance(state: &mut [u8; 20], output: &[u8; 20]) {
    let before = *state;
    let mut carry = 1_i16;
    for (byte, added) in state.iter_mut().zip(output) {
        let sum = i16::from(byte.cast_signed()) + i16::from(added.cast_signed()) + carry;
        let [low, high] = sum.to_le_bytes();
        *byte = low;
        carry = i16::from(high.cast_signed());
    }
    if *state == before {
        let [first, ..] = state;
        *first = first.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> AccessKey {
        AccessKey::parse("11111111-2222-3333-4444-555555555555").unwrap()
    }

    /// A Java 17 runtime generated both expected keys.
    #[test]
    fn derived_keys_equal_the_keys_of_java() {
        let derived = hex::encode(sha1prng(key().as_str().as_bytes()));
        assert_eq!(derived, "fa99dc2d055187d2bd1e0b33100448cca4a528b19c93588930b6b64e82d99935");
        let derived = hex::encode(sha1prng(b"xxxxxxx"));
        assert_eq!(derived, "c962ef8500ad13239b5ec0eb6a5c570b3cae0fd0e5c28e793eb6aaa22d251123");
    }

    /// Strength, IV, plain text and wire text. Java's cipher generated the wire texts.
    const FIELDS: [(Strength, &[u8; 16], &str, &str); 6] = [
        (
            Strength::Aes256,
            b"AbCdEfGh12345678",
            "15905222222",
            "AbCdEfGh12345678mci+oWKEi7E1WJF64THVew==",
        ),
        (
            Strength::Aes128,
            b"AbCdEfGh12345678",
            "15905222222",
            "AbCdEfGh12345678le7JNAesGlP3dVIuSfbOSA==",
        ),
        (
            Strength::Aes256,
            b"0123456789abcdef",
            "user@example.com",
            "0123456789abcdefcbKxxYsUZfnDjKRQDDkGobaemwh1YaIktyxY3rmkGLw=",
        ),
        (
            Strength::Aes128,
            b"0123456789abcdef",
            "user@example.com",
            "0123456789abcdef0bMDCAHmS0cQCqaQmnpD9T/FA9uRK+Xb8Sc2/eQ/kOc=",
        ),
        (
            Strength::Aes256,
            b"ZZZZZZZZZZZZZZZZ",
            "用户名",
            "ZZZZZZZZZZZZZZZZnDVgiYdmCtK8VMlIb04a5A==",
        ),
        (
            Strength::Aes128,
            b"ZZZZZZZZZZZZZZZZ",
            "用户名",
            "ZZZZZZZZZZZZZZZZgwFvu3gO4pbODJ+8OqdpCw==",
        ),
    ];

    #[test]
    fn encrypted_fields_equal_the_fields_of_java() {
        let key = key();
        for (strength, iv, clear, wire) in FIELDS {
            let cipher = Cipher::new(&key, strength);
            assert_eq!(cipher.seal_with(*iv, clear), wire);
            assert_eq!(cipher.open(wire).as_deref(), Some(clear));
            assert_eq!(cipher.open(&wire.replace('+', " ")).as_deref(), Some(clear));
        }
    }

    #[test]
    fn an_unreadable_field_is_not_decrypted() {
        let key = key();
        let cipher = Cipher::new(&key, Strength::Aes256);
        let wires = [
            "",
            "short",
            "AbCdEfGh12345678",
            "AbCdEfGh12345678mci=",
            "AbCdEfGh12345678!!!!",
            "AbCdEfGh12345678le7JNAesGlP3dVIuSfbOSA==",
            "用户名用户名用户名用户名",
            "AbCdEfGh1234567é",
        ];
        for wire in wires {
            assert_eq!(cipher.open(wire), None, "{wire}");
        }
        let nul = cipher.seal("i", "f", "a\0b");
        assert_eq!(cipher.open(&nul), None);
    }

    #[test]
    fn the_iv_depends_on_instance_field_and_text() {
        let key = key();
        let cipher = Cipher::new(&key, Strength::Aes256);
        let iv = |wire: String| wire.get(..16).unwrap().to_owned();
        let first = cipher.seal("i-1", "userName", "admin");
        assert_eq!(first, cipher.seal("i-1", "userName", "admin"));
        for other in [
            ("i-2", "userName", "admin"),
            ("i-1", "password", "admin"),
            ("i-1u", "serName", "admin"),
        ] {
            assert_ne!(iv(first.clone()), iv(cipher.seal(other.0, other.1, other.2)));
        }
        assert!(iv(first).bytes().all(|letter| letter.is_ascii_alphanumeric()));
    }

    #[test]
    fn a_credential_of_79_bytes_is_the_longest_that_fits() {
        let key = key();
        let cipher = Cipher::new(&key, Strength::Aes256);
        assert!(cipher.seal("i", "password", &"x".repeat(79)).len() <= 128);
        assert!(cipher.seal("i", "password", &"x".repeat(80)).len() > 128);
    }
}
