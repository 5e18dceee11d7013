//! The world of a real machine: its clock, network, randomness, and a store.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use protocol::time::UnixMillis;

use crate::client::Client;
use crate::guard::Guard;
use crate::store::Store;
use crate::world::World;

/// A real machine, with a store.
pub struct MachineWorld<S> {
    store: S,
    web: Client,
    product: Client,
    started: Instant,
}

impl<S: Store> MachineWorld<S> {
    /// Makes the world; its elapsed time starts now.
    pub fn new(store: S) -> Self {
        let web = Client::new(MAX_MARKETPLACE_ANSWER_LEN);
        Self { store, product: web.clone(), web, started: Instant::now() }
    }

    /// The same world, whose calls to the product obey a guard.
    #[must_use]
    pub fn guarded(self, guard: &Guard) -> Self {
        Self { product: Client::guarded(guard, MAX_ANSWER_LEN), ..self }
    }
}

impl<S: Store> World for MachineWorld<S> {
    type Store = S;
    type Web = Client;

    fn store(&self) -> &S {
        &self.store
    }

    fn web(&self) -> &Client {
        &self.web
    }

    fn product_web(&self) -> &Client {
        &self.product
    }

    fn now(&self) -> UnixMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    #[expect(
        clippy::panic,
        reason = "without randomness no nonce is safe; the endpoint answers 000005"
    )]
    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match getrandom::fill(&mut bytes) {
            Ok(()) => bytes,
            Err(_) => panic!("no randomness"),
        }
    }

    async fn within<F>(&self, limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future + Send,
        F::Output: Send,
    {
        tokio::time::timeout(limit, future).await.ok()
    }

    async fn pause(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

/// The maximum length of an answer, in bytes (decision E6).
const MAX_ANSWER_LEN: usize = 64 * 1024;
/// The longest answer of the marketplace. An answer to usage may have a code for each of 1,000
/// records.
const MAX_MARKETPLACE_ANSWER_LEN: usize = 512 * 1024;
