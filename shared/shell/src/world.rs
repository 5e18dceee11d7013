//! Everything outside the program: the store, the web, the clock and randomness.

use std::time::Duration;

use protocol::time::UnixMillis;

use crate::store::Store;
pub use crate::web::{Unanswered, Web};

/// The interface to everything outside the program. The steps of a callback are generic over it and
/// name no runtime, so that a simulation can run them many times.
pub trait World: Send + Sync + 'static {
    /// The type of the store.
    type Store: Store;
    /// The type of the client that calls the product and the marketplace's open APIs.
    type Web: Web;

    /// The store.
    fn store(&self) -> &Self::Store;

    /// The web.
    fn web(&self) -> &Self::Web;

    /// The web over which koohook calls the product. The authorities and the network that the
    /// seller configures apply only to the product (decision E6).
    fn product_web(&self) -> &Self::Web {
        self.web()
    }

    /// The time of day.
    fn now(&self) -> UnixMillis;

    /// The time since a fixed start. A correction of the clock does not change it.
    fn elapsed(&self) -> Duration;

    /// Random bytes that cannot be guessed, for versions and nonces.
    fn random<const N: usize>(&self) -> [u8; N];

    /// Returns the output of a future if it ends within the limit. A dropped future may have had
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

/// The time by which a callback must be settled. koohook makes one when it receives the call and
/// passes it down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadline(Duration);

impl Deadline {
    /// The deadline that is `budget` after `received`, a time as [`World::elapsed`] gives it.
    pub fn after(received: Duration, budget: Duration) -> Self {
        Self(received.saturating_add(budget))
    }

    /// The same deadline, earlier by `margin`.
    #[must_use]
    pub const fn before(self, margin: Duration) -> Self {
        Self(self.0.saturating_sub(margin))
    }

    /// The time that is left; zero after the deadline.
    pub fn left(self, world: &impl World) -> Duration {
        self.0.saturating_sub(world.elapsed())
    }
}
