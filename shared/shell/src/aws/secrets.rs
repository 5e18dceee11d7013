//! Reads secrets from AWS Secrets Manager (`GetSecretValue`).

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::credentials::AwsCredentials;
use super::signed_call::{AwsApi, SigningClock};
use crate::aws_address::AwsSecretName;
use crate::web::Web;

/// Reads secrets with one set of credentials.
pub struct SecretReader<W> {
    web: W,
    credentials: AwsCredentials,
    clock: SigningClock,
    /// The URL that replaces the region's own, for an endpoint in a private network.
    endpoint: Option<String>,
}

/// Why a secret cannot be read. Its text says what to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SecretFault {
    /// AWS rejects the call, with its name for the error.
    Refused(String),
    /// AWS does not answer.
    Unanswered,
    /// AWS answers that it cannot read the secret now: too many processes start, or it has a fault.
    Busy,
    /// There are no credentials.
    NoCredentials,
    /// The secret is binary.
    Binary,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue<'a> {
    secret_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretValue {
    secret_string: Option<String>,
}

#[derive(Default, Deserialize)]
struct Refused {
    #[serde(default, rename = "__type")]
    kind: String,
}

impl<W: Web> SecretReader<W> {
    /// Makes a reader. It does not connect yet.
    pub const fn new(
        web: W,
        credentials: AwsCredentials,
        clock: SigningClock,
        endpoint: Option<String>,
    ) -> Self {
        Self { web, credentials, clock, endpoint }
    }

    /// Reads the whole text of the secret with a name.
    ///
    /// # Errors
    /// If AWS rejects the call, or does not answer three times.
    pub async fn read(&self, name: &AwsSecretName<'_>) -> Result<String, SecretFault> {
        for _ in 1..ATTEMPTS {
            match self.attempt(name).await {
                Err(SecretFault::Unanswered | SecretFault::Busy) => tokio::time::sleep(PAUSE).await,
                done => return done,
            }
        }
        self.attempt(name).await
    }

    async fn attempt(&self, name: &AwsSecretName<'_>) -> Result<String, SecretFault> {
        let now = (self.clock)();
        let sent = async {
            let keys = self.credentials.keys(&self.web, now).await;
            let body = serde_json::to_vec(&GetSecretValue { secret_id: name.arn() });
            let body = Bytes::from(body.map_err(|_| SecretFault::Unanswered)?);
            let keys = keys.ok_or(SecretFault::NoCredentials)?;
            let request = self.api(name).request("GetSecretValue", body, keys, now);
            let request = request.ok_or(SecretFault::NoCredentials)?;
            self.web.send(request).await.map_err(|_| SecretFault::Unanswered)
        };
        let sent = tokio::time::timeout(PATIENCE, sent).await;
        text_of(&sent.unwrap_or(Err(SecretFault::Unanswered))?)
    }

    fn api(&self, name: &AwsSecretName<'_>) -> AwsApi {
        AwsApi {
            endpoint: self.endpoint.clone().unwrap_or_else(|| name.endpoint()),
            region: name.region().to_owned(),
            name: "secretsmanager",
            target: "secretsmanager",
            content: "application/x-amz-json-1.1",
        }
    }
}

/// The text in an answer.
fn text_of(response: &Response<Bytes>) -> Result<String, SecretFault> {
    let status = response.status();
    if status.is_success() {
        let value: SecretValue =
            serde_json::from_slice(response.body()).map_err(|_| SecretFault::Unanswered)?;
        return value.secret_string.ok_or(SecretFault::Binary);
    }
    let refused: Refused = serde_json::from_slice(response.body()).unwrap_or_default();
    let kind = refused.kind.rsplit('#').next().unwrap_or_default();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || kind == THROTTLED {
        return Err(SecretFault::Busy);
    }
    if kind.is_empty() {
        return Err(SecretFault::Refused(format!("HTTP {}", status.as_u16())));
    }
    // Only letters and digits: the endpoint's text must not forge a log line.
    let kind = kind.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    Err(SecretFault::Refused(kind))
}

impl fmt::Display for SecretFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(kind) => write!(formatter, "cannot be read ({kind}); {}", advice(kind)),
            Self::Unanswered => formatter.write_str(
                "cannot be read, because AWS does not answer; check the region in the ARN and the \
                 network",
            ),
            Self::Busy => formatter.write_str(
                "cannot be read now, because AWS is busy; start the program again, and look at the \
                 quotas of Secrets Manager",
            ),
            Self::NoCredentials => formatter.write_str(
                "cannot be read without AWS credentials; run koohook on AWS, or set \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ),
            Self::Binary => formatter.write_str("is binary; store it as a text"),
        }
    }
}

fn advice(kind: &str) -> &'static str {
    match kind {
        "AccessDeniedException" => {
            "allow this program's role secretsmanager:GetSecretValue on it, and kms:Decrypt on its key"
        }
        "ResourceNotFoundException" => "correct the ARN, and give the secret a value",
        _ => "check the credentials, the ARN and this machine's clock",
    }
}

/// A start of a function may take ten seconds on AWS Lambda.
const ATTEMPTS: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(200);
const THROTTLED: &str = "ThrottlingException";

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &'static str) -> Result<String, SecretFault> {
        text_of(&Response::builder().status(status).body(Bytes::from(body)).unwrap())
    }

    #[test]
    fn an_answer_is_the_text_or_says_what_to_do() {
        assert_eq!(of(200, r#"{"SecretString":"made-up","Name":"n"}"#), Ok("made-up".to_owned()));
        assert_eq!(of(200, r#"{"SecretBinary":"bWFkZS11cA=="}"#), Err(SecretFault::Binary));
        assert_eq!(of(200, "<html>"), Err(SecretFault::Unanswered));
        assert_eq!(of(500, ""), Err(SecretFault::Busy));
        assert_eq!(of(429, ""), Err(SecretFault::Busy));
        assert_eq!(of(302, ""), Err(SecretFault::Refused("HTTP 302".to_owned())));
        assert_eq!(of(400, r#"{"__type":"ThrottlingException"}"#), Err(SecretFault::Busy));
        let denied = of(400, r#"{"__type":"com.amazon.coral#AccessDeniedException"}"#).unwrap_err();
        assert_eq!(denied, SecretFault::Refused("AccessDeniedException".to_owned()));
        assert!(denied.to_string().contains("GetSecretValue"), "{denied}");
        let forged = of(400, "{\"__type\":\"a\\nERROR forged\"}").unwrap_err();
        assert_eq!(forged, SecretFault::Refused("aERRORforged".to_owned()));
    }
}
