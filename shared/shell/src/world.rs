//! All that is not us: the store, the web, the clock, a time limit, and chance.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use protocol::time::UnixMillis;

use crate::store::Store;

/// What a callback may ask of the outside. The steps are generic over it and name no runtime, so
/// that a simulation can be the world a million times over.
pub trait World: Send + Sync + 'static {
    /// Where state lives.
    type Store: Store;
    /// Whom we call: the product, and the marketplace's own interfaces.
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

    /// Bytes that nobody can guess: versions, nonces.
    fn random<const N: usize>(&self) -> [u8; N];

    /// What a future comes to, or nothing once the limit has passed. A future that is dropped may
    /// have had its effect or not.
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

/// What can be called over HTTP.
pub trait Web: Send + Sync + 'static {
    /// Sends a request and reads the whole answer. No redirect is followed, and nothing is sent
    /// twice.
    ///
    /// # Errors
    /// Where no whole answer came; what the request did is then unknown.
    fn send(
        &self,
        request: Request<Bytes>,
    ) -> impl Future<Output = Result<Response<Bytes>, Unanswered>> + Send;
}

/// Why there is no answer to a call of ours (decision E6). Each has the same words in the log, in a
/// stored attempt and wherever a person reads of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unanswered {
    /// The name has no address: the call had no effect, as with all down to [`Self::NotReached`].
    NameNotFound,
    /// The name has an address to which plain HTTP may not go.
    NotAllowed,
    /// Nothing listens there.
    Refused,
    /// The certificate is of an unknown authority, of another name, or expired.
    NotTrusted,
    /// TLS did not begin: the other side does not speak it, or not our versions.
    Tls,
    /// There was no connection, for another reason.
    NotReached,
    /// The time was up.
    TimedOut,
    /// The connection ended before the answer did.
    CutOff,
    /// What came is not HTTP.
    NotHttp,
    /// More of an answer than anybody reads.
    TooLong,
}

impl Unanswered {
    /// The words for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NameNotFound => "name not found",
            Self::NotAllowed => "address not allowed",
            Self::Refused => "connection refused",
            Self::NotTrusted => "certificate not trusted",
            Self::Tls => "tls failed",
            Self::NotReached => "not reached",
            Self::TimedOut => "timed out",
            Self::CutOff => "cut off",
            Self::NotHttp => "answer is not http",
            Self::TooLong => "answer too long",
        }
    }

    /// Whether nothing was sent, so that the call had no effect.
    pub const fn is_before_sending(self) -> bool {
        match self {
            Self::NameNotFound
            | Self::NotAllowed
            | Self::Refused
            | Self::NotTrusted
            | Self::Tls
            | Self::NotReached => true,
            Self::TimedOut | Self::CutOff | Self::NotHttp | Self::TooLong => false,
        }
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Error for Unanswered {}

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
