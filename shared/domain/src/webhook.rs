//! Standard Webhooks (<https://www.standardwebhooks.com>, version 1.0.0): the signature of notices
//! and of the product's own messages. The published crate reads the clock by itself; the domain
//! must not.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;
use thiserror::Error;

use protocol::mac::hmac_sha256;
use protocol::time::UnixMillis;

/// The secrets that sign. Each of them signs, so that the other side can change from one to the
/// next at its own time. The first is the newest.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<Vec<u8>>);

/// Why a setting is not a secret. Never says the text.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum WebhookSecretError {
    /// It is empty, or only blanks.
    #[error("is empty; wants whsec_ and 24 to 64 bytes in base64")]
    Empty,
    /// A secret does not begin with the prefix.
    #[error("has a secret that does not begin with whsec_; copy all of it")]
    Unnamed,
    /// A secret begins with the prefix twice.
    #[error("has a secret that begins with whsec_ twice; remove one")]
    NamedTwice,
    /// It is not base64 behind the prefix: letters are missing, or were changed.
    #[error("has a secret that is not base64 behind whsec_; copy all of it")]
    NotBase64,
    /// A secret is too short to be safe, or longer than the scheme allows.
    #[error("has a secret of fewer than 24 or more than 64 bytes")]
    Size,
}

/// The three headers of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WebhookHeaders<'a> {
    /// `webhook-id`: the same in every attempt.
    pub id: &'a str,
    /// `webhook-timestamp`: seconds, of this attempt.
    pub timestamp: &'a str,
    /// `webhook-signature`: one or more, separated by blanks.
    pub signature: &'a str,
}

/// Why a message does not verify.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum WebhookError {
    /// A header is missing, or not of its form.
    #[error("webhook headers malformed")]
    Malformed,
    /// The message was signed too long ago, or too far ahead.
    #[error("webhook timestamp outside the tolerance")]
    OutsideTolerance,
    /// None of the signatures is made with one of the secrets.
    #[error("webhook signature wrong")]
    WrongSignature,
}

/// How far a message's time may be from now (decision E3).
pub const WEBHOOK_TOLERANCE: Duration = Duration::from_secs(300);

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1,";

impl WebhookSecrets {
    /// Reads one secret or several, separated by blanks.
    ///
    /// # Errors
    /// If there is no secret, or one of them is not valid.
    pub fn parse(text: &str) -> Result<Self, WebhookSecretError> {
        let secrets: Result<Vec<_>, _> = text.split_ascii_whitespace().map(secret).collect();
        let secrets = secrets?;
        if secrets.is_empty() { Err(WebhookSecretError::Empty) } else { Ok(Self(secrets)) }
    }

    /// The `webhook-signature` of a message, at a time in seconds.
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
    /// As [`WebhookError`] says.
    pub fn verify(
        &self,
        headers: &WebhookHeaders<'_>,
        body: &[u8],
        now: UnixMillis,
    ) -> Result<UnixMillis, WebhookError> {
        let WebhookHeaders { id, timestamp, signature } = headers;
        let digits = timestamp.len() <= 12 && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = timestamp.parse::<u64>().ok().filter(|_| digits && !id.is_empty());
        let at = seconds.map(|seconds| UnixMillis::new(seconds.saturating_mul(1_000)));
        let at = at.ok_or(WebhookError::Malformed)?;
        if at.since(now).max(now.since(at)) > WEBHOOK_TOLERANCE {
            return Err(WebhookError::OutsideTolerance);
        }
        let given: Vec<Vec<u8>> = signature.split(' ').filter_map(given).collect();
        // Every secret is compared with every signature: the time must not depend on a match.
        let mut matches = 0;
        for secret in &self.0 {
            let ours = mac(secret, id, timestamp, body);
            for theirs in &given {
                matches += u32::from(bool::from(ours.ct_eq(theirs)));
            }
        }
        if matches > 0 { Ok(at) } else { Err(WebhookError::WrongSignature) }
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
