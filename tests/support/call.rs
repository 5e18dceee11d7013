//! A koohook in a test's hand, and calls that the marketplace's side signs.

use std::sync::Arc;

use bytes::Bytes;
use domain::entity::{Entity, Subject};
use domain::instance::Instance;
use domain::page::Row;
use domain::record::EntityRecord;
use futures_util::FutureExt;
use http::{Request, Response};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use shell::config::Config;
use shell::context::Context;
use shell::endpoint::callbacks::CallbackEndpoint;
use shell::seal::Seal;
use shell::store::{Put, Store, Value, Version};
use shell::world::World;
use simulator::answer::Answer;

use crate::test_store::TestStore;
use crate::world::{TestWorld, Watched};

/// The made-up key of the base interfaces.
pub const BASE_KEY: &str = "constructed-base-key-0001";
/// What signs to the product, and it to us: `constructed-product-secret-0001`.
pub const PRODUCT_SECRET: &str = "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMQ==";
/// Where the endpoint is.
pub const ADDRESS: &str = "https://seller.example.com/saasproduce";
/// Access data for every instance.
pub const APP_INFO: &str = r#"{"frontEndUrl":"https://app.example.com/{instanceId}",
    "adminUrl":"https://app.example.com/admin","userName":"admin@{orderId}",
    "password":"made-up-password","memo":"欢迎"}"#;

/// The settings that most tests run with: a template, no product.
pub const SETTINGS: [(&str, &str); 3] =
    [("KOOHOOK_BASE_KEY", BASE_KEY), ("KOOHOOK_APP_INFO", APP_INFO), ("KOOHOOK_STORE", "memory:")];

/// Settings under which an instance stays pending: a product is to be asked, and nobody asks it.
pub const PENDING: [(&str, &str); 5] = [
    ("KOOHOOK_BASE_KEY", BASE_KEY),
    ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
    ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
    ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ("KOOHOOK_STORE", "memory:"),
];

/// Settings under which the product is told at once.
pub const TOLD: [(&str, &str); 4] = [
    ("KOOHOOK_BASE_KEY", BASE_KEY),
    ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
    ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ("KOOHOOK_STORE", "memory:"),
];

/// One koohook over a watched store.
pub struct Koohook<S> {
    /// The endpoint.
    pub endpoint: CallbackEndpoint<TestWorld<Watched<S>>>,
    rows: Vec<Row>,
}

/// The usual one: over memory or the store that a run names.
pub type Bundled = Koohook<TestStore>;

/// The configuration that settings amount to.
pub fn config(settings: &[(&str, &str)]) -> Config {
    let owned: Vec<(String, String)> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let lookup = move |name: &str| {
        owned.iter().rev().find(|(set, _)| set == name).map(|(_, value)| value.clone())
    };
    Config::read(&lookup).expect("the settings of a test are usable")
}

/// A koohook over a store with nothing in it, with settings.
pub fn koohook(settings: &[(&str, &str)]) -> Bundled {
    Koohook::over(TestStore::new(), settings)
}

impl<S: Store + Clone> Koohook<S> {
    /// Another process of the same koohook, with settings of its own.
    ///
    /// # Panics
    /// If the settings are not usable.
    pub fn another(&self, settings: &[(&str, &str)]) -> Self {
        let Config { endpoint, context, .. } = config(settings);
        let context = Arc::new(Context::new(context, self.world().of_another_process()));
        let endpoint = CallbackEndpoint::new(endpoint, &self.rows, context);
        Self {
            endpoint: endpoint.expect("the settings of a test are usable"),
            rows: self.rows.clone(),
        }
    }
}

impl<S: Store> Koohook<S> {
    /// A koohook of the base interfaces over a store, with settings.
    pub fn over(store: S, settings: &[(&str, &str)]) -> Self {
        Self::serving(&functions::BASE, store, settings)
    }

    /// A koohook of some pages over a store, with settings.
    ///
    /// # Panics
    /// If the settings are not usable.
    pub fn serving(rows: &[Row], store: S, settings: &[(&str, &str)]) -> Self {
        let Config { endpoint, context, .. } = config(settings);
        let context = Arc::new(Context::new(context, TestWorld::watched(store)));
        let endpoint = CallbackEndpoint::new(endpoint, rows, context);
        Self { endpoint: endpoint.expect("the settings of a test are usable"), rows: rows.to_vec() }
    }

    /// The world around it.
    pub fn world(&self) -> &TestWorld<Watched<S>> {
        &self.endpoint.context().world
    }

    /// The store beneath it.
    pub fn store(&self) -> &Watched<S> {
        World::store(self.world())
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
        self.endpoint.answer(request.map(Bytes::from)).await.map(|body| body.to_vec())
    }

    /// Answers one request, reads the answer as the marketplace does, and holds its signature
    /// against the bytes.
    pub async fn reply(&self, request: Request<Vec<u8>>) -> Answer {
        let response = self.answer(request).await;
        simulator::answer::verify_body_sign(&response, BASE_KEY).expect("every answer is signed");
        Answer::read(&response).expect("every answer is as the guide says")
    }

