//! Sends one signed call. Sends it again if a second attempt may succeed.

use std::time::Duration;

use bytes::Bytes;
use protocol::time::UnixMillis;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::date::NewestDate;
use super::error::DynamodbError;
use crate::aws::{AwsApi, AwsCredentials, SigningClock};
use crate::store::DynamodbSetting;
use crate::web::Web;

/// A client of one DynamoDB endpoint.
pub struct DynamodbClient<W> {
    web: W,
    api: AwsApi,
    credentials: AwsCredentials,
    clock: SigningClock,
    date: NewestDate,
    queries: Semaphore,
}

impl<W: Web> DynamodbClient<W> {
    /// Makes a client of the setting's endpoint. It does not connect yet.
    pub fn new(
        setting: &DynamodbSetting,
        credentials: AwsCredentials,
        web: W,
        clock: SigningClock,
    ) -> Self {
        let DynamodbSetting { endpoint, region, .. } = setting.clone();
        let (name, target) = ("dynamodb", "DynamoDB_20120810");
        let api = AwsApi { endpoint, region, name, target, content: "application/x-amz-json-1.0" };
        let queries = Semaphore::new(QUERIES_AT_ONCE);
        Self { web, api, credentials, clock, date: NewestDate::default(), queries }
    }

    /// The time of DynamoDB's clock when this machine's clock shows `now`, according to its newest
    /// answer.
    pub fn date(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.date.at(now)
    }

    /// Sends an operation until it has an answer, or until another attempt would not help.
    pub async fn call<A: DeserializeOwned>(
        &self,
        operation: &'static str,
        request: &(impl Serialize + Sync),
    ) -> Result<A, DynamodbError> {
        let body = serde_json::to_vec(request).map_err(|_| DynamodbError::Unanswered(None))?;
        let body = Bytes::from(body);
        let mut attempt = 1;
        loop {
            match self.attempt(operation, body.clone()).await {
                Err(fault) if fault.passes() && attempt < ATTEMPTS => {
                    tokio::time::sleep(pause(attempt)).await;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// Queries an index. Waits while [`QUERIES_AT_ONCE`] others are under way.
    pub async fn query<A: DeserializeOwned>(
        &self,
        request: &(impl Serialize + Sync),
    ) -> Result<A, DynamodbError> {
        let turn = self.queries.acquire().await;
        let _turn = turn.map_err(|_| DynamodbError::Unanswered(None))?;
        self.call("Query", request).await
    }

    async fn attempt<A: DeserializeOwned>(
        &self,
        operation: &'static str,
        body: Bytes,
    ) -> Result<A, DynamodbError> {
        let sent = async {
            let now = (self.clock)();
            let keys =
                self.credentials.keys(&self.web, now).await.ok_or(DynamodbError::NoCredentials)?;
            let request = self.api.request(operation, body, keys, now);
            let request = request.ok_or(DynamodbError::NoCredentials)?;
            self.web.send(request).await.map_err(|fault| DynamodbError::Unanswered(Some(fault)))
        };
        let sent = tokio::time::timeout(patience(operation), sent).await;
        let response = sent.unwrap_or(Err(DynamodbError::Unanswered(None)))?;
        self.date.remember(response.headers(), (self.clock)());
        if response.status().is_success() {
            let answer = serde_json::from_slice(response.body());
            return answer.map_err(|_| DynamodbError::Unanswered(None));
        }
        let fault = DynamodbError::read(&response);
        if matches!(&fault, DynamodbError::Refused { kind, .. } if kind == "ExpiredTokenException")
        {
            self.credentials.forget().await;
        }
        Err(fault)
    }
}

/// How long one attempt may take.
fn patience(operation: &str) -> Duration {
    if operation == "Scan" { SCAN_PATIENCE } else { PATIENCE }
}

/// A random time up to the longest pause, so that writers that collided do not collide again.
fn pause(attempt: u32) -> Duration {
    let mut chance = [0];
    // If there is no randomness, the pause is the longest one.
    let part = getrandom::fill(&mut chance).map_or(u32::from(u8::MAX), |()| chance[0].into());
    PAUSE.saturating_mul(attempt) * part / u32::from(u8::MAX)
}

/// How many queries run at once. A run of the relay begins with almost a hundred: one for each shard
/// of each list. Each one that runs at the same time needs a connection of its own, with a TLS
/// handshake, and Lambda gives a small function little processor time.
const QUERIES_AT_ONCE: usize = 8;
/// The maximum number of attempts of a call. The caller's deadline may end it earlier.
const ATTEMPTS: u32 = 3;
/// How long one attempt may take. An answer normally takes some milliseconds. A slower one means a
/// broken connection, for example after the function was frozen.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long one page of a scan may take. It can be 1 MB, and only commands scan.
const SCAN_PATIENCE: Duration = Duration::from_secs(15);
/// The longest pause before the second attempt. The longest pause before the third attempt is twice
/// as long.
const PAUSE: Duration = Duration::from_millis(50);
