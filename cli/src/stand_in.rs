//! A stand-in for the seller's product: it takes notices as the product's page says, makes an
//! account of every purchase, and keeps a book of what it took.

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

use crate::made_up;

/// A product on this machine.
pub struct StandIn {
    secrets: WebhookSecrets,
    open: AtomicBool,
    took: Mutex<BTreeMap<String, Vec<Took>>>,
}

/// A notice that the product took.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Took {
    /// Its id.
    pub id: String,
    /// Its place among the instance's notices.
    pub sequence: u64,
    /// What it was about.
    pub kind: String,
}

/// What a small product takes for making an account.
const WORK: Duration = Duration::from_millis(50);

impl StandIn {
    /// A product that is down.
    pub const fn down(secrets: WebhookSecrets) -> Self {
        Self { secrets, open: AtomicBool::new(false), took: Mutex::new(BTreeMap::new()) }
    }

    /// The product is back.
    pub fn come_up(&self) {
        self.open.store(true, Ordering::SeqCst);
    }

    /// What it took of an instance, in the order of arrival.
    pub fn took(&self, instance_id: &str) -> Vec<Took> {
        self.book().get(instance_id).cloned().unwrap_or_default()
    }

    fn book(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Took>>> {
        self.took.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a notice; nothing where it is none that we sent.
    fn take(&self, head: &Parts, body: &[u8]) -> Option<Value> {
        let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let id = header("webhook-id")?;
        let timestamp = header("webhook-timestamp")?;
        let headers = WebhookHeaders { id, timestamp, signature: header("webhook-signature")? };
        let now = UnixMillis::new(made_up::now_millis());
        self.secrets.verify(&headers, body, now).ok()?;
        let notice: Value = serde_json::from_slice(body).ok()?;
        let kind = notice.get("type")?.as_str()?.to_owned();
        let data = notice.get("data")?;
        let sequence = data.get("sequence")?.as_u64()?;
        let instance_id = data.get("instanceId")?.as_str()?.to_owned();
        let account = json!({ "appInfo": {
            "frontEndUrl": format!("https://product.example.com/{instance_id}"),
            "userName": "administrator", "password": made_up::id(),
        }});
        let answer = if kind == "instance.created" { account } else { json!({}) };
        self.book().entry(instance_id).or_default().push(Took {
            id: id.to_owned(),
            sequence,
            kind,
        });
        Some(answer)
    }
}

impl Endpoint for StandIn {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        if head.method == Method::POST {
            Ok(Admitted { max_body_len: 4 << 20, interface: Interface::Kit })
        } else {
            Err(empty(StatusCode::NOT_FOUND))
        }
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        if !self.open.load(Ordering::SeqCst) {
            return empty(StatusCode::SERVICE_UNAVAILABLE);
        }
        tokio::time::sleep(WORK).await;
        let (head, body) = request.into_parts();
        match self.take(&head, &body) {
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
