//! A product that verifies every notice, creates instances, and sends access data later.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::webhook::{WebhookHeaders, WebhookSecrets};
use protocol::time::UnixMillis;
use serde_json::{Value, json};

use crate::stub::{StubAnswer, StubRequest, listen};

/// The timeout of a test. Every step is much shorter.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// What the product knows.
#[derive(Default)]
pub struct ProductMemory {
    /// The secrets that it accepts. It signs with the first one.
    secrets: String,
    /// How many notices had a wrong signature.
    pub refused: usize,
    /// The type and the data of each notice, by its id.
    pub notices: BTreeMap<String, (String, Value)>,
}

/// A product that listens. Its clones are the same product.
#[derive(Clone)]
pub struct VerifyingProduct(Arc<(Mutex<ProductMemory>, Condvar)>);

impl VerifyingProduct {
    /// A product with a secret, and its address.
    pub fn listen(secret: &str) -> (Self, SocketAddr) {
        let memory = ProductMemory { secrets: secret.to_owned(), ..ProductMemory::default() };
        let product = Self(Arc::new((Mutex::new(memory), Condvar::new())));
        let serving = product.clone();
        (product, listen(move |request| serving.answer(request)))
    }

    /// From now on the product has only these secrets.
    pub fn change_secrets(&self, secrets: &str) {
        secrets.clone_into(&mut self.0.0.lock().unwrap().secrets);
    }

    fn answer(&self, request: &StubRequest) -> StubAnswer {
        let mut memory = self.0.0.lock().unwrap();
        let id = request.header("webhook-id");
        let headers = WebhookHeaders {
            id,
            timestamp: request.header("webhook-timestamp"),
            signature: request.header("webhook-signature"),
        };
        let secrets = WebhookSecrets::parse(&memory.secrets).unwrap();
        if secrets.verify(&headers, &request.body, UnixMillis::new(now())).is_err() {
            memory.refused += 1;
            return (401, String::new());
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let kind = body["type"].as_str().unwrap().to_owned();
        memory.notices.insert(id.to_owned(), (kind, body["data"].clone()));
        self.0.1.notify_all();
        (200, r#"{"appInfo":{"frontEndUrl":"https://app.example.com"}}"#.to_owned())
    }

    /// Waits until a condition on what the product knows is true.
    pub fn wait(&self, what: &str, mut is_so: impl FnMut(&ProductMemory) -> bool) {
        let memory = self.0.0.lock().unwrap();
        let waited = self.0.1.wait_timeout_while(memory, PATIENCE, |memory| !is_so(memory));
        assert!(!waited.unwrap().1.timed_out(), "{what} did not arrive");
    }

    /// Waits until these instances were created, and checks that no notice was refused.
    pub fn check_created(&self, instances: &[String]) {
        self.wait("every instance", |memory| {
            let created = memory.notices.values().filter(|(kind, _)| kind == "instance.created");
            let created: Vec<_> =
                created.map(|(_, data)| data["instanceId"].as_str().unwrap()).collect();
            instances.iter().all(|id| created.contains(&id.as_str()))
        });
        assert_eq!(self.0.0.lock().unwrap().refused, 0, "every notice had a signature that fits");
    }

    /// Sends access data of an instance to koohook. Returns the status of the answer.
    pub fn put_access_data(&self, origin: &str, instance: &str) -> u16 {
        let info = json!({ "frontEndUrl": "https://app.example.com/late" });
        let data = json!({ "instanceId": instance, "appInfo": info });
        let body = json!({ "type": "instance.access", "data": data }).to_string();
        let secrets = WebhookSecrets::parse(&self.0.0.lock().unwrap().secrets).unwrap();
        let seconds = now() / 1_000;
        let request = ureq::put(format!("{origin}/instances/{instance}/app-info"))
            .header("webhook-id", "msg_made_up")
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", secrets.sign("msg_made_up", seconds, body.as_bytes()))
            .config()
            .http_status_as_error(false)
            .build();
        request.send(body).unwrap().status().as_u16()
    }
}

/// The time of day in milliseconds.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
