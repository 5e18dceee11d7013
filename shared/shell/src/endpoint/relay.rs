//! An HTTP timer starts the relay: `/relay`, with a separate secret.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::secret::Secret;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use protocol::signature::Interface;

use crate::context::Context;
use crate::endpoint::bearer::has_secret;
use crate::endpoint::{Admitted, Endpoint};
use crate::relay::Relay;
use crate::route::{closed, closed_and_logged, health_answer, json, not_allowed};
use crate::world::World;

/// Starts the relay if the caller sends the secret.
pub struct RelayEndpoint<W> {
    context: Arc<Context<W>>,
    secret: Secret,
    budget: Duration,
}

/// The longest run if the host sets no other limit: timers and gateways wait about 30 seconds.
const BUDGET: Duration = Duration::from_secs(25);

/// The longest body. koohook does not use it.
const MAX_BODY_LEN: usize = 64 * 1024;

impl<W: World> RelayEndpoint<W> {
    /// Makes the endpoint.
    pub const fn new(context: Arc<Context<W>>, secret: Secret) -> Self {
        Self { context, secret, budget: BUDGET }
    }

    /// The same endpoint with another limit for a run.
    #[must_use]
    pub fn within(self, budget: Duration) -> Self {
        Self { budget, ..self }
    }
}

impl<W: World> Endpoint for RelayEndpoint<W> {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        if let Some(response) = health_answer(head, &self.context.readiness) {
            return Err(response);
        }
        if head.uri.path() != "/relay" {
            return Err(closed(StatusCode::NOT_FOUND));
        }
        // Some timers can only send GET.
        if !matches!(head.method, Method::GET | Method::POST) {
            return Err(not_allowed("GET, POST"));
        }
        if has_secret(head, &self.secret) {
            Ok(Admitted { max_body_len: MAX_BODY_LEN, interface: Interface::Kit })
        } else {
            Err(closed(StatusCode::UNAUTHORIZED))
        }
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (head, _) = request.into_parts();
        if let Err(response) = self.admit(&head) {
            return response;
        }
        match Relay::new(&self.context, self.budget).run().await {
            Ok(report) => {
                self.context.readiness.note_relay(self.context.world.elapsed());
                json(StatusCode::OK, Bytes::from(report.to_json().to_string()))
            }
            Err(_) => closed_and_logged(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}
