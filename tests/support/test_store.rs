//! The store under most tests: memory, or the store that `KOOHOOK_TEST_STORE` names. So the same
//! tests check koohook over the memory store and over a real store.

use std::ops::RangeInclusive;
use std::sync::Arc;

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{
    AnyStore, CatalogueItem, CataloguePlace, Entry, Put, Queue, Search, Store, StoreSetting,
    Stored, Unavailable, Value, Version,
};
use tempfile::TempDir;

use crate::on_tokio::OnTokio;
use crate::servers::{self, Server};

/// An empty store without a clock: the test sets the world's clock, and a real server's clock has
/// another time.
#[derive(Clone)]
pub enum TestStore {
    /// The model.
    Memory(Arc<Memory>),
    /// A real store, and its folder if it has one.
    Real(Arc<OnTokio<AnyStore>>, Option<Arc<TempDir>>),
}

impl TestStore {
    /// The store that the environment names: `memory` (the default), `sqlite`, `redis`,
    /// `redis-cluster` or `dynamodb`.
    ///
    /// # Panics
    /// If the environment names another store, or the store's server does not run.
    pub fn new() -> Self {
        match std::env::var("KOOHOOK_TEST_STORE").as_deref() {
            Err(_) | Ok("memory") => Self::Memory(Arc::default()),
            Ok("sqlite") => {
                let folder = tempfile::tempdir().expect("a folder is created");
                let file = folder.path().join("koohook.db");
                Self::open(&format!("sqlite:{}", file.display()), Some(folder))
            }
            Ok("redis") => Self::served(Server::Redis),
            Ok("redis-cluster") => Self::served(Server::RedisCluster),
            Ok("dynamodb") => Self::served(Server::Dynamodb),
            Ok(other) => panic!("KOOHOOK_TEST_STORE names an unknown store: {other}"),
        }
    }

    fn served(server: Server) -> Self {
        Self::open(&servers::setting(server).expect("tests/servers started it"), None)
    }

    fn open(setting: &str, folder: Option<TempDir>) -> Self {
        let setting = StoreSetting::parse(setting).expect("the setting names a store");
        let store = servers::run(setting.open(false)).expect("the store opens");
        Self::Real(Arc::new(OnTokio(store)), folder.map(Arc::new))
    }
}

impl Default for TestStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for TestStore {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        match self {
            Self::Memory(store) => store.get(key, now).await,
            Self::Real(store, _) => store.get(key, now).await,
        }
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        match self {
            Self::Memory(store) => store.put(key, value, over, now).await,
            Self::Real(store, _) => store.put(key, value, over, now).await,
        }
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        match self {
            Self::Memory(store) => store.agenda(queue, span, limit).await,
            Self::Real(store, _) => store.agenda(queue, span, limit).await,
        }
    }

    async fn catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, Unavailable> {
        match self {
            Self::Memory(store) => store.catalogue(list, after, limit).await,
            Self::Real(store, _) => store.catalogue(list, after, limit).await,
        }
    }

    async fn is_empty(&self) -> Result<Option<bool>, Unavailable> {
        match self {
            Self::Memory(store) => store.is_empty().await,
            Self::Real(store, _) => store.is_empty().await,
        }
    }

    async fn find(&self, first: u8) -> Result<Search, Unavailable> {
        match self {
            Self::Memory(store) => store.find(first).await,
            Self::Real(store, _) => store.find(first).await,
        }
    }
}
