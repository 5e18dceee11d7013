//! Calls over HTTP: one request, and one whole answer or the reason why it is missing.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use http::{Request, Response};

/// What can be called over HTTP.
pub trait Web: Send + Sync + 'static {
    /// Sends a request and reads the whole answer. No redirect is followed, and nothing is sent
    /// twice.
    ///
    /// # Errors
    /// If no whole answer came. What the request did is unknown then.
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
    /// The answer is longer than koohook reads.
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
