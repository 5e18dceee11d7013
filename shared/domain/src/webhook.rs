//! Standard Webhooks (<https://www.standardwebhooks.com>, version 1.0.0): the signature of notices
//! and of the product's messages. The published crate reads the clock, which the domain must not
//! do, so this module implements the scheme.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;
use thiserror::Error;

use protocol::mac::hmac_sha256;
use protocol::time::UnixMillis;

/// The secrets that sign messages. Every secret signs every message. So the other side can change
/// from one secret to the next at any time. The first secret is the newest.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<Vec<u8>>);

/// Why a setting is not a valid secret. The error never contains the setting's text.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum WebhookSecretError {
    /// The setting is empty or contains only blanks.
    #[error("is empty; it must be whsec_ and 24 to 64 bytes in base64")]
    Empty,
    /// A secret does not begin with the prefix.
    #[error("has a secret that does not begin with whsec_; copy the whole secret")]
    Unnamed,
    /// A secret begins with the prefix twice.
    #[error("has a secret that begins with whsec_ twice; remove one")]
    NamedTwice,
    /// The text after the prefix is not base64: letters are missing or were changed.
    #[error("has a secret that is not base64 after whsec_; copy the whole secret")]
    NotBase64,
    /// A secret is too short to be safe, or longer than the scheme allows.
    #[error("has a secret that is not 24 to 64 bytes long; generate a new secret")]
    Size,
}

/// The three headers of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WebhookHeaders<'a> {
    /// `webhook-id`: the same in every attempt.
    pub id: &'a str,
    /// `webhook-timestamp`: the time of this attempt, in seconds.
    pub timestamp: &'a str,
    /// `webhook-signature`: one or more signatures, separated by blanks.
    pub signature: &'a str,
}

/// A message that was verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VerifiedMessage {
    /// When it was signed.
    pub at: UnixMillis,
    /// Whether the newest secret signed it.
    pub is_newest: bool,
}

/// Why a message is not verified.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum WebhookError {
    /// A header is missing or malformed.
    #[error(
        "webhook headers are missing or malformed; send webhook-id, webhook-timestamp and webhook-signature, each once"
    )]
    Malformed,
    /// The message was signed too long ago or too far in the future.
    #[error("webhook timestamp is more than 300 s away from now; check the clock")]
    OutsideTolerance,
    /// No signature was made with one of the secrets.
    #[error("webhook signature is wrong; check the secret and the signed bytes")]
    WrongSignature,
}

/// The largest difference between a message's time and the current time (decision E3).
pub const WEBHOOK_TOLERANCE: Duration = Duration::from_secs(300);

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1,";

impl WebhookSecrets {
    /// Parses one or more secrets, separated by blanks.
    ///
    /// # Errors
    /// If there is no secret, or a secret is not valid.
    pub fn parse(text: &str) -> Result<Self, WebhookSecretError> {
        let secrets: Result<Vec<_>, _> = text.split_ascii_whitespace().map(secret).collect();
        let secrets = secrets?;
        if secrets.is_empty() { Err(WebhookSecretError::Empty) } else { Ok(Self(secrets)) }
    }

    /// The `webhook-signature` of a message that is sent at a time in seconds.
    pub fn sign(&self, id: &str, seconds: u64, body: &[u8]) -> String {
        let timestamp = seconds.to_string();
        let signed = self.0.iter().map(|secret| {
            format!("{VERSION}{}", STANDARD.encode(mac(secret, id, &timestamp, body)))
        });
        signed.collect::<Vec<_>>().join(" ")
    }

    /// Verifies a message. Returns the time when it was signed.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn verify(
        &self,
        headers: &WebhookHeaders<'_>,
        body: &[u8],
        now: UnixMillis,
    ) -> Result<UnixMillis, WebhookError> {
        self.verify_by(headers, body, now).map(|verified| verified.at)
    }

    /// Verifies a message as [`Self::verify`] does, and returns also whether the newest secret signed
    /// it.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn verify_by(
        &self,
        headers: &WebhookHeaders<'_>,
        body: &[u8],
        now: UnixMillis,
    ) -> Result<VerifiedMessage, WebhookError> {
        let WebhookHeaders { id, timestamp, signature } = headers;
        let digits = timestamp.len() <= 12 && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = timestamp.parse::<u64>().ok().filter(|_| digits && !id.is_empty());
        let at = seconds.map(|seconds| UnixMillis::new(seconds.saturating_mul(1_000)));
        let at = at.ok_or(WebhookError::Malformed)?;
        if at.since(now).max(now.since(at)) > WEBHOOK_TOLERANCE {
            return Err(WebhookError::OutsideTolerance);
        }
        let given: Vec<Vec<u8>> = signature.split(' ').filter_map(given).collect();
        // Every secret is compared with every signature, so that the duration does not depend on
        // which secret matched.
        let mut matches = 0;
        let mut newest_matches = 0;
        for (secret, place) in self.0.iter().zip(0_usize..) {
            let ours = mac(secret, id, timestamp, body);
            for theirs in &given {
                let is_equal = u32::from(bool::from(ours.ct_eq(theirs)));
                matches += is_equal;
                newest_matches += is_equal * u32::from(place == 0);
            }
        }
        let is_newest = newest_matches > 0;
        let verified = (matches > 0).then_some(VerifiedMessage { at, is_newest });
        verified.ok_or(WebhookError::WrongSignature)
    }
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookSecrets([redacted])")
    }
}

fn secret(text: &str) -> Result<Vec<u8>, WebhookSecretError> {
    let letters = text.strip_prefix(PREFIX).ok_or(WebhookSecretError::Unnamed)?;
    if letters.starts_with(PREFIX) {
        return Err(WebhookSecretError::NamedTwice);
    }
    let bytes = STANDARD.decode(letters).map_err(|_| WebhookSecretError::NotBase64)?;
    Some(bytes).filter(|bytes| (24..=64).contains(&bytes.len())).ok_or(WebhookSecretError::Size)
}

fn given(signature: &str) -> Option<Vec<u8>> {
    STANDARD.decode(signature.strip_prefix(VERSION)?).ok()
}

fn mac(secret: &[u8], id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
    hmac_sha256(secret, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body])
}
