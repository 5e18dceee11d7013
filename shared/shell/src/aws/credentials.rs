//! The AWS keys that sign, from the platform. They are fetched again before they expire.
//!
//! Keys come from the environment, as on AWS Lambda, or from the container endpoint, as in
//! containers and restored functions. Profile files and instance metadata are not read: koohook
//! runs in functions and containers, and a developer can export keys.

use std::fmt;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials as Keys;
use bytes::Bytes;
use futures_util::lock::Mutex;
use http::{HeaderValue, Request, Uri};
use protocol::time::UnixMillis;
use serde::Deserialize;
use thiserror::Error;

use crate::web::Web;

/// The source of the keys, and the keys that were fetched.
pub struct AwsCredentials {
    source: Source,
    held: Mutex<Option<Keys>>,
}

/// Why koohook has no AWS keys for its signatures.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum AwsCredentialsError {
    /// The environment contains no keys and no endpoint.
    #[error(
        "there are no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run \
         on a platform that sets AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI"
    )]
    Missing,
    /// koohook must not fetch keys from this container endpoint.
    #[error(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to this host's own platform; \
         _RELATIVE_URI must be a path"
    )]
    Endpoint,
}

enum Source {
    Fixed(Keys),
    Container { uri: Uri, token: Token },
}

/// The token that the container endpoint requires.
enum Token {
    None,
    Text(String),
    /// The path of a file that is read for each fetch, because the platform changes it.
    File(String),
}

/// The answer of the container endpoint.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<String>,
}

impl AwsCredentials {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// If it contains no keys.
    pub fn from_env() -> Result<Self, AwsCredentialsError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    /// Reads variables with `lookup`.
    ///
    /// # Errors
    /// If they contain no keys.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, AwsCredentialsError> {
        let set = |name| lookup(name).filter(|text| !text.is_empty());
        let source = match (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY")) {
            (Some(id), Some(secret)) => {
                Source::Fixed(Keys::new(id, secret, set("AWS_SESSION_TOKEN"), None, "environment"))
            }
            _ => Source::Container { uri: container(&set)?, token: token(&set) },
        };
        Ok(Self { source, held: Mutex::new(None) })
    }

    /// The keys to sign with now, if there are any.
    pub(crate) async fn keys(&self, web: &impl Web, now: SystemTime) -> Option<Keys> {
        let (uri, token) = match &self.source {
            Source::Fixed(keys) => return Some(keys.clone()),
            Source::Container { uri, token } => (uri, token),
        };
        // A call that waits here uses the keys that the previous call has fetched.
        let mut held = self.held.lock().await;
        let lasts = |keys: &Keys, span| keys.expiry().is_none_or(|end| now + span < end);
        if let Some(keys) = held.as_ref().filter(|keys| lasts(keys, EARLY)) {
            return Some(keys.clone());
        }
        if let Some(keys) = fetch(web, uri, token).await {
            *held = Some(keys);
        }
        held.clone().filter(|keys| lasts(keys, Duration::ZERO))
    }

    /// Forgets keys that AWS rejected. The next call fetches new ones, if it can.
    pub(crate) async fn forget(&self) {
        *self.held.lock().await = None;
    }
}

impl fmt::Debug for AwsCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AwsCredentials([redacted])")
    }
}

fn container(set: &dyn Fn(&'static str) -> Option<String>) -> Result<Uri, AwsCredentialsError> {
    let uri = match set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
        Some(path) if path.starts_with('/') => format!("{PLATFORM}{path}"),
        Some(_) => return Err(AwsCredentialsError::Endpoint),
        None => set("AWS_CONTAINER_CREDENTIALS_FULL_URI").ok_or(AwsCredentialsError::Missing)?,
    };
    let uri: Uri = uri.parse().map_err(|_| AwsCredentialsError::Endpoint)?;
    let near = uri.host().is_some_and(|host| NEAR.contains(&host));
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if near => Ok(uri),
        Some(_) | None => Err(AwsCredentialsError::Endpoint),
    }
}

fn token(set: &dyn Fn(&'static str) -> Option<String>) -> Token {
    match set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(path) => Token::File(path),
        None => set("AWS_CONTAINER_AUTHORIZATION_TOKEN").map_or(Token::None, Token::Text),
    }
}

async fn fetch(web: &impl Web, uri: &Uri, token: &Token) -> Option<Keys> {
    let mut request = Request::get(uri.clone()).body(Bytes::new()).ok()?;
    let token = match token {
        Token::None => None,
        Token::Text(text) => Some(text.clone()),
        Token::File(path) => Some(fs::read_to_string(path).ok()?),
    };
    if let Some(token) = token {
        let mut token = HeaderValue::from_str(token.trim_end()).ok()?;
        token.set_sensitive(true);
        request.headers_mut().insert(http::header::AUTHORIZATION, token);
    }
    let response = web.send(request).await.ok()?;
    let answer: Answer = serde_json::from_slice(response.body()).ok()?;
    let expiry = answer.expiration.as_deref().map(moment);
    // If the expiry cannot be read, the keys count as expired, so that they are fetched again.
    let expiry = expiry.map(|end| end.unwrap_or(UNIX_EPOCH));
    Some(Keys::new(
        answer.access_key_id,
        answer.secret_access_key,
        answer.token,
        expiry,
        "endpoint",
    ))
}

/// Reads RFC 3339 in UTC, to the second.
fn moment(text: &str) -> Option<SystemTime> {
    let digits: String = text.strip_suffix('Z')?.chars().filter(char::is_ascii_digit).collect();
    let millis = UnixMillis::from_utc_digits(digits.get(..14)?)?.millis();
    Some(UNIX_EPOCH + Duration::from_millis(millis))
}

/// The host of a relative URI.
const PLATFORM: &str = "http://169.254.170.2";
/// Hosts that are this machine or its platform's agent. Plain HTTP to them does not leave the host.
const NEAR: [&str; 6] =
    ["localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];
/// koohook fetches the keys again this long before they expire.
const EARLY: Duration = Duration::from_mins(5);
