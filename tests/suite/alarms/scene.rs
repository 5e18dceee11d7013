//! A koohook whose store, product, marketplace and robot a test controls.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use shell::relay::{Relay, RelayError, RelayReport};
use shell::store::Store;
use shell::world::World;
use tests::call::{BASE_KEY, Koohook, PRODUCT_SECRET, run};
use tests::failing_store::FailingStore;
use tests::web::PeerAnswer;
use tests::world::TestWorld;

pub const MINUTE: Duration = Duration::from_mins(1);
/// The robot's address. Anyone who knows it can post.
pub const ROBOT: &str = "https://alarms.example.com/koohook?key=canary-of-the-robot";

pub const SETTINGS: [(&str, &str); 7] = [
    ("KOOHOOK_BASE_KEY", BASE_KEY),
    ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
    ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
    ("KOOHOOK_STORE", "memory:"),
    ("KOOHOOK_OPENAPI_HOST", "https://mkt.example.com"),
    ("KOOHOOK_ALARM_URL", ROBOT),
];

/// What the others answer.
#[derive(Clone)]
pub struct Peers(Arc<Mutex<Moods>>);

struct Moods {
    robot: PeerAnswer,
    robot_takes: Duration,
    product: (u16, &'static str),
    marketplace: (u16, &'static str),
    /// The members `alarms` of the posts that the robot received.
    posts: Vec<Value>,
    texts: Vec<String>,
}

/// One process of a koohook, and the others.
pub struct AlarmScene {
    pub koohook: Koohook<FailingStore>,
    pub peers: Peers,
}

impl Peers {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Moods {
            robot: response(200, ""),
            robot_takes: Duration::ZERO,
            product: (200, r#"{"appInfo":{"frontEndUrl":"https://app.example.com/i"}}"#),
            marketplace: (200, r#"{"error_code":"MKT.0000"}"#),
            posts: Vec::new(),
            texts: Vec::new(),
        })))
    }

    /// Lets a world reach the others.
    pub fn meet<S: Store>(&self, world: &TestWorld<S>) {
        let this = self.clone();
        World::web(world).answer_after(move |request| this.receive(&request));
    }

    fn receive(&self, request: &Request<Bytes>) -> (Duration, PeerAnswer) {
        let mut moods = self.0.lock().unwrap();
        match request.uri().host() {
            Some("alarms.example.com") => {
                assert_eq!(request.uri().to_string(), ROBOT);
                let body: Value = serde_json::from_slice(request.body()).unwrap();
                assert_eq!(body["source"], "koohook");
                moods.posts.push(body["alarms"].clone());
                moods.texts.push(body["text"].as_str().unwrap().to_owned());
                (moods.robot_takes, moods.robot.clone())
            }
            Some("product.example.com") => {
                let (status, body) = moods.product;
                (Duration::ZERO, response(status, body))
            }
            Some("mkt.example.com") => {
                let (status, body) = moods.marketplace;
                (Duration::ZERO, response(status, body))
            }
            other => panic!("a call to {other:?}"),
        }
    }

    pub fn set_product(&self, status: u16, body: &'static str) {
        self.0.lock().unwrap().product = (status, body);
    }

    pub fn set_marketplace(&self, status: u16, body: &'static str) {
        self.0.lock().unwrap().marketplace = (status, body);
    }

    /// What the robot answers from now on, and after which time.
    pub fn set_robot(&self, answer: PeerAnswer, takes: Duration) {
        let mut moods = self.0.lock().unwrap();
        (moods.robot, moods.robot_takes) = (answer, takes);
    }

    /// How many posts the robot received.
    pub fn posts(&self) -> usize {
        self.0.lock().unwrap().posts.len()
    }

    pub fn texts(&self) -> String {
        self.0.lock().unwrap().texts.join("\n")
    }

    /// The kinds and changes in all posts since the last use of this method, in order.
    pub fn take_said(&self) -> Vec<String> {
        let posts = std::mem::take(&mut self.0.lock().unwrap().posts);
        let word = |alarm: &Value, name: &str| alarm[name].as_str().unwrap().to_owned();
        let alarms = posts.iter().flat_map(|post| post.as_array().unwrap());
        alarms.map(|it| format!("{} {}", word(it, "kind"), word(it, "change"))).collect()
    }

    /// The newest alarm.
    pub fn last(&self) -> Value {
        self.0.lock().unwrap().posts.last().unwrap()[0].clone()
    }
}

impl AlarmScene {
    pub fn new() -> Self {
        Self::with(&SETTINGS)
    }

    pub fn with(settings: &[(&str, &str)]) -> Self {
        let (koohook, peers) = (Koohook::over(FailingStore::default(), settings), Peers::new());
        peers.meet(koohook.world());
        Self { koohook, peers }
    }

    /// A fresh process of the same koohook.
    pub fn another(&self) -> Self {
        let koohook = self.koohook.another(&SETTINGS);
        self.peers.meet(koohook.world());
        Self { koohook, peers: self.peers.clone() }
    }

    pub fn store(&self) -> &FailingStore {
        self.koohook.store().inner()
    }

    pub fn relay(&self) -> Result<RelayReport, RelayError> {
        run(Relay::new(self.koohook.endpoint.context(), Duration::from_secs(50)).run())
    }

    /// Runs the relay once a minute, as a timer does.
    pub fn relay_for(&self, minutes: u32) {
        for _ in 0..minutes {
            self.koohook.world().pass(MINUTE);
            let _ = self.relay();
        }
    }

    pub fn buy(&self, order: &str) -> String {
        let line = format!("{order}-1");
        let members = [
            ("activity", "newInstance"),
            ("businessId", "made-up-business"),
            ("orderId", order),
            ("orderLineId", &line),
        ];
        run(self.koohook.v2(&members)).code
    }

    pub fn buy_v1(&self, order: &str) -> String {
        let parameters = [
            ("activity", "newInstance"),
            ("businessId", "made-up-business"),
            ("customerId", "made-up-customer"),
            ("orderId", order),
            ("productId", "OFFI-made-up"),
        ];
        run(self.koohook.v1(&parameters)).code
    }
}

pub fn response(status: u16, body: &'static str) -> PeerAnswer {
    Ok(Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap())
}
