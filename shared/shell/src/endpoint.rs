//! Endpoints: each turns an HTTP request into an HTTP response. There are endpoints for callbacks,
//! for app info, for usage, for the relay and for metrics; several can share one address.
//! `product_call`: what the endpoints for the product share. `bearer`: the secret of the others.

pub mod app_info;
mod bearer;
pub mod callbacks;
pub mod metrics;
mod product_call;
pub mod relay;
pub mod usage;

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use protocol::signature::Interface;

use crate::route::closed;

/// How a host may read the body of an admitted request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Admitted {
    /// The maximum length of the body, in bytes.
    pub max_body_len: usize,
    /// The share of the host's memory that the body counts against.
    pub interface: Interface,
}

/// Answers requests. `tower::Service` would be one more dependency. It also has no step that checks
/// the request line and headers before the body is read (decision G6).
pub trait Endpoint: Send + Sync + 'static {
    /// Checks the request line and headers of a request, before the host reads the body.
    ///
    /// # Errors
    /// The answer, if the request needs no further work.
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

/// Two endpoints at one address. The second gets each request that the first answers with 404.
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
            // `admit` has logged this request already; `answer` would log it again.
            Err(response) => response,
            Ok(_) => self.0.answer(request).await,
        }
    }
}

/// An endpoint that may be absent; without it every request is answered with 404.
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
