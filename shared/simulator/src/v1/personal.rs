//! Personal fields and credentials: a printable initialisation vector, followed by AES-CBC
//! ciphertext.

use std::fmt::{self, Display};
use std::str::FromStr;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use aes::{Aes128, Aes256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use super::sha1prng;

/// The length of the AES key. The seller chooses it when the product is published.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Strength {
    /// `encryptType` 2, `AES128_CBC_PKCS5Padding`.
    Aes128,
    /// `encryptType` 1 and the default, `AES256_CBC_PKCS5Padding`.
    Aes256,
}

/// An initialisation vector of the guide: 16 ASCII letters or digits, sent unencrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Iv([u8; Self::LENGTH]);

/// The text is not an initialisation vector.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("initialisation vector is not 16 ASCII letters or digits")]
pub struct IvError;

/// Why an encrypted field cannot be read.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum PersonalFieldError {
    /// The first 16 characters are missing or are not an initialisation vector.
    #[error("field does not begin with an initialisation vector of 16 letters or digits")]
    Iv,
    /// The text after the initialisation vector is not base64.
    #[error("field is not base64 after its initialisation vector")]
    Base64,
    /// The ciphertext cannot be decrypted with this key, or the result is not text.
    #[error("field cannot be decrypted with this access key and encryptType")]
    Ciphertext,
}

impl Iv {
    const LENGTH: usize = 16;

    /// Makes a vector from a number. It is only for scenarios, not for secrets.
    #[must_use]
    pub fn numbered(number: u16) -> Self {
        let mut letters = *b"KooGallery000000";
        let mut rest = number;
        for letter in letters.iter_mut().rev().take(5) {
            let [digit, _] = (rest % 10).to_le_bytes();
            *letter = b'0' + digit;
            rest /= 10;
        }
        Self(letters)
    }
}

impl Display for Iv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&letter| write!(f, "{}", char::from(letter)))
    }
}

impl FromStr for Iv {
    type Err = IvError;

    fn from_str(text: &str) -> Result<Self, IvError> {
        let letters: [u8; Self::LENGTH] = text.as_bytes().try_into().map_err(|_| IvError)?;
        let printable = letters.iter().all(u8::is_ascii_alphanumeric);
        if printable { Ok(Self(letters)) } else { Err(IvError) }
    }
}

/// Encrypts a phone number, an e-mail address or a credential. The result is the vector, then
/// base64.
///
/// The AES key is not the access key. The generator of the guide's sample derives it from the
/// access key.
///
/// Restates *Encrypting user names and passwords* of access guide 1.0.
#[must_use]
pub fn encrypt(access_key: &str, strength: Strength, iv: Iv, plain: &str) -> String {
    let (seed, plain) = (access_key.as_bytes(), plain.as_bytes());
    let ciphertext = match strength {
        Strength::Aes128 => cbc::Encryptor::<Aes128>::new(&key(seed).into(), &iv.0.into())
            .encrypt_padded_vec::<Pkcs7>(plain),
        Strength::Aes256 => cbc::Encryptor::<Aes256>::new(&key(seed).into(), &iv.0.into())
            .encrypt_padded_vec::<Pkcs7>(plain),
    };
    format!("{iv}{}", STANDARD.encode(ciphertext))
}

/// Decrypts a field that [`encrypt`] or a seller's server encrypted.
///
/// A space is read as `+`, because a query can turn `+` into a space. The guide's sample needs
/// this.
///
/// Restates *Decrypting mobile numbers and e-mail addresses* of access guide 1.0.
///
/// # Errors
///
/// If the text has another form, or cannot be decrypted with this key and strength.
pub fn decrypt(
    access_key: &str,
    strength: Strength,
    wire: &str,
) -> Result<String, PersonalFieldError> {
    let (iv, ciphertext) = wire.split_at_checked(Iv::LENGTH).ok_or(PersonalFieldError::Iv)?;
    let iv: Iv = iv.parse().map_err(|IvError| PersonalFieldError::Iv)?;
    let ciphertext =
        STANDARD.decode(ciphertext.replace(' ', "+")).map_err(|_| PersonalFieldError::Base64)?;
    let seed = access_key.as_bytes();
    let plain = match strength {
        Strength::Aes128 => cbc::Decryptor::<Aes128>::new(&key(seed).into(), &iv.0.into())
            .decrypt_padded_vec::<Pkcs7>(&ciphertext),
        Strength::Aes256 => cbc::Decryptor::<Aes256>::new(&key(seed).into(), &iv.0.into())
            .decrypt_padded_vec::<Pkcs7>(&ciphertext),
    };
    let plain = plain.map_err(|_| PersonalFieldError::Ciphertext)?;
    String::from_utf8(plain).map_err(|_| PersonalFieldError::Ciphertext)
}

