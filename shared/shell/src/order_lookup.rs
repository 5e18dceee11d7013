//! Queries the order details from the marketplace, before a purchase is delivered to the product
//! (decision E7).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::Request;
use protocol::open_api::OpenApiHost;
use protocol::order_query::{self, OrderDetails, OrderQuery, OrderQueryOutcome};
use protocol::signature::sdk::OpenApiCredentials;

pub use crate::open_api_key::AT_ONCE;
use crate::open_api_key::OpenApiKey;
use crate::time_limits::RELAY_ATTEMPT;
use crate::trouble_log::TroubleLog;
use crate::world::{Unanswered, Web, World};

/// The marketplace's order query, with the seller's access key.
#[derive(Debug)]
pub struct Orders {
    host: OpenApiHost,
    key: Arc<OpenApiKey>,
    /// The marketplace rejects the access key.
    rejected: TroubleLog,
}

/// The outcome of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum AskOutcome {
    /// The order details.
    Found(OrderDetails),
    /// The details are not available now, for this reason; query them again later.
    NotNow(String),
    /// The details will never be available, for this reason.
    Never(String),
    /// koohook sent no query: other queries are running, and there was no turn in time.
    NoTurn,
}

impl AskOutcome {
    /// The word in the metrics.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Found(_) => "found",
            Self::NotNow(_) => "not-now",
            Self::Never(_) => "never",
            Self::NoTurn => "no-turn",
        }
    }
}

/// How long a query may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AskLimits {
    /// How long to wait for the answer, after the query has its turn.
    pub answer: Duration,
    /// How long to wait for a turn. Zero: send the query only if a turn is free.
    pub turn: Duration,
}

/// What an operator can do if the marketplace rejects the access key.
const KEY_REJECTED: &str = "correct KOOHOOK_OPENAPI_AK and KOOHOOK_OPENAPI_SK";

impl Orders {
    /// Makes the order query of a host, with the seller's access key.
    pub fn new(host: OpenApiHost, credentials: OpenApiCredentials) -> Self {
        let key = Arc::new(OpenApiKey::new(credentials));
        Self { host, key, rejected: TroubleLog::default() }
    }

    /// The seller's access key. Its other uses share its gate (decision E7).
    pub fn key(&self) -> Arc<OpenApiKey> {
        Arc::clone(&self.key)
    }

    /// Asks within limits. If the host cannot be reached, koohook asks its fallback once.
    pub async fn ask<W: World>(
        &self,
        world: &W,
        query: &OrderQuery,
        limits: AskLimits,
    ) -> AskOutcome {
        let turn = if limits.turn.is_zero() {
            self.key.turn().now_or_never()
        } else {
            world.within(limits.turn, self.key.turn()).await
        };
        let Some(_turn) = turn else { return AskOutcome::NoTurn };
        if !self.key.gate().may_ask(world.now()) {
            return AskOutcome::NotNow("refused or unanswered before".to_owned());
        }
        match world.within(limits.answer, self.ask_hosts(world, query)).await {
            Some(Ok(outcome)) => self.answered(outcome, world),
            Some(Err(fault)) => {
                self.key.gate().note_unanswered(world.now());
                AskOutcome::NotNow(fault.to_string())
            }
            None => {
                if limits.answer >= RELAY_ATTEMPT {
                    self.key.gate().note_unanswered(world.now());
                }
                AskOutcome::NotNow(Unanswered::TimedOut.to_string())
            }
        }
    }

    fn answered<W: World>(&self, outcome: OrderQueryOutcome, world: &W) -> AskOutcome {
        self.key.gate().note(&outcome, world.now());
        match outcome {
            OrderQueryOutcome::Found(details) => {
                if let Some(count) = self.rejected.ended() {
                    tracing::info!(
                        count,
                        "marketplace accepts the API key (AK/SK) of the order query again"
                    );
                }
                AskOutcome::Found(details)
            }
            OrderQueryOutcome::Retry(reason) => AskOutcome::NotNow(reason.to_string()),
            OrderQueryOutcome::Permanent(reason) => AskOutcome::Never(reason.to_string()),
            OrderQueryOutcome::KeyRefused(reason) => {
                if self.rejected.occurred(world.elapsed()).is_some() {
                    tracing::error!(
                        reason = %reason,
                        advice = KEY_REJECTED,
                        "marketplace rejects the API key (AK/SK) of the order query"
                    );
                }
                AskOutcome::NotNow(reason.to_string())
            }
        }
    }

    async fn ask_hosts<W: World>(
        &self,
        world: &W,
        query: &OrderQuery,
    ) -> Result<OrderQueryOutcome, Unanswered> {
        match (self.ask_host(world, query, &self.host).await, self.host.fallback()) {
            (Err(fault), Some(host)) if fault.is_before_sending() => {
                self.ask_host(world, query, &host).await
            }
            (asked, _) => asked,
        }
    }

    async fn ask_host<W: World>(
        &self,
        world: &W,
        query: &OrderQuery,
        host: &OpenApiHost,
    ) -> Result<OrderQueryOutcome, Unanswered> {
        let request = query.request(host, self.key.credentials(), world.now());
        let request = to_http(request).ok_or(Unanswered::NotReached)?;
        let response = world.web().send(request).await?;
        Ok(query.read(response.status().as_u16(), response.body()))
    }
}

fn to_http(request: order_query::OrderQueryRequest) -> Option<Request<Bytes>> {
    let mut builder = Request::builder().method(request.method).uri(request.url);
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    builder.body(Bytes::new()).ok()
}
