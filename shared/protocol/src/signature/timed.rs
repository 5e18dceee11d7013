//! The common part of both V2 schemes: a signature with a timestamp and a nonce. It covers the body
//! as received, or the body's canonical form.

use hex::FromHex;

use super::contract::{Contract, Interface};
use super::rejection::Rejection;
use super::signer::{Out, signer};
use super::verified::{SignedForm, UntimelyCall, Verified};
use crate::access_key::{AccessKey, Keyring};
use crate::json::{Document, JsonError, Members, Outline, Reading, Scalars};
use crate::mac::Mac;
use crate::time::UnixMillis;

/// The unit of V2's `timestamp` in this installation. koohook accepts only one unit: the signed
/// text has no separators, so an attacker could move digits between nonce and timestamp.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TimestampUnit {
    /// 13 digits, as in the guide's examples.
    #[default]
    Milliseconds,
    /// 10 digits, as in the text of the international guide.
    Seconds,
}

/// How far a V2 `timestamp` may be before or after now (V2 guide, page "security token": 60 s).
/// koohook must remember used signatures for more than twice this time. Otherwise a captured query
/// could be used a second time.
pub const TOLERANCE_MILLIS: u64 = 60_000;

/// How one interface type signs.
pub(super) struct Scheme {
    pub interface: Interface,
    /// Starts the HMAC of a payload with access key, nonce and timestamp.
    pub begin: fn(&str, &str, &str) -> Mac,
    /// Computes the signature from the HMAC over the payload.
    pub finish: fn(Mac, &str, &str, &str) -> [u8; 32],
    pub scalars: Scalars,
}

impl Scheme {
    /// Signs a payload.
    pub fn sign(&self, access_key: &str, nonce: &str, timestamp: &str, payload: &[u8]) -> [u8; 32] {
        let mac = (self.begin)(access_key, nonce, timestamp).with(&[payload]);
        (self.finish)(mac, access_key, nonce, timestamp)
    }
}

/// A signature, timestamp and nonce. Their shapes are valid.
pub(super) struct SignatureFields {
    signature: [u8; 32],
    timestamp: String,
    /// When the call was signed, or why this time cannot be accepted.
    signed_at: Result<UnixMillis, Rejection>,
    nonce: String,
}

impl SignatureFields {
    /// Reads all values of each field. More than one value is an error. A timestamp outside the
    /// tolerance or in the other unit is an error of [`Self::verify`]: only the signature shows
    /// whether the marketplace sent it.
    pub fn parse(
        signatures: Vec<String>,
        timestamps: Vec<String>,
        nonces: Vec<String>,
        unit: TimestampUnit,
        now: UnixMillis,
    ) -> Result<Self, Rejection> {
        let [signature, timestamp, nonce] = [signatures, timestamps, nonces].map(single);
        let (signature, timestamp, nonce) = (signature?, timestamp?, nonce?);
        let timestamp = timestamp.ok_or(Rejection::TimestampMalformed)?;
        let signed_at = parse_timestamp(&timestamp, unit).and_then(|at| within_tolerance(at, now));
        if signed_at == Err(Rejection::TimestampMalformed) {
            return Err(Rejection::TimestampMalformed);
        }
        // The timestamp is judged first.
        let first = |rejection| signed_at.err().unwrap_or(rejection);
        let nonce = nonce.filter(|nonce| is_nonce(nonce));
        let nonce = nonce.ok_or_else(|| first(Rejection::NonceMalformed))?;
        let signature = signature.filter(|hex| !hex.is_empty());
        let signature = signature.ok_or_else(|| first(Rejection::SignatureMissing))?;
        let signature =
            <[u8; 32]>::from_hex(signature).map_err(|_| first(Rejection::SignatureMalformed))?;
        Ok(Self { signature, timestamp, signed_at, nonce })
    }

    /// Verifies the body as received. If that fails, it verifies the canonical form. The result
    /// contains the members of the signed form.
    pub fn verify(
        self,
        scheme: &Scheme,
        body: &[u8],
        keys: &Keyring,
    ) -> Result<Verified, Rejection> {
        let signed = self.find_signer(scheme, body, keys);
        let signed_at = match (self.signed_at, &signed) {
            (Ok(signed_at), _) => signed_at,
            (Err(rejection), Ok(_)) => return Err(rejection.of_signed()),
            (Err(rejection), Err(_)) => return Err(rejection),
        };
        let (form, key) = signed?;
        Ok(Verified {
            interface: scheme.interface,
            contract: Contract::V2,
            members: signed_members(body)?,
            signed_at: Some(signed_at),
            form,
            signature: self.signature,
            key: key.clone(),
        })
    }

    /// Reads a call that one of the keys signed, although its timestamp cannot be accepted.
    pub fn untimely(self, scheme: &Scheme, body: &[u8], keys: &Keyring) -> Option<UntimelyCall> {
        self.signed_at.is_err().then_some(())?;
        let timely = Self { signed_at: Ok(UnixMillis::EPOCH), ..self };
        timely.verify(scheme, body, keys).ok().map(UntimelyCall)
    }