fn key<const N: usize>(seed: &[u8]) -> [u8; N] {
    sha1prng::draw(seed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{Iv, PersonalFieldError, Strength, decrypt, encrypt};

    const KEY: &str = "11111111-2222-3333-4444-555555555555";

    const VECTORS: [(Strength, &str, &str, &str); 6] = [
        (
            Strength::Aes256,
            "AbCdEfGh12345678",
            "15905222222",
            "AbCdEfGh12345678mci+oWKEi7E1WJF64THVew==",
        ),
        (
            Strength::Aes128,
            "AbCdEfGh12345678",
            "15905222222",
            "AbCdEfGh12345678le7JNAesGlP3dVIuSfbOSA==",
        ),
        (
            Strength::Aes256,
            "0123456789abcdef",
            "user@example.com",
            "0123456789abcdefcbKxxYsUZfnDjKRQDDkGobaemwh1YaIktyxY3rmkGLw=",
        ),
        (
            Strength::Aes128,
            "0123456789abcdef",
            "user@example.com",
            "0123456789abcdef0bMDCAHmS0cQCqaQmnpD9T/FA9uRK+Xb8Sc2/eQ/kOc=",
        ),
        (
            Strength::Aes256,
            "ZZZZZZZZZZZZZZZZ",
            "用户名",
            "ZZZZZZZZZZZZZZZZnDVgiYdmCtK8VMlIb04a5A==",
        ),
        (
            Strength::Aes128,
            "ZZZZZZZZZZZZZZZZ",
            "用户名",
            "ZZZZZZZZZZZZZZZZgwFvu3gO4pbODJ+8OqdpCw==",
        ),
    ];

    #[test]
    fn encryption_reproduces_the_vectors() {
        for (strength, iv, plain, wire) in VECTORS {
            assert_eq!(encrypt(KEY, strength, iv.parse().unwrap(), plain), wire);
        }
    }

    #[test]
    fn vectors_are_decrypted_with_plus_signs_or_with_spaces() {
        for (strength, _, plain, wire) in VECTORS {
            assert_eq!(decrypt(KEY, strength, wire).as_deref(), Ok(plain));
            assert_eq!(decrypt(KEY, strength, &wire.replace('+', " ")).as_deref(), Ok(plain));
        }
    }

    #[test]
    fn each_fault_of_a_ciphertext_has_its_own_error() {
        let read = |wire| decrypt(KEY, Strength::Aes256, wire);
        assert_eq!(read("AbCdEfGh1234567"), Err(PersonalFieldError::Iv));
        assert_eq!(read("用户名用户名"), Err(PersonalFieldError::Iv));
        assert_eq!(read("AbCdEfGh-2345678mci+oWKEi7E1WJF64THVew=="), Err(PersonalFieldError::Iv));
        assert_eq!(read("AbCdEfGh12345678mci%2BoWKEi7E"), Err(PersonalFieldError::Base64));
        assert_eq!(read("AbCdEfGh12345678mci="), Err(PersonalFieldError::Base64));
        assert_eq!(read("AbCdEfGh12345678"), Err(PersonalFieldError::Ciphertext));
        // This field was encrypted with the other strength.
        assert_eq!(
            read("AbCdEfGh12345678le7JNAesGlP3dVIuSfbOSA=="),
            Err(PersonalFieldError::Ciphertext)
        );
    }

    #[test]
    fn a_numbered_vector_has_the_form_of_the_guide() {
        assert_eq!(Iv::numbered(0).to_string(), "KooGallery000000");
        assert_eq!(Iv::numbered(40_312).to_string(), "KooGallery040312");
        assert_eq!(Iv::numbered(u16::MAX).to_string().parse(), Ok(Iv::numbered(65_535)));
    }
}
