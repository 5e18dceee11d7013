//! One RSA private key: generates, reads and writes it, and decrypts with it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::error::ErrorStack;
use openssl::md::{Md, MdRef};
use openssl::pkey::{HasPublic, PKey, PKeyRef, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};
use thiserror::Error;

/// An RSA private key of any size. [`super::PrivateKeys`] limits the size.
#[derive(Clone)]
pub struct PrivateKey(PKey<Private>);

/// OAEP with its two hashes: the hash of the empty label, and the hash of the mask function MGF1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Oaep {
    /// Java's `RSA/ECB/OAEPWithSHA-256AndMGF1Padding`.
    Sha256Mgf1Sha1,
    /// Most other libraries use this for the same name.
    Sha256Mgf1Sha256,
    /// Java's `RSA/ECB/OAEPPadding`.
    Sha1Mgf1Sha1,
}

/// The size of a generated key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Size {
    /// 3072 bits: the minimum of the marketplace.
    Bits3072,
    /// 4096 bits. Each decryption takes more than twice the time.
    Bits4096,
}

/// A key cannot be generated or written, because the machine has no memory or no randomness.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("key cannot be generated or written; the machine has no memory or no randomness")]
pub struct KeyGenerationError;

/// Why a text cannot be encrypted.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum EncryptError {
    /// OAEP encrypts only one block, so the key size limits the text (RFC 8017, section 7.1.1).
    #[error("text has {length} bytes, but this key encrypts at most {most}; shorten the text")]
    TooLong {
        /// The length of the text in bytes.
        length: usize,
        /// How many bytes the key encrypts.
        most: usize,
    },
    /// The machine has no memory or no randomness.
    #[error("text cannot be encrypted; the machine has no memory or no randomness")]
    Failed,
}

impl Oaep {
    /// All paddings, in the order of the attempts (decision B10).
    pub const ALL: [Self; 3] = [Self::Sha256Mgf1Sha1, Self::Sha256Mgf1Sha256, Self::Sha1Mgf1Sha1];

    fn hashes(self) -> (&'static MdRef, &'static MdRef) {
        match self {
            Self::Sha256Mgf1Sha1 => (Md::sha256(), Md::sha1()),
            Self::Sha256Mgf1Sha256 => (Md::sha256(), Md::sha256()),
            Self::Sha1Mgf1Sha1 => (Md::sha1(), Md::sha1()),
        }
    }
}

impl PrivateKey {
    /// Generates a key pair.
    ///
    /// # Errors
    /// If the machine has no memory or no randomness.
    pub fn generate(size: Size) -> Result<Self, KeyGenerationError> {
        let bits = match size {
            Size::Bits3072 => 3072,
            Size::Bits4096 => 4096,
        };
        let rsa = Rsa::generate(bits).map_err(|_| KeyGenerationError)?;
        PKey::from_rsa(rsa).map(Self).map_err(|_| KeyGenerationError)
    }

