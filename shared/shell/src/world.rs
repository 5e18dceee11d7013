//! All that is outside the program: the store, the web, the clock, and randomness.

use std::time::Duration;

use protocol::time::UnixMillis;

use crate::store::Store;
pub use crate::web::{Unanswered, Web};

/// What a callback may ask of the outside. The steps are generic over it and name no runtime, so
/// that a simulation can be the world a million times over.
pub trait World: Send + Sync + 'static {
    /// Where state lives.
    type Store: Store;
    /// How the product and the marketplace's open APIs are called.
    type Web: Web;

    /// The store.
    fn store(&self) -> &Self::Store;

    /// The web.
    fn web(&self) -> &Self::Web;

    /// The web as the product is called over it: the authorities and the network that the seller
    /// named hold for the product alone (decision E6).
    fn product_web(&self) -> &Self::Web {
        self.web()
    }

    /// The time of day.
    fn now(&self) -> UnixMillis;

    /// Time since some fixed start, which no clock's correction moves.
    fn elapsed(&self) -> Duration;

    /// Random bytes that cannot be guessed: for versions and nonces.
    fn random<const N: usize>(&self) -> [u8; N];

    /// The output of a future, if it ends within the limit. A future that was dropped may have had
    /// its effect or not.
    fn within<F>(
        &self,
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future + Send,
        F::Output: Send;

    /// Waits for a while.
    fn pause(&self, span: Duration) -> impl Future<Output = ()> + Send;
}

/// By when a callback must be settled: one per callback, made at its receipt, passed down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadline(Duration);

impl Deadline {
    /// The deadline that lies `budget` after a moment of the world's.
    pub fn after(received: Duration, budget: Duration) -> Self {
        Self(received.saturating_add(budget))
    }

    /// The same deadline, so much earlier.
    #[must_use]
    pub const fn before(self, margin: Duration) -> Self {
        Self(self.0.saturating_sub(margin))
    }

    /// How much time is left; zero once it has passed.
    pub fn left(self, world: &impl World) -> Duration {
        self.0.saturating_sub(world.elapsed())
    }
}
