//! From an HTTP request to an HTTP response: callbacks, app info, the relay, or all of them at one
//! address.

pub mod app_info;
pub mod callbacks;
pub mod relay;

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use protocol::signature::Interface;

use crate::route::closed;

/// A request whose body a host may read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Admitted {
    /// How long the body may be, in bytes.
    pub max_body_len: usize,
    /// Whose share of the host's memory the body counts as.
    pub interface: Interface,
}

/// Answers requests. `tower::Service` would be one more dependency, and has no place for judging a
/// request by its head before its body is read (decision G6).
pub trait Endpoint: Send + Sync + 'static {
    /// Judges a request by its head, before a host reads the body.
    ///
    /// # Errors
    /// The answer, where there is no more to do.
    #[expect(clippy::result_large_err, reason = "an answer is what this error is")]
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>>;

    /// Answers a request.
    fn answer(&self, request: Request<Bytes>) -> impl Future<Output = Response<Bytes>> + Send;
}

impl<F: Endpoint> Endpoint for Arc<F> {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        F::admit(self, head)
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        F::answer(self, request).await
    }
}

/// Two at one address: what the first does not know is the second's.
pub struct Either<A, B>(pub A, pub B);

impl<A: Endpoint, B: Endpoint> Endpoint for Either<A, B> {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        match self.0.admit(head) {
            Err(response) if response.status() == StatusCode::NOT_FOUND => self.1.admit(head),
            admitted => admitted,
        }
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let admitted = self.0.admit(&head);
        let request = Request::from_parts(head, body);
        match admitted {
            Err(response) if response.status() == StatusCode::NOT_FOUND => {
                self.1.answer(request).await
            }
            // It was judged, and logged, by its head: an answer of its own would log it again.
            Err(response) => response,
            Ok(_) => self.0.answer(request).await,
        }
    }
}

/// One that may not be there.
impl<F: Endpoint> Endpoint for Option<F> {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        match self {
            Some(endpoint) => endpoint.admit(head),
            None => Err(closed(StatusCode::NOT_FOUND)),
        }
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        match self {
            Some(endpoint) => endpoint.answer(request).await,
            None => closed(StatusCode::NOT_FOUND),
        }
    }
}