    /// A V1 call of these parameters, signed now.
    pub async fn v1(&self, parameters: &[(&str, &str)]) -> Answer {
        self.reply(v1(self.world().now_millis(), parameters)).await
    }

    /// A V2 call of these members, signed now.
    pub async fn v2(&self, members: &[(&str, &str)]) -> Answer {
        self.reply(v2(self.world().now_millis(), members)).await
    }

    /// What is kept under an instance's ID, if anything is.
    pub async fn kept(&self, instance_id: &str) -> Option<EntityRecord> {
        let id = InstanceId::parse(instance_id).unwrap();
        let key = Subject::Instance(id).key();
        let now = UnixMillis::new(self.world().now_millis());
        let stored = self.store().inner().get(&key, now).await.unwrap()?;
        let clear = Seal::new(None, None, shell::seal::Clear::Allowed);
        Some(EntityRecord::from_bytes(&clear.open(&key, &stored.bytes).unwrap()).unwrap())
    }

    /// Puts a value under an instance's ID, from behind: over whatever stands, and uncounted.
    pub async fn keep(&self, instance_id: &str, kept: &EntityRecord) {
        self.keep_bytes(instance_id, &[&[0], kept.to_bytes().unwrap().as_slice()].concat()).await;
    }

    /// Puts bytes there, as a store holds them.
    pub async fn keep_bytes(&self, instance_id: &str, bytes: &[u8]) {
        let key = Subject::Instance(InstanceId::parse(instance_id).unwrap()).key();
        let now = UnixMillis::new(self.world().now_millis());
        let store = self.store().inner();
        let over = store.get(&key, now).await.unwrap();
        let value = Value {
            version: Version(self.world().random()),
            bytes: bytes.to_vec(),
            agenda: None,
            expires: None,
        };
        let over = over.map(|standing| standing.version);
        let put = store.put(&key, &value, over, now).await.unwrap();
        assert_eq!(put, Put::Won, "nobody else is writing");
    }

    /// The instance that is kept under an ID.
    pub async fn instance(&self, instance_id: &str) -> Instance {
        match self.kept(instance_id).await.expect("an instance is kept").entity {
            Entity::Instance(instance) => instance,
            other => panic!("an instance is not what is kept: {other:?}"),
        }
    }
}

/// A V1 call, signed at a time.
pub fn v1(now_millis: u64, parameters: &[(&str, &str)]) -> Request<Vec<u8>> {
    let time_stamp = simulator::time::to_the_millisecond(now_millis);
    simulator::v1::request(ADDRESS, BASE_KEY, &time_stamp, parameters).unwrap()
}

/// A V2 call, signed at a time.
pub fn v2(now_millis: u64, members: &[(&str, &str)]) -> Request<Vec<u8>> {
    v2_body(now_millis, &simulator::v2::body(members))
}

/// A V2 call of a body, signed at a time over its bytes. The nonce is of the body, so that two
/// different calls never share one.
pub fn v2_body(now_millis: u64, body: &[u8]) -> Request<Vec<u8>> {
    let nonce = simulator::v2::sign(BASE_KEY, "0", "0", body);
    simulator::v2::request(ADDRESS, BASE_KEY, &now_millis.to_string(), &nonce, body).unwrap()
}

/// Runs a future of a world to its end, or until [`TestWorld::halt_at`] halts the world: then the
/// future is dropped, as its process has ended, and the world goes on without it.
pub fn run_until_halt<S: Store, F: Future>(
    world: &TestWorld<Watched<S>>,
    future: F,
) -> Option<F::Output> {
    futures_util::pin_mut!(future);
    let output = loop {
        let output = future.as_mut().now_or_never();
        if output.is_some() || world.has_halted() {
            break output;
        }
    };
    world.go_on();
    output
}

/// Runs a future of a world to a point of its operations, lets others work meanwhile, and runs it
/// to its end: a process that was paused.
///
/// # Panics
/// If the future ends before the point.
pub fn run_paused<S: Store, F: Future>(
    world: &TestWorld<Watched<S>>,
    point: usize,
    future: F,
    meanwhile: impl FnOnce(),
) -> F::Output {
    let mut is_paused = false;
    let output = run_perhaps_paused(world, point, future, || {
        is_paused = true;
        meanwhile();
    });
    assert!(is_paused, "it ended before the point");
    output
}

/// The same, of a future that may end before the point: others work all the same.
pub fn run_perhaps_paused<S: Store, F: Future>(
    world: &TestWorld<Watched<S>>,
    point: usize,
    future: F,
    meanwhile: impl FnOnce(),
) -> F::Output {
    futures_util::pin_mut!(future);
    world.halt_at(point);
    let early = loop {
        let output = future.as_mut().now_or_never();
        if output.is_some() || world.has_halted() {
            break output;
        }
    };
    world.go_on();
    if let Some(output) = early {
        return output;
    }
    meanwhile();
    run(future)
}

/// Runs a future of the simulated world to its end, without a runtime.
pub fn run<F: Future>(future: F) -> F::Output {
    futures_util::pin_mut!(future);
    loop {
        if let Some(output) = future.as_mut().now_or_never() {
            return output;
        }
    }
}
