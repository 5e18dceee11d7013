//! One RSA private key: made, read, written, and asked to open bytes.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::error::ErrorStack;
use openssl::md::{Md, MdRef};
use openssl::pkey::{HasPublic, PKey, PKeyRef, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};
use thiserror::Error;

/// An RSA private key of any size. [`super::PrivateKeys`] holds keys to theirs.
#[derive(Clone)]
pub struct PrivateKey(PKey<Private>);

/// OAEP with its two hashes: of the (empty) label, and within the mask.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Oaep {
    /// What Java does under the name `RSA/ECB/OAEPWithSHA-256AndMGF1Padding`.
    Sha256Mgf1Sha1,
    /// What most others do under that name.
    Sha256Mgf1Sha256,
    /// What Java does under the name `RSA/ECB/OAEPPadding`.
    Sha1Mgf1Sha1,
}

/// The sizes that keys are made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Size {
    /// The least that the marketplace takes.
    Bits3072,
    /// More, at more than twice the time.
    Bits4096,
}

/// A key is not made, or not written: the machine has no memory or no randomness.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("key is not made")]
pub struct KeyGenerationError;

/// A text is not sealed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum EncryptError {
    /// OAEP pads within one block, so the key bounds the text (RFC 8017, section 7.1.1).
    #[error("text to seal is {length} bytes long, and this key seals {most} at most: shorten it")]
    TooLong {
        /// The text's bytes.
        length: usize,
        /// How many the key seals.
        most: usize,
    },
    /// The machine has no memory or no randomness.
    #[error("text is not sealed: the machine has no memory or no randomness")]
    Failed,
}

impl Oaep {
    /// In the order in which they are tried (decision B10).
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
    /// Makes a key pair.
    ///
    /// # Errors
    /// [`KeyGenerationError`].
    pub fn generate(size: Size) -> Result<Self, KeyGenerationError> {
        let bits = match size {
            Size::Bits3072 => 3072,
            Size::Bits4096 => 4096,
        };
        let rsa = Rsa::generate(bits).map_err(|_| KeyGenerationError)?;
        PKey::from_rsa(rsa).map(Self).map_err(|_| KeyGenerationError)
    }

    /// Reads DER of PKCS#8. `None` for anything but an RSA key.
    pub fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let key = PKey::private_key_from_pkcs8(der).ok()?;
        // Through the RSA key: one that is for PSS signatures alone cannot decrypt.
        key.rsa().and_then(PKey::from_rsa).map(Self).ok()
    }

    /// Whether DER of PKCS#8 holds a key that is whole, but not RSA.
    pub fn is_of_another_kind(der: &[u8]) -> bool {
        PKey::private_key_from_pkcs8(der).is_ok_and(|key| key.rsa().is_err())
    }

    /// Reads DER of PKCS#1.
    pub fn from_pkcs1(der: &[u8]) -> Option<Self> {
        let rsa = Rsa::private_key_from_der(der);
        rsa.and_then(PKey::from_rsa).map(Self).ok()
    }

    /// The size of the modulus.
    pub fn bits(&self) -> usize {
        self.0.bits().try_into().unwrap_or_default()
    }

    /// PEM of PKCS#8, without a passphrase.
    ///
    /// # Errors
    /// [`KeyGenerationError`].
    pub fn to_pem(&self) -> Result<String, KeyGenerationError> {
        let pem = self.0.private_key_to_pem_pkcs8().map_err(|_| KeyGenerationError)?;
        String::from_utf8(pem).map_err(|_| KeyGenerationError)
    }

    /// The public half as the seller's console wants it: X.509 `SubjectPublicKeyInfo` in base64,
    /// one line, without PEM's header and footer.
    ///
    /// # Errors
    /// [`KeyGenerationError`].
    pub fn public_text(&self) -> Result<String, KeyGenerationError> {
        let der = self.0.public_key_to_der().map_err(|_| KeyGenerationError)?;
        Ok(STANDARD.encode(der))
    }

    /// Opens bytes. A ciphertext that is not as long as the modulus does not open, and costs the
    /// same: zeros are tried in its place.
    pub fn decrypt(&self, oaep: Oaep, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let zeros = vec![0; self.0.size()];
        let fits = ciphertext.len() == zeros.len();
        let tried = if fits { ciphertext } else { &zeros };
        // The error says no more than that there is one, and its queue is emptied with it.
        let opened = self.oaep(oaep, tried).ok();
        opened.filter(|_| fits)
    }

    /// Seals a text with the public half, as the marketplace does: base64. For whoever plays the
    /// marketplace.
    ///
    /// # Errors
    /// [`EncryptError`].
    pub fn seal(&self, oaep: Oaep, text: &str) -> Result<String, EncryptError> {
        seal(&self.0, oaep, text)
    }

    /// Whether the two halves fit: what the public one makes of a number the private one undoes.
    pub(super) fn is_whole(&self) -> bool {
        let mut number = vec![0; self.0.size()];
        number.fill(0x5a);
        if let Some(first) = number.first_mut() {
            // Below every modulus of this size.
            *first = 0;
        }
        let there = self.there_and_back(&number);
        there.is_ok_and(|back| back == number)
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

    fn there_and_back(&self, number: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut context = PkeyCtx::new(&self.0)?;
        context.encrypt_init()?;
        context.set_rsa_padding(Padding::NONE)?;
        let mut there = Vec::new();
        context.encrypt_to_vec(number, &mut there)?;
        context.decrypt_init()?;
        context.set_rsa_padding(Padding::NONE)?;
        let mut back = Vec::new();
        context.decrypt_to_vec(&there, &mut back)?;
        Ok(back)
    }
}

/// Seals a text with the public half of a key: base64.
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
    let sealed = sealed(key, oaep, text.as_bytes()).map_err(|_| EncryptError::Failed)?;
    Ok(STANDARD.encode(sealed))
}

fn sealed<K: HasPublic>(
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
    let mut sealed = Vec::new();
    context.encrypt_to_vec(plaintext, &mut sealed)?;
    Ok(sealed)
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PrivateKey([redacted])")
    }
}
