//! A koohook that a test controls, and calls that the simulator signs.

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

/// The access key of the base interfaces, generated for tests.
pub const BASE_KEY: &str = "constructed-base-key-0001";
/// The shared secret of koohook and the product: `constructed-product-secret-0001`.
pub const PRODUCT_SECRET: &str = "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMQ==";
/// The endpoint's address.
pub const ADDRESS: &str = "https://seller.example.com/saasproduce";
/// Access data for every instance.
pub const APP_INFO: &str = r#"{"frontEndUrl":"https://app.example.com/{instanceId}",
    "adminUrl":"https://app.example.com/admin","userName":"admin@{orderId}",
    "password":"made-up-password","memo":"欢迎"}"#;

/// The settings of most tests: a template and no product.
pub const SETTINGS: [(&str, &str); 3] =
    [("KOOHOOK_BASE_KEY", BASE_KEY), ("KOOHOOK_APP_INFO", APP_INFO), ("KOOHOOK_STORE", "memory:")];

/// Settings under which an instance stays pending: a product is configured, and no notice is sent
/// inside the callback.
pub const PENDING: [(&str, &str); 5] = [
    ("KOOHOOK_BASE_KEY", BASE_KEY),
    ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
    ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
    ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ("KOOHOOK_STORE", "memory:"),
];

/// Settings under which koohook notifies the product inside the callback.
pub const WITH_PRODUCT: [(&str, &str); 4] = [
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

/// The usual koohook: over memory, or over the store that `KOOHOOK_TEST_STORE` names.
pub type Bundled = Koohook<TestStore>;

/// Reads the configuration from settings.
pub fn config(settings: &[(&str, &str)]) -> Config {
    let owned: Vec<(String, String)> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let lookup = move |name: &str| {
        owned.iter().rev().find(|(set, _)| set == name).map(|(_, value)| value.clone())
    };
    Config::read(&lookup).expect("the settings of a test are usable")
}

/// A koohook over an empty store, with settings.
pub fn koohook(settings: &[(&str, &str)]) -> Bundled {
    Koohook::over(TestStore::new(), settings)
}

/// A koohook over memory, whatever `KOOHOOK_TEST_STORE` names: for tests that count the operations of
/// concurrent reads. A server finishes these in an order that is different each time.
pub fn koohook_in_memory(settings: &[(&str, &str)]) -> Bundled {
    Koohook::over(TestStore::Memory(Arc::default()), settings)
}

impl<S: Store + Clone> Koohook<S> {
    /// Another process of the same koohook, with its own settings.
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
    /// A koohook that serves the base interfaces over a store, with settings.
    pub fn over(store: S, settings: &[(&str, &str)]) -> Self {
        Self::serving(&functions::BASE, store, settings)
    }

    /// A koohook that serves some pages over a store, with settings.
    ///
    /// # Panics
    /// If the settings are not usable.
    pub fn serving(rows: &[Row], store: S, settings: &[(&str, &str)]) -> Self {
        let Config { endpoint, context, .. } = config(settings);
        let context = Arc::new(Context::new(context, TestWorld::watched(store)));
        let endpoint = CallbackEndpoint::new(endpoint, rows, context);
        Self { endpoint: endpoint.expect("the settings of a test are usable"), rows: rows.to_vec() }
    }

    /// The koohook's world.
    pub fn world(&self) -> &TestWorld<Watched<S>> {
        &self.endpoint.context().world
    }

    /// The store that the koohook uses.
    pub fn store(&self) -> &Watched<S> {
        World::store(self.world())
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
        self.endpoint.answer(request.map(Bytes::from)).await.map(|body| body.to_vec())
    }

    /// Answers one request, verifies the answer's signature over its bytes, and reads the answer as
    /// the marketplace does.
    pub async fn reply(&self, request: Request<Vec<u8>>) -> Answer {
        let response = self.answer(request).await;
        simulator::answer::verify_body_sign(&response, BASE_KEY).expect("every answer is signed");
        Answer::read(&response).expect("every answer has the form that the guide gives")
    }

    /// Sends a V1 call with these parameters, signed now.
    pub async fn v1(&self, parameters: &[(&str, &str)]) -> Answer {
        self.reply(v1(self.world().now_millis(), parameters)).await
    }

    /// Sends a V2 call with these members, signed now.
    pub async fn v2(&self, members: &[(&str, &str)]) -> Answer {
        self.reply(v2(self.world().now_millis(), members)).await
    }

    /// The entity record under an instance's ID, if one exists.
    pub async fn kept(&self, instance_id: &str) -> Option<EntityRecord> {
        let id = InstanceId::parse(instance_id).unwrap();
        let key = Subject::Instance(id).key();
        let now = UnixMillis::new(self.world().now_millis());
        let stored = self.store().inner().get(&key, now).await.unwrap()?;
        let clear = Seal::new(None, None, shell::seal::Clear::Allowed);
        Some(EntityRecord::from_bytes(&clear.open(&key, &stored.bytes).unwrap()).unwrap())
    }

    /// Writes an entity record under an instance's ID, over any version. The write is not counted.
    pub async fn keep(&self, instance_id: &str, kept: &EntityRecord) {
        self.keep_bytes(instance_id, &[&[0], kept.to_bytes().unwrap().as_slice()].concat()).await;
    }

    /// Writes bytes under an instance's ID, as a store contains them.
    pub async fn keep_bytes(&self, instance_id: &str, bytes: &[u8]) {
        let key = Subject::Instance(InstanceId::parse(instance_id).unwrap()).key();
        let now = UnixMillis::new(self.world().now_millis());
        let store = self.store().inner();
        let over = store.get(&key, now).await.unwrap();
        let value = Value {
            version: Version(self.world().random()),
            bytes: bytes.to_vec(),
            ..Value::default()
        };
        let over = over.map(|stored| stored.version);
        let put = store.put(&key, &value, over, now).await.unwrap();
        assert_eq!(put, Put::Won, "no other writer exists");
    }

    /// The instance under an ID.
    pub async fn instance(&self, instance_id: &str) -> Instance {
        match self.kept(instance_id).await.expect("a record exists").entity {
            Entity::Instance(instance) => instance,
            other => panic!("the record is not an instance: {other:?}"),
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

/// A V2 call with a body, signed at a time over its bytes. The nonce is derived from the body, so
/// that two different calls never share a nonce.
pub fn v2_body(now_millis: u64, body: &[u8]) -> Request<Vec<u8>> {
    let nonce = simulator::v2::sign(BASE_KEY, "0", "0", body);
    simulator::v2::request(ADDRESS, BASE_KEY, &now_millis.to_string(), &nonce, body).unwrap()
}

/// Runs a future of a world until it finishes, or until [`TestWorld::halt_at`] halts the world. At
/// a halt the future is dropped, as if its process had ended. The world then continues without it.
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

/// Runs a future of a world to a point of its operations, runs other work, then finishes the
/// future. This simulates a process that was paused.
///
/// # Panics
/// If the future finishes before the point.
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
    assert!(is_paused, "the future finished before the point");
    output
}

/// Does the same as [`run_paused`], but the future may finish before the point. Then the other work
/// does not run.
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