    /// Finds the key that signed the body, and the form that it signed.
    fn find_signer<'k>(
        &self,
        scheme: &Scheme,
        body: &[u8],
        keys: &'k Keyring,
    ) -> Result<(SignedForm, &'k AccessKey), Rejection> {
        let received = self.signer(scheme, keys, |out| {
            out(body);
            Ok(())
        })?;
        match received {
            Some(key) => Ok((SignedForm::Received, key)),
            None => Ok((SignedForm::Canonical, self.canonical_signer(scheme, body, keys)?)),
        }
    }

    /// Finds the key that signed the canonical form. If a member is repeated, the signature may
    /// cover the first or the last one.
    fn canonical_signer<'k>(
        &self,
        scheme: &Scheme,
        body: &[u8],
        keys: &'k Keyring,
    ) -> Result<&'k AccessKey, Rejection> {
        let mut outline = Outline::of(body)?;
        let readings: &[_] = if outline.names_again() {
            &[Reading::First, Reading::Last]
        } else {
            &[Reading::First]
        };
        for reading in readings {
            let key = self.signer(scheme, keys, |out| {
                outline.write_canonical(*reading, scheme.scalars, &mut |text| out(text.as_bytes()))
            })?;
            if let Some(key) = key {
                return Ok(key);
            }
        }
        Err(Rejection::SignatureWrong)
    }

    fn signer<'k>(
        &self,
        scheme: &Scheme,
        keys: &'k Keyring,
        write: impl FnOnce(Out<'_>) -> Result<(), JsonError>,
    ) -> Result<Option<&'k AccessKey>, Rejection> {
        let Self { nonce, timestamp, .. } = self;
        let begin = |key: &AccessKey| (scheme.begin)(key.as_str(), nonce, timestamp);
        let finish = |key: &AccessKey, mac| (scheme.finish)(mac, key.as_str(), nonce, timestamp);
        Ok(signer(keys, &self.signature, begin, finish, write)?)
    }
}

/// Reads the members of a body after its signature was verified. If a member is repeated with
/// different values, koohook executes neither reading.
fn signed_members(body: &[u8]) -> Result<Members, Rejection> {
    match Document::parse(body) {
        Ok(document) if document.conflicting => Err(Rejection::BodyConflicting),
        Ok(document) => Ok(document.members),
        Err(JsonError::TooManyNodes) => Err(Rejection::TooManyNodes),
        Err(JsonError::Malformed | JsonError::TooDeep | JsonError::NotAnObject) => {
            Err(Rejection::BodyMalformed)
        }
    }
}

fn single(mut values: Vec<String>) -> Result<Option<String>, Rejection> {
    match values.len() {
        0 | 1 => Ok(values.pop()),
        _ => Err(Rejection::ParameterRepeated),
    }
}

fn parse_timestamp(text: &str, unit: TimestampUnit) -> Result<UnixMillis, Rejection> {
    let digits = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u64>().ok().filter(|_| digits);
    match (unit, text.len(), number) {
        (TimestampUnit::Milliseconds, 13, Some(millis)) => Ok(UnixMillis::new(millis)),
        (TimestampUnit::Seconds, 10, Some(seconds)) => Ok(UnixMillis::new(seconds * 1_000)),
        (_, 10 | 13, Some(_)) => Err(Rejection::TimestampOtherUnit { signed: false }),
        _ => Err(Rejection::TimestampMalformed),
    }
}

fn within_tolerance(signed_at: UnixMillis, now: UnixMillis) -> Result<UnixMillis, Rejection> {
    let is_within = signed_at.millis().abs_diff(now.millis()) <= TOLERANCE_MILLIS;
    if is_within { Ok(signed_at) } else { Err(Rejection::OutsideTolerance { signed: false }) }
}

fn is_nonce(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_must_have_the_configured_unit() {
        let read = |text| parse_timestamp(text, TimestampUnit::Milliseconds);
        assert_eq!(read("1791234567000"), Ok(UnixMillis::new(1_791_234_567_000)));
        assert_eq!(read("1791234567"), Err(Rejection::TimestampOtherUnit { signed: false }));
        let bad = [
            "+1791234567000",
            " 1791234567000",
            "1791234567000.0",
            "1.791e12",
            "0x1A10D6C2A9E",
            "١٧٩١٢٣٤٥٦٧٠٠٠",
            "17912345670001791234",
            "-179123456700",
            "",
            "0791234567000",
        ];
        for text in bad {
            assert_eq!(read(text), Err(Rejection::TimestampMalformed), "{text:?}");
        }
        let seconds = |text| parse_timestamp(text, TimestampUnit::Seconds);
        assert_eq!(seconds("1791234567"), Ok(UnixMillis::new(1_791_234_567_000)));
        assert_eq!(seconds("1791234567000"), Err(Rejection::TimestampOtherUnit { signed: false }));
    }

    #[test]
    fn a_nonce_must_be_short_and_printable() {
        assert!(is_nonce("a") && is_nonce(&"~".repeat(128)));
        for text in ["", " ", "a b", "a\r\n", "😀", "\u{7f}", &"a".repeat(129)] {
            assert!(!is_nonce(text), "{text:?}");
        }
    }
}