    /// Reads DER of PKCS#8. `None` if it is not an RSA key.
    pub fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let key = PKey::private_key_from_pkcs8(der).ok()?;
        // The conversion through the RSA key drops a restriction to PSS signatures, which forbids
        // decryption.
        key.rsa().and_then(PKey::from_rsa).map(Self).ok()
    }

    /// Whether DER of PKCS#8 contains a valid key that is not an RSA key.
    pub fn is_of_another_kind(der: &[u8]) -> bool {
        PKey::private_key_from_pkcs8(der).is_ok_and(|key| key.rsa().is_err())
    }

    /// Reads DER of PKCS#1. `None` if it is not an RSA key.
    pub fn from_pkcs1(der: &[u8]) -> Option<Self> {
        let rsa = Rsa::private_key_from_der(der);
        rsa.and_then(PKey::from_rsa).map(Self).ok()
    }

    /// The size of the modulus in bits.
    pub fn bits(&self) -> usize {
        self.0.bits().try_into().unwrap_or_default()
    }

    /// Writes PEM of PKCS#8 without a passphrase.
    ///
    /// # Errors
    /// If the machine has no memory or no randomness.
    pub fn to_pem(&self) -> Result<String, KeyGenerationError> {
        let pem = self.0.private_key_to_pem_pkcs8().map_err(|_| KeyGenerationError)?;
        String::from_utf8(pem).map_err(|_| KeyGenerationError)
    }

    /// Writes the public key in the form that the seller's console expects: X.509
    /// `SubjectPublicKeyInfo` in base64, on one line, without PEM's first and last line.
    ///
    /// # Errors
    /// If the machine has no memory or no randomness.
    pub fn public_text(&self) -> Result<String, KeyGenerationError> {
        let der = self.0.public_key_to_der().map_err(|_| KeyGenerationError)?;
        Ok(STANDARD.encode(der))
    }

    /// Decrypts bytes. `None` if that fails. A ciphertext that is not as long as the modulus fails
    /// after the same time: zeros are decrypted instead.
    pub fn decrypt(&self, oaep: Oaep, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let zeros = vec![0; self.0.size()];
        let fits = ciphertext.len() == zeros.len();
        let tried = if fits { ciphertext } else { &zeros };
        // The reason must not be visible. Converting the error also empties OpenSSL's error queue.
        let decrypted = self.oaep(oaep, tried).ok();
        decrypted.filter(|_| fits)
    }

    /// Encrypts a text with the public key, as the marketplace does. Returns base64. Only tools
    /// that simulate the marketplace need it.
    ///
    /// # Errors
    /// If the text is too long, or encryption fails.
    pub fn seal(&self, oaep: Oaep, text: &str) -> Result<String, EncryptError> {
        seal(&self.0, oaep, text)
    }

    /// Whether the private key decrypts a number that the public key encrypted.
    pub(super) fn is_whole(&self) -> bool {
        let mut number = vec![0; self.0.size()];
        number.fill(0x5a);
        if let Some(first) = number.first_mut() {
            // So the number is below every modulus of this size.
            *first = 0;
        }
        let returned = self.round_trip(&number);
        returned.is_ok_and(|returned| returned == number)
    }

    fn oaep(&self, oaep: Oaep, ciphertext: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let (label, mask) = oaep.hashes();
        let mut context = PkeyCtx::new(&self.0)?;
        context.decrypt_init()?;
        context.set_rsa_padding(Padding::PKCS1_OAEP)?;
        context.set_rsa_oaep_md(label)?;
        context.set_rsa_mgf1_md(mask)?;
        let mut plaintext = Vec::new();
        context.decrypt_to_vec(ciphertext, &mut plaintext)?;
        Ok(plaintext)
    }

    fn round_trip(&self, number: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut context = PkeyCtx::new(&self.0)?;
        context.encrypt_init()?;
        context.set_rsa_padding(Padding::NONE)?;
        let mut encrypted = Vec::new();
        context.encrypt_to_vec(number, &mut encrypted)?;
        context.decrypt_init()?;
        context.set_rsa_padding(Padding::NONE)?;
        let mut decrypted = Vec::new();
        context.decrypt_to_vec(&encrypted, &mut decrypted)?;
        Ok(decrypted)
    }
}

/// Encrypts a text with a public key. Returns base64.
pub(super) fn seal<K: HasPublic>(
    key: &PKeyRef<K>,
    oaep: Oaep,
    text: &str,
) -> Result<String, EncryptError> {
    let (label, _) = oaep.hashes();
    let (length, most) = (text.len(), key.size().saturating_sub(2 * label.size() + 2));
    if length > most {
        return Err(EncryptError::TooLong { length, most });
    }
    let ciphertext = encrypted(key, oaep, text.as_bytes()).map_err(|_| EncryptError::Failed)?;
    Ok(STANDARD.encode(ciphertext))
}

fn encrypted<K: HasPublic>(
    key: &PKeyRef<K>,
    oaep: Oaep,
    plaintext: &[u8],
) -> Result<Vec<u8>, ErrorStack> {
    let (label, mask) = oaep.hashes();
    let mut context = PkeyCtx::new(key)?;
    context.encrypt_init()?;
    context.set_rsa_padding(Padding::PKCS1_OAEP)?;
    context.set_rsa_oaep_md(label)?;
    context.set_rsa_mgf1_md(mask)?;
    let mut ciphertext = Vec::new();
    context.encrypt_to_vec(plaintext, &mut ciphertext)?;
    Ok(ciphertext)
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PrivateKey([redacted])")
    }
}
