//! An HTTP timer's way to start the relay: `/relay`, with a secret of its own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::secret::Secret;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use protocol::mac::same_text;
use protocol::signature::Interface;

use crate::context::Context;
use crate::endpoint::{Admitted, Endpoint};
use crate::relay::Relay;
use crate::route::{closed, json, life, not_allowed};
use crate::world::World;

/// Starts the relay if the caller knows the secret.
pub struct RelayEndpoint<W> {
    context: Arc<Context<W>>,
    secret: Secret,
}

/// How long a run takes at most; timers and gateways wait half a minute.
const BUDGET: Duration = Duration::from_secs(25);

/// A timer sends little, and it is not read.
const MAX_BODY_LEN: usize = 64 * 1024;

impl<W: World> RelayEndpoint<W> {
    /// The endpoint at a context.
    pub const fn new(context: Arc<Context<W>>, secret: Secret) -> Self {
        Self { context, secret }
    }

    fn knows_secret(&self, head: &Parts) -> bool {
        let given = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.split_once(' '));
        let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let given = given.map_or("", |(_, secret)| secret);
        same_text(given, self.secret.reveal())
    }
}

impl<W: World> Endpoint for RelayEndpoint<W> {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        if let Some(response) = life(head) {
            return Err(response);
        }
        if head.uri.path() != "/relay" {
            return Err(closed(StatusCode::NOT_FOUND));
        }
        // Timers differ: some can only GET.
        if !matches!(head.method, Method::GET | Method::POST) {
            return Err(not_allowed("GET, POST"));
        }
        if self.knows_secret(head) {
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
        match Relay::new(&self.context, BUDGET).run().await {
            Ok(report) => json(StatusCode::OK, Bytes::from(report.to_json())),
            Err(fault) => {
                tracing::error!(fault = %fault, "relay failed");
                closed(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }
}
