//! Prometheus fetches the metrics: `GET /metrics`, at an address of its own. Every request is answered
//! from its request line and headers, and no body is read.

use std::sync::Arc;

use bytes::Bytes;
use domain::secret::Secret;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};

use crate::context::Context;
use crate::endpoint::bearer::has_secret;
use crate::endpoint::{Admitted, Endpoint};
use crate::route::{closed, not_allowed};
use crate::world::World;

/// Answers with the metrics of this process.
pub struct MetricsEndpoint<W> {
    context: Arc<Context<W>>,
    /// What the caller must send. `None` if only this machine reaches the address.
    secret: Option<Secret>,
}

/// The type of Prometheus' text format.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

impl<W: World> MetricsEndpoint<W> {
    /// Makes the endpoint.
    pub const fn new(context: Arc<Context<W>>, secret: Option<Secret>) -> Self {
        Self { context, secret }
    }

    fn respond(&self, head: &Parts) -> Response<Bytes> {
        if head.uri.path() != "/metrics" {
            return closed(StatusCode::NOT_FOUND);
        }
        if !matches!(head.method, Method::GET | Method::HEAD) {
            return not_allowed("GET, HEAD");
        }
        if !self.secret.as_ref().is_none_or(|secret| has_secret(head, secret)) {
            let mut response = closed(StatusCode::UNAUTHORIZED);
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return response;
        }
        let Some(text) = self.context.metrics_text() else {
            return closed(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let mut response = Response::new(Bytes::from(text));
        response.headers_mut().insert(CONTENT_TYPE, TEXT);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl<W: World> Endpoint for MetricsEndpoint<W> {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        Err(self.respond(head))
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.respond(&request.into_parts().0)
    }
}
