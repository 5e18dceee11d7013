//! A seller's product that a test controls. It verifies signatures, honours IDs, remembers the
//! messages that it received, and can fail in every way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::webhook::{WebhookHeaders, WebhookSecrets};
use http::{Request, Response};
use protocol::time::UnixMillis;
use serde_json::Value;
use shell::store::Store;
use shell::world::{Unanswered, World};

use crate::call::PRODUCT_SECRET;
use crate::web::PeerAnswer;
use crate::world::TestWorld;

/// A product, and the messages that it received.
#[derive(Clone, Default)]
pub struct ScriptedProduct(Arc<Mutex<Memory>>);

#[derive(Default)]
struct Memory {
    messages: Vec<ProductMessage>,
    /// The first body under each ID.
    named: BTreeMap<String, Bytes>,
    /// The messages that it carried out, in order.
    effects: Vec<ProductMessage>,
}

/// One message that the product received.
#[derive(Clone, Debug)]
pub struct ProductMessage {
    /// `webhook-id`.
    pub id: String,
    /// The body.
    pub body: Value,
}

/// How a product reacts to a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Mood {
    /// The product carries the message out, and answers this after a while.
    Answers(Duration, u16, &'static str),
    /// The product does not carry the message out, and answers this.
    Refuses(u16, &'static str),
    /// The product carries the message out, and its answer is lost.
    LosesReply,
    /// koohook cannot reach the product.
    NotReached,
    /// koohook's HTTP client panics.
    Panics,
}

/// A product that creates instances immediately.
pub const READY: Mood = Mood::Answers(
    Duration::ZERO,
    200,
    r#"{"appInfo":{"frontEndUrl":"https://app.example.com/i","userName":"admin"}}"#,
);
/// A product that carries the message out, and answers later than any caller waits.
pub const HANGS: Mood = Mood::Answers(Duration::from_hours(1), 200, "{}");

impl ProductMessage {
    /// The message's type.
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    /// The message's sequence within its entity.
    pub fn sequence(&self) -> u64 {
        self.body["data"]["sequence"].as_u64().unwrap()
    }

    /// The subject of the message.
    pub fn subject(&self) -> String {
        let data = &self.body["data"];
        let names = ["instanceId", "tenantId", "appId"].map(|name| data[name].as_str());
        names.map(Option::unwrap_or_default).join("/")
    }
}

impl ScriptedProduct {
    /// A product that a world reaches. A closure picks its reaction to each message.
    pub fn of<S: Store>(
        world: &TestWorld<S>,
        moods: impl FnMut(&ProductMessage) -> Mood + Send + 'static,
    ) -> Self {
        let product = Self::default();
        product.meets(world, moods);
        product
    }

    /// Changes how the product reacts.
    pub fn meets<S: Store>(
        &self,
        world: &TestWorld<S>,
        mut moods: impl FnMut(&ProductMessage) -> Mood + Send + 'static,
    ) {
        let memory = Arc::clone(&self.0);
        World::web(world).answer_after(move |request| {
            let message = verified(&request);
            let mood = moods(&message);
            lock(&memory).meet(&message, request.body(), mood)
        });
    }

    /// Every message that arrived, repeats included.
    pub fn messages(&self) -> Vec<ProductMessage> {
        lock(&self.0).messages.clone()
    }

    /// The messages that it carried out, each ID once.
    pub fn effects(&self) -> Vec<ProductMessage> {
        lock(&self.0).effects.clone()
    }

    /// The sequences that it carried out, for each subject.
    pub fn sequences(&self) -> BTreeMap<String, Vec<u64>> {
        let mut sequences: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for effect in self.effects() {
            sequences.entry(effect.subject()).or_default().push(effect.sequence());
        }
        sequences
    }
}

impl Memory {
    fn meet(
        &mut self,
        message: &ProductMessage,
        body: &Bytes,
        mood: Mood,
    ) -> (Duration, PeerAnswer) {
        if mood == Mood::NotReached {
            return (Duration::ZERO, Err(Unanswered::NotReached));
        }
        self.messages.push(message.clone());
        let named = self.named.entry(message.id.clone()).or_insert_with(|| body.clone());
        assert_eq!(named, body, "an ID always has the same body");
        match mood {
            Mood::Answers(after, status, answer) => {
                self.carry_out(message);
                (after, Ok(response(status, answer)))
            }
            Mood::Refuses(status, answer) => (Duration::ZERO, Ok(response(status, answer))),
            Mood::LosesReply => {
                self.carry_out(message);
                (Duration::ZERO, Err(Unanswered::CutOff))
            }
            Mood::NotReached => (Duration::ZERO, Err(Unanswered::NotReached)),
            Mood::Panics => panic!("a bug in the product's client"),
        }
    }

    fn carry_out(&mut self, message: &ProductMessage) {
        if self.effects.iter().all(|known| known.id != message.id) {
            self.effects.push(message.clone());
        }
    }
}

/// Verifies a message's signature at the message's own time, and returns the message.
fn verified(request: &Request<Bytes>) -> ProductMessage {
    let header = |name| request.headers()[name].to_str().unwrap();
    let headers = WebhookHeaders {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let at = UnixMillis::new(headers.timestamp.parse::<u64>().unwrap() * 1_000);
    let secrets = WebhookSecrets::parse(PRODUCT_SECRET).unwrap();
    secrets.verify(&headers, request.body(), at).expect("every message is signed");
    assert_eq!(header("content-type"), "application/json");
    let body = serde_json::from_slice(request.body()).expect("every message is JSON");
    ProductMessage { id: headers.id.to_owned(), body }
}

fn response(status: u16, body: &'static str) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap()
}

/// A panic in koohook's client does not clear the product's memory.
fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
