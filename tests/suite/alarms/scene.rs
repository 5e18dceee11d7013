//! A koohook whose store, product, marketplace and robot a test controls.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use protocol::time::UnixMillis;
use serde_json::Value;
use shell::relay::{Relay, RelayError, RelayReport};
use shell::store::memory::Memory;
use shell::store::{
    CatalogueItem, CataloguePlace, Entry, Put, Queue, Store, Stored, Unavailable, Version,
};
use shell::world::World;
use tests::call::{BASE_KEY, Koohook, PRODUCT_SECRET, run};
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

/// A store that several processes share. It can be down, and tells its time if a test sets it.
#[derive(Clone)]
pub struct OddStore(Arc<OddParts>);

struct OddParts {
    memory: Memory,
    is_down: AtomicBool,
    /// How far its clock is ahead, in milliseconds. The least number: it tells no time.
    ahead: AtomicI64,
}

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
    pub koohook: Koohook<OddStore>,
    pub peers: Peers,
}

impl OddStore {
    pub fn new() -> Self {
        let ahead = AtomicI64::new(i64::MIN);
        Self(Arc::new(OddParts { memory: Memory::new(), is_down: AtomicBool::new(false), ahead }))
    }

    pub fn set_down(&self, is_down: bool) {
        self.0.is_down.store(is_down, Ordering::SeqCst);
    }

    pub fn set_ahead(&self, span: i64) {
        self.0.ahead.store(span, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&Memory, Unavailable> {
        if self.0.is_down.load(Ordering::SeqCst) { Err(Unavailable) } else { Ok(&self.0.memory) }
    }
}

impl Store for OddStore {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        self.up()?.get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        value: &shell::store::Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        self.up()?.put(key, value, over, now).await
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: std::ops::RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        self.up()?.agenda(queue, span, limit).await
    }

    async fn catalogue(
        &self,
        list: domain::catalogue::CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, Unavailable> {
        self.up()?.catalogue(list, after, limit).await
    }

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        let ahead = self.0.ahead.load(Ordering::SeqCst);
        now.millis().checked_add_signed(ahead).map(UnixMillis::new)
    }
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
        let (koohook, peers) = (Koohook::over(OddStore::new(), settings), Peers::new());
        peers.meet(koohook.world());
        Self { koohook, peers }
    }

    /// A fresh process of the same koohook.
    pub fn another(&self) -> Self {
        let koohook = self.koohook.another(&SETTINGS);
        self.peers.meet(koohook.world());
        Self { koohook, peers: self.peers.clone() }
    }

    pub fn store(&self) -> &OddStore {
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
