//! Checks every notice of every callback, as it is sent, against the published schema and against
//! the examples of the product's pages. [`usage_examples`] checks what the pages say about usage.

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
mod usage_examples;

const KIT_KEY: &str = "constructed-kit-key-0002";

/// A koohook and a product that records every notice.
struct Seller {
    koohook: Koohook<Memory>,
    received: Received,
}

/// The notices that a product received, in order.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<Message>>>);

/// One notice as it arrived.
#[derive(Clone, Debug)]
struct Message {
    id: String,
    body: Value,
    /// The headers and the body, as text.
    wire: String,
}

impl Received {
    /// Adds a product to a world. It answers a purchase with this status and body, and every other
    /// notice with 204.
    fn of<S: Store>(world: &TestWorld<S>, status: u16, created: &'static str) -> Self {
        let received = Self::default();
        let messages = received.clone();
        world.web().answer(move |request| {
            let message = Message::read(&request);
            let (status, body) =
                if message.kind() == "instance.created" { (status, created) } else { (204, "") };
            messages.0.lock().unwrap().push(message);
            Ok(Response::builder().status(status).body(Bytes::from(body)).unwrap())
        });
        received
    }

    fn messages(&self) -> Vec<Message> {
        self.0.lock().unwrap().clone()
    }
}

impl Seller {
    fn new(status: u16, created: &'static str) -> Self {
        let (pem, _) = &*KIT_SECRETS;
        let settings =
            [&SETTINGS[..], &[("KOOHOOK_KIT_KEY", KIT_KEY), ("KOOHOOK_RSA_PRIVATE_KEY", pem)]];
        let koohook = Koohook::serving(&functions::everything(), Memory::new(), &settings.concat());
        let received = Received::of(koohook.world(), status, created);
        Self { koohook, received }
    }

    /// Sends a request. Returns koohook's answer.
    fn send(&self, request: Request<Vec<u8>>) -> Answer {
        Answer::read(&run(self.koohook.answer(request))).unwrap()
    }

    /// Runs the relay once.
    fn relay(&self) {
        run(Relay::new(self.koohook.endpoint.context(), Duration::from_secs(60)).run()).unwrap();
    }

    /// Plays a scenario from the first step to the last. The clock advances before each step, so
    /// that no call is older than the previous one.
    fn play(&self, steps: &[Step]) {
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
            if let Some(id) = step.learn(&answer).map(str::to_owned) {
                instance_id = id;
            }
        }
        self.relay();
    }
}

impl Message {
    fn read(request: &Request<Bytes>) -> Self {
        let header = |name: &str| request.headers()[name].to_str().unwrap();
        let headers = ["content-type", "webhook-id", "webhook-timestamp", "webhook-signature"];
        let lines: String =
            headers.iter().map(|name| format!("{name}: {}\n", header(name))).collect();
        let text = std::str::from_utf8(request.body()).unwrap();
        Self {
            id: header("webhook-id").to_owned(),
            body: serde_json::from_str(text).unwrap(),
            wire: format!("{lines}\n{text}\n"),
        }
    }

    fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }
}

/// All notices of these sources: the scenarios of a purchase and of an enterprise under both
/// contracts, every callback to an instance in every state, and the calls behind the examples.
fn all_messages() -> Vec<Message> {
    let scenarios = [
        scenario::v1("CS1", NOW),
        scenario::v2("CS1", NOW),
        scenario::enterprise_v1("inst-1", "CS1", NOW),
        scenario::enterprise_v2("inst-1", "CS1", NOW),
    ];
    let scenarios = scenarios.iter().flat_map(|scenario| {
        let seller = Seller::new(200, READY);
        seller.play(scenario);
        seller.received.messages()
    });
    let callbacks = CALLBACKS.iter().flat_map(|callback| {
        STATES.iter().flat_map(move |state| {
            let koohook = koohook(&SETTINGS);
            let received = Received::of(koohook.world(), 200, READY);
            let id = instance_id(callback.contract);
            if let Some(kept) = standing(state, callback.contract) {
                run(koohook.keep(id.as_str(), &kept));
            }
            run(callback.send(&koohook, id.as_str()));
            received.messages()
        })
    });
    scenarios
        .chain(callbacks)
        .chain(story::messages())
        .chain(story::by_an_overtaken_list())
        .collect()
}

const READY: &str = r#"{"appInfo":{"frontEndUrl":"https://app.example.com/login"}}"#;

const SETTINGS: [(&str, &str); 4] = [
    ("KOOHOOK_BASE_KEY", BASE_KEY),
    ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
    ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ("KOOHOOK_STORE", "memory:"),
];

/// A private key, and a secret sealed for it.
pub(crate) static KIT_SECRETS: LazyLock<(String, String)> = LazyLock::new(|| {
    let key = PrivateKey::generate(Size::Bits3072).unwrap();
    let sealed = key.seal(Oaep::Sha256Mgf1Sha1, "made-up-client-secret").unwrap();
    (key.to_pem().unwrap(), sealed)
});
