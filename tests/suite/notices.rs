//! What the product is told, held against the schema that its developer is given: every notice of
//! every callback, as it goes over the wire.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use functions::application_sync::secret::{Oaep, PrivateKey, Size};
use http::{Request, Response};
use serde_json::Value;
use shell::relay::Relay;
use shell::store::Store;
use shell::store::memory::Memory;
use shell::world::World;
use simulator::answer::Answer;
use simulator::scenario::{self, Step, Wire};
use tests::call::{ADDRESS, BASE_KEY, Koohook, PRODUCT_SECRET, koohook, run};
use tests::world::{NOW, TestWorld};

use crate::lifecycle::{CALLBACKS, STATES, instance_id, standing};

mod examples;
mod schema;
mod story;

const KIT_KEY: &str = "constructed-kit-key-0002";

/// A koohook whose product writes down what it is told.
struct Seller {
    koohook: Koohook<Memory>,
    diary: Diary,
}

/// What a product was told, in the order in which it was.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<Message>>>);

/// A message as it arrived.
#[derive(Clone, Debug)]
struct Message {
    id: String,
    body: Value,
    /// Its headers and its body, as text.
    wire: String,
}

impl Diary {
    /// Sets a product into a world: it answers a purchase with a status and a body, and all else
    /// with 204.
    fn of<S: Store>(world: &TestWorld<S>, status: u16, created: &'static str) -> Self {
        let diary = Self::default();
        let written = diary.clone();
        world.web().answer(move |request| {
            let message = Message::read(&request);
            let (status, body) =
                if message.kind() == "instance.created" { (status, created) } else { (204, "") };
            written.0.lock().unwrap().push(message);
            Ok(Response::builder().status(status).body(Bytes::from(body)).unwrap())
        });
        diary
    }

    fn told(&self) -> Vec<Message> {
        self.0.lock().unwrap().clone()
    }
}

impl Seller {
    fn new(status: u16, created: &'static str) -> Self {
        let (pem, _) = &*KIT_SECRETS;
        let settings =
            [&SETTINGS[..], &[("KOOHOOK_KIT_KEY", KIT_KEY), ("KOOHOOK_RSA_PRIVATE_KEY", pem)]];
        let koohook = Koohook::serving(&functions::everything(), Memory::new(), &settings.concat());
        let diary = Diary::of(koohook.world(), status, created);
        Self { koohook, diary }
    }

    /// Sends a request; what it is answered.
    fn send(&self, request: Request<Vec<u8>>) -> Answer {
        Answer::read(&run(self.koohook.answer(request))).unwrap()
    }

    /// Lets the relay deliver what is due.
    fn relay(&self) {
        run(Relay::new(self.koohook.endpoint.context(), Duration::from_secs(60)).run()).unwrap();
    }

    /// Plays a life from top to bottom; the clock moves on, so that no call is older than one
    /// before it.
    fn live(&self, steps: &[Step]) {
        let mut instance_id = String::new();
        for (number, step) in (0_u64..).zip(steps) {
            self.koohook.world().pass(Duration::from_millis(1));
            let nonce = format!("nonce-{number}");
            let wire = Wire {
                address: ADDRESS,
                access_key: BASE_KEY,
                kit_key: KIT_KEY,
                now_millis: self.koohook.world().now_millis(),
                business_id: &nonce,
                nonce: &nonce,
                instance_id: &instance_id,
                sealed_secret: &KIT_SECRETS.1,
            };
            let answer = self.send(step.request(&wire).unwrap());
            assert_eq!(answer.code, step.code, "{}", step.title);
            if let Some(learned) = step.learn(&answer).map(str::to_owned) {
                instance_id = learned;
            }
        }
        self.relay();
    }
}

impl Message {
    fn read(request: &Request<Bytes>) -> Self {
        let header = |name: &str| request.headers()[name].to_str().unwrap();
        let headers = ["content-type", "webhook-id", "webhook-timestamp", "webhook-signature"];
        let head: String =
            headers.iter().map(|name| format!("{name}: {}\n", header(name))).collect();
        let text = std::str::from_utf8(request.body()).unwrap();
        Self {
            id: header("webhook-id").to_owned(),
            body: serde_json::from_str(text).unwrap(),
            wire: format!("{head}\n{text}\n"),
        }
    }

    fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }
}

/// What a product is told in both lives of a purchase and of an enterprise, by every callback to an
/// instance in every state, and in the story of the documents.
fn everything_told() -> Vec<Message> {
    let lives = [
        scenario::v1("CS1", NOW),
        scenario::v2("CS1", NOW),
        scenario::enterprise_v1("inst-1", "CS1", NOW),
        scenario::enterprise_v2("inst-1", "CS1", NOW),
    ];
    let lives = lives.iter().flat_map(|life| {
        let seller = Seller::new(200, READY);
        seller.live(life);
        seller.diary.told()
    });
    let callbacks = CALLBACKS.iter().flat_map(|callback| {
        STATES.iter().flat_map(move |state| {
            let koohook = koohook(&SETTINGS);
            let diary = Diary::of(koohook.world(), 200, READY);
            let id = instance_id(callback.contract);
            if let Some(kept) = standing(state, callback.contract) {
                run(koohook.keep(id.as_str(), &kept));
            }
            run(callback.send(&koohook, id.as_str()));
            diary.told()
        })
    });
    lives.chain(callbacks).chain(story::told()).chain(story::by_an_overtaken_list()).collect()
}

const READY: &str = r#"{"appInfo":{"frontEndUrl":"https://app.example.com/login"}}"#;

const SETTINGS: [(&str, &str); 4] = [
    ("KOOHOOK_BASE_KEY", BASE_KEY),
    ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
    ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ("KOOHOOK_STORE", "memory:"),
];

/// A private key, and a secret sealed for it.
static KIT_SECRETS: LazyLock<(String, String)> = LazyLock::new(|| {
    let key = PrivateKey::generate(Size::Bits3072).unwrap();
    let sealed = key.seal(Oaep::Sha256Mgf1Sha1, "made-up-client-secret").unwrap();
    (key.to_pem().unwrap(), sealed)
});
