//! A sealed text that lies in a file: the private keys of the kit, which travel in a function's package.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{NONCE_LEN, Seal, SealError};

/// Whether a text was sealed by [`Seal::seal_text`].
pub fn is_sealed_text(text: &str) -> bool {
    text.starts_with(BEGIN)
}

impl Seal {
    /// Seals a text for a place that is not in the store. Never use a nonce twice.
    ///
    /// # Errors
    /// See [`Self::seal`].
    pub fn seal_text(
        &self,
        place: &str,
        text: &str,
        nonce: [u8; NONCE_LEN],
    ) -> Result<String, SealError> {
        let sealed = self.seal(&outside(place), text.as_bytes(), nonce)?;
        Ok(format!("{BEGIN}{}\n", STANDARD.encode(sealed)))
    }

    /// Decrypts a text that [`Self::seal_text`] sealed for this place.
    ///
    /// # Errors
    /// If none of the keys sealed it for this place.
    pub fn open_text(&self, place: &str, text: &str) -> Result<String, SealError> {
        let sealed = text.trim_end().strip_prefix(BEGIN).ok_or(SealError)?;
        let sealed = STANDARD.decode(sealed).map_err(|_| SealError)?;
        if !Self::is_sealed(&sealed) {
            return Err(SealError);
        }
        String::from_utf8(self.open(&outside(place), &sealed)?).map_err(|_| SealError)
    }
}

/// No key in the store has this form, so that a stored value cannot be passed off as such a text.
fn outside(place: &str) -> String {
    format!("file {place}")
}

/// How a sealed text begins.
const BEGIN: &str = "koohook-sealed:";

#[cfg(test)]
mod tests {
    use super::super::{Clear, SealKey};
    use super::*;

    fn seal(letter: u8, previous: &[u8]) -> Seal {
        let key = |letter: &u8| SealKey([*letter; 32]);
        let previous: Vec<_> = previous.iter().map(key).collect();
        Seal::new(Some(&key(&letter)), &previous, Clear::Refused)
    }

    #[test]
    fn a_text_is_decrypted_with_its_key_and_for_its_place() {
        let sealed = seal(1, &[]).seal_text("rsa", "-----BEGIN", [7; NONCE_LEN]).unwrap();
        assert!(is_sealed_text(&sealed) && !sealed.contains("BEGIN"));
        assert_eq!(seal(1, &[]).open_text("rsa", &sealed).as_deref(), Ok("-----BEGIN"));
        assert_eq!(seal(2, &[1]).open_text("rsa", sealed.trim_end()).as_deref(), Ok("-----BEGIN"));
        assert_eq!(seal(2, &[]).open_text("rsa", &sealed), Err(SealError));
        assert_eq!(seal(1, &[]).open_text("other", &sealed), Err(SealError));
    }

    #[test]
    fn what_is_not_a_sealed_text_is_refused() {
        let clear = format!("{BEGIN}{}", STANDARD.encode([b"\0".as_slice(), b"text"].concat()));
        let unencrypted = Seal::new(None, None, Clear::Allowed);
        for text in ["", BEGIN, "koohook-sealed:%", "-----BEGIN", &clear] {
            assert_eq!(seal(1, &[]).open_text("rsa", text), Err(SealError), "{text}");
            assert_eq!(unencrypted.open_text("rsa", text), Err(SealError), "{text}");
        }
        let stored = seal(1, &[]).seal("rsa", b"text", [7; NONCE_LEN]).unwrap();
        let stored = format!("{BEGIN}{}", STANDARD.encode(stored));
        assert_eq!(seal(1, &[]).open_text("rsa", &stored), Err(SealError));
    }
}
