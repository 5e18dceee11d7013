//! Calls over HTTP: one request, and either one complete answer or the reason why there is none.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use http::{Request, Response};

/// Sends requests over HTTP.
pub trait Web: Send + Sync + 'static {
    /// Sends a request and reads the complete answer. Follows no redirect and sends nothing twice.
    ///
    /// # Errors
    /// If there is no complete answer. The request may have had its effect or not.
    fn send(
        &self,
        request: Request<Bytes>,
    ) -> impl Future<Output = Result<Response<Bytes>, Unanswered>> + Send;
}

/// Why a call has no answer (decision E6). Its words are the same in the log, in a stored attempt
/// and in the commands' output.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unanswered {
    /// The name has no address. For this reason, and every reason from here to
    /// [`Self::NotReached`], the call had no effect.
    NameNotFound,
    /// The name has an address to which plain HTTP is not allowed.
    NotAllowed,
    /// No program listens at the address.
    Refused,
    /// The certificate's authority is unknown, its name is another one, or it has expired.
    NotTrusted,
    /// The TLS handshake failed: the other side does not speak TLS, or not a version that koohook
    /// speaks.
    Tls,
    /// The connection failed for another reason.
    NotReached,
    /// The time limit passed.
    TimedOut,
    /// The connection ended before the answer did. Over plain HTTP it may have ended before the
    /// request was sent.
    CutOff,
    /// The answer is not HTTP.
    NotHttp,
    /// The answer is longer than koohook reads.
    TooLong,
}

impl Unanswered {
    /// The reason's words in the log and in stored attempts.
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

    /// Whether the call failed before it was sent, so that it had no effect.
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
