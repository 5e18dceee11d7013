//! A seller's product in a test's hand: it believes what is signed, honours ids, remembers what it
//! was told, and may fail in every way.

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

/// A product, and what it has been told.
#[derive(Clone, Default)]
pub struct ScriptedProduct(Arc<Mutex<Memory>>);

#[derive(Default)]
struct Memory {
    told: Vec<Told>,
    /// What each id names.
    named: BTreeMap<String, Bytes>,
    /// What was done, in order.
    effects: Vec<Told>,
}

/// One message, as it came.
#[derive(Clone, Debug)]
pub struct Told {
    /// `webhook-id`.
    pub id: String,
    /// The body.
    pub body: Value,
}

/// How a product meets a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Mood {
    /// It does what it is told, and answers this after a while.
    Answers(Duration, u16, &'static str),
    /// It does nothing, and answers this.
    Refuses(u16, &'static str),
    /// It does what it is told, and its answer is lost.
    LosesReply,
    /// Nobody reaches it.
    NotReached,
    /// Its client has a bug.
    Panics,
}

/// A product that makes instances at once.
pub const READY: Mood = Mood::Answers(
    Duration::ZERO,
    200,
    r#"{"appInfo":{"frontEndUrl":"https://app.example.com/i","userName":"admin"}}"#,
);
/// Longer than anybody waits; what it was told is done all the same.
pub const HANGS: Mood = Mood::Answers(Duration::from_hours(1), 200, "{}");

impl Told {
    /// What it is about.
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    /// Its place among those of its entity.
    pub fn sequence(&self) -> u64 {
        self.body["data"]["sequence"].as_u64().unwrap()
    }

    /// Whose it is.
    pub fn subject(&self) -> String {
        let data = &self.body["data"];
        let names = ["instanceId", "tenantId", "appId"].map(|name| data[name].as_str());
        names.map(Option::unwrap_or_default).join("/")
    }
}

impl ScriptedProduct {
    /// A product that a world reaches, in moods as they come.
    pub fn of<S: Store>(
        world: &TestWorld<S>,
        moods: impl FnMut(&Told) -> Mood + Send + 'static,
    ) -> Self {
        let product = Self::default();
        product.meets(world, moods);
        product
    }

    /// The same product, in other moods.
    pub fn meets<S: Store>(
        &self,
        world: &TestWorld<S>,
        mut moods: impl FnMut(&Told) -> Mood + Send + 'static,
    ) {
        let memory = Arc::clone(&self.0);
        World::web(world).answer_after(move |request| {
            let told = believed(&request);
            let mood = moods(&told);
            lock(&memory).meet(&told, request.body(), mood)
        });
    }

    /// Every message that arrived, repeats as well.
    pub fn told(&self) -> Vec<Told> {
        lock(&self.0).told.clone()
    }

    /// What it did, each id once.
    pub fn effects(&self) -> Vec<Told> {
        lock(&self.0).effects.clone()
    }

    /// What it did for each subject, by sequence.
    pub fn sequences(&self) -> BTreeMap<String, Vec<u64>> {
        let mut sequences: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for effect in self.effects() {
            sequences.entry(effect.subject()).or_default().push(effect.sequence());
        }
        sequences
    }
}

impl Memory {
    fn meet(&mut self, told: &Told, body: &Bytes, mood: Mood) -> (Duration, PeerAnswer) {
        if mood == Mood::NotReached {
            return (Duration::ZERO, Err(Unanswered::NotReached));
        }
        self.told.push(told.clone());
        let named = self.named.entry(told.id.clone()).or_insert_with(|| body.clone());
        assert_eq!(named, body, "one id names one content");
        match mood {
            Mood::Answers(after, status, answer) => {
                self.carry_out(told);
                (after, Ok(response(status, answer)))
            }
            Mood::Refuses(status, answer) => (Duration::ZERO, Ok(response(status, answer))),
            Mood::LosesReply => {
                self.carry_out(told);
                (Duration::ZERO, Err(Unanswered::CutOff))
            }
            Mood::NotReached => (Duration::ZERO, Err(Unanswered::NotReached)),
            Mood::Panics => panic!("a bug in the product's client"),
        }
    }

    fn carry_out(&mut self, told: &Told) {
        if self.effects.iter().all(|known| known.id != told.id) {
            self.effects.push(told.clone());
        }
    }
}

/// A message whose signature is verified, at the time that it says.
fn believed(request: &Request<Bytes>) -> Told {
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
    Told { id: headers.id.to_owned(), body }
}

fn response(status: u16, body: &'static str) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap()
}

/// A bug in its client does not make a product forget.
fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
