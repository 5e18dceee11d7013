//! The gateway's signature, `SDK-HMAC-SHA256`, and the lock of an access key.

use sha2::{Digest, Sha256};

use super::answer::Refusal;
use super::request::UsageRequest;
use super::stamp;
use crate::mac;
use crate::v2::hex;

/// Whether the gateway requires a signature. The guide contradicts itself.
///
/// It has no `Debug`, because it contains the secret key.
#[derive(Clone, Default, Eq, PartialEq)]
pub enum AkSk {
    /// The gateway does not look at `Authorization`.
    #[default]
    Ignored,
    /// The gateway requires a signature with this key.
    Required {
        /// The access key ID.
        ak: String,
        /// The secret access key.
        sk: String,
    },
}

/// Counts wrong signatures and locks the access key after five in a row.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct AkLock {
    wrong_in_a_row: u32,
    locked_until: u64,
    /// How often the key was locked.
    pub(super) times: usize,
}

impl AkLock {
    /// Verifies the signature of a request, if the gateway requires one.
    pub(super) fn admit(
        &mut self,
        request: &UsageRequest,
        required: &AkSk,
        now: u64,
    ) -> Result<(), Refusal> {
        let AkSk::Required { ak, sk } = required else {
            return Ok(());
        };
        if now < self.locked_until {
            return Err(Refusal::AK_LOCKED);
        }
        if is_signed(request, ak, sk, now) == Some(true) {
            self.wrong_in_a_row = 0;
            return Ok(());
        }
        self.wrong_in_a_row += 1;
        if self.wrong_in_a_row == MOST_WRONG {
            *self =
                Self { wrong_in_a_row: 0, locked_until: now + LOCK_MILLIS, times: self.times + 1 };
        }
        Err(Refusal::AK_SK)
    }
}

/// `None` if a header is missing or has another form.
fn is_signed(request: &UsageRequest, ak: &str, sk: &str, now: u64) -> Option<bool> {
    let fields = request.header("authorization")?.strip_prefix("SDK-HMAC-SHA256 ")?;
    let mut fields = fields.split(", ");
    let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
    let (access, names, signature) =
        (field("Access")?, field("SignedHeaders")?, field("Signature")?);
    let date = request.header("x-sdk-date")?;
    let signed: Vec<&str> = names.split(';').collect();
    let is_complete = ["host", "x-sdk-date"].iter().all(|name| signed.contains(name));
    let is_recent = (1_000 * stamp::seconds(date)?).abs_diff(now) <= MOST_SKEW_MILLIS;
    let right = sign(request, &signed, sk)?;
    Some(access == ak && is_complete && is_recent && signature == right)
}

/// Restates *Signing algorithm* of the API gateway. The path has no character that must be encoded,
/// and no query.
pub(super) fn sign(request: &UsageRequest, signed: &[&str], sk: &str) -> Option<String> {
    let headers: Option<String> = signed
        .iter()
        .map(|name| request.header(name).map(|value| format!("{name}:{value}\n")))
        .collect();
    let UsageRequest { method, path, body, .. } = request;
    let slash = if path.ends_with('/') { "" } else { "/" };
    let (headers, names, body) = (headers?, signed.join(";"), digest(body));
    let canonical = format!("{method}\n{path}{slash}\n\n{headers}\n{names}\n{body}");
    let date = request.header("x-sdk-date")?;
    let text = format!("SDK-HMAC-SHA256\n{date}\n{}", digest(canonical.as_bytes()));
    Some(hex(mac::hmac_sha256(sk.as_bytes(), text.as_bytes())))
}

fn digest(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).into())
}

/// The gateway's FAQ locks after more than five. One less is stricter.
const MOST_WRONG: u32 = 5;
const LOCK_MILLIS: u64 = 5 * 60_000;
/// *Signing algorithm*: a clock may differ by 15 minutes.
const MOST_SKEW_MILLIS: u64 = 15 * 60_000;
