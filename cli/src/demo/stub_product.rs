//! A stub of the seller's product. It accepts notices as docs/product.md describes, creates an account
//! for every purchase, and records the accepted notices.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::webhook::{WebhookHeaders, WebhookSecrets};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use protocol::signature::Interface;
use protocol::time::UnixMillis;
use serde_json::{Value, json};
use shell::endpoint::{Admitted, Endpoint};

use crate::generated;

/// A product on this machine.
pub struct StubProduct {
    secrets: WebhookSecrets,
    is_up: AtomicBool,
    accepted: Mutex<BTreeMap<String, Vec<AcceptedNotice>>>,
}

/// A notice that the product accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AcceptedNotice {
    /// Its id.
    pub id: String,
    /// Its sequence number among the instance's notices.
    pub sequence: u64,
    /// Its type, like `instance.created`.
    pub kind: String,
    /// Until when the product may report usage, if the notice says so.
    pub usage_until: Option<String>,
}

impl StubProduct {
    /// A product that is down.
    pub const fn down(secrets: WebhookSecrets) -> Self {
        Self { secrets, is_up: AtomicBool::new(false), accepted: Mutex::new(BTreeMap::new()) }
    }

    /// Starts the product.
    pub fn bring_up(&self) {
        self.is_up.store(true, Ordering::SeqCst);
    }

    /// The accepted notices of an instance, in the order of arrival.
    pub fn accepted(&self, instance_id: &str) -> Vec<AcceptedNotice> {
        self.record().get(instance_id).cloned().unwrap_or_default()
    }

    fn record(&self) -> MutexGuard<'_, BTreeMap<String, Vec<AcceptedNotice>>> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts a notice and returns the answer; `None` if koohook did not sign the request.
    fn accept(&self, head: &Parts, body: &[u8]) -> Option<Value> {
        let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let id = header("webhook-id")?;
        let timestamp = header("webhook-timestamp")?;
        let headers = WebhookHeaders { id, timestamp, signature: header("webhook-signature")? };
        let now = UnixMillis::new(generated::now_millis());
        self.secrets.verify(&headers, body, now).ok()?;
        let notice: Value = serde_json::from_slice(body).ok()?;
        let kind = notice.get("type")?.as_str()?.to_owned();
        let data = notice.get("data")?;
        let sequence = data.get("sequence")?.as_u64()?;
        let instance_id = data.get("instanceId")?.as_str()?.to_owned();
        let usage_until = data.get("usageUntil").and_then(Value::as_str).map(str::to_owned);
        let account = json!({ "appInfo": {
            "frontEndUrl": format!("https://product.example.com/{instance_id}"),
            "userName": "administrator", "password": generated::id(),
        }});
        let answer = if kind == "instance.created" { account } else { json!({}) };
        self.record().entry(instance_id).or_default().push(AcceptedNotice {
            id: id.to_owned(),
            sequence,
            kind,
            usage_until,
        });
        Some(answer)
    }
}

impl Endpoint for StubProduct {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        if head.method == Method::POST {
            Ok(Admitted { max_body_len: 4 << 20, interface: Interface::Kit })
        } else {
            Err(empty(StatusCode::NOT_FOUND))
        }
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        if !self.is_up.load(Ordering::SeqCst) {
            return empty(StatusCode::SERVICE_UNAVAILABLE);
        }
        tokio::time::sleep(WORK).await;
        let (head, body) = request.into_parts();
        match self.accept(&head, &body) {
            Some(answer) => Response::new(Bytes::from(answer.to_string())),
            None => empty(StatusCode::UNAUTHORIZED),
        }
    }
}

fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// The time that a small product needs to create an account.
const WORK: Duration = Duration::from_millis(50);
