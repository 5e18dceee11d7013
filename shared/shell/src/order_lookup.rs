//! Queries the order details from the marketplace, before a purchase is delivered to the product
//! (decision E7).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::order_query_gate::QueryGate;
use futures_util::future::select_all;
use futures_util::{FutureExt, lock};
use http::Request;
use protocol::open_api::OpenApiHost;
use protocol::order_query::{self, OrderDetails, OrderQuery, OrderQueryOutcome};
use protocol::signature::sdk::OpenApiCredentials;

use crate::time_limits::RELAY_ATTEMPT;
use crate::trouble_log::TroubleLog;
use crate::world::{Unanswered, Web, World};

/// The marketplace's order query, with the seller's access key.
#[derive(Debug)]
pub struct Orders {
    host: OpenApiHost,
    credentials: OpenApiCredentials,
    gate: Mutex<QueryGate>,
    /// The marketplace rejects the access key.
    rejected: TroubleLog,
    /// Locked by the one running query, until the access key has worked.
    first: lock::Mutex<()>,
    /// One lock for each query that may run concurrently.
    turns: [lock::Mutex<()>; AT_ONCE],
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

/// How long a query may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AskLimits {
    /// How long to wait for the answer, after the query has its turn.
    pub answer: Duration,
    /// How long to wait for a turn. Zero: send the query only if a turn is free.
    pub turn: Duration,
}

/// Allows one query until it is dropped.
struct Turn<'a> {
    _first: Option<lock::MutexGuard<'a, ()>>,
    _turn: lock::MutexGuard<'a, ()>,
}

/// What an operator can do if the marketplace rejects the access key.
const KEY_REJECTED: &str = "correct KOOHOOK_OPENAPI_AK and KOOHOOK_OPENAPI_SK";

/// How many queries may run concurrently after the access key has worked (decision E7).
pub const AT_ONCE: usize = 3;

impl Orders {
    /// Makes the order query of a host, with the seller's access key.
    pub fn new(host: OpenApiHost, credentials: OpenApiCredentials) -> Self {
        let turns = std::array::from_fn(|_| lock::Mutex::default());
        let (gate, first) = (Mutex::default(), lock::Mutex::default());
        Self { host, credentials, gate, rejected: TroubleLog::default(), first, turns }
    }

    /// Asks within limits. If the host cannot be reached, koohook asks its fallback once.
    pub async fn ask<W: World>(
        &self,
        world: &W,
        query: &OrderQuery,
        limits: AskLimits,
    ) -> AskOutcome {
        let turn = if limits.turn.is_zero() {
            self.turn().now_or_never()
        } else {
            world.within(limits.turn, self.turn()).await
        };
        let Some(_turn) = turn else { return AskOutcome::NoTurn };
        if !self.gate().may_ask(world.now()) {
            return AskOutcome::NotNow("refused or unanswered before".to_owned());
        }
        match world.within(limits.answer, self.ask_hosts(world, query)).await {
            Some(Ok(outcome)) => self.answered(outcome, world),
            Some(Err(fault)) => {
                self.gate().note_unanswered(world.now());
                AskOutcome::NotNow(fault.to_string())
            }
            None => {
                if limits.answer >= RELAY_ATTEMPT {
                    self.gate().note_unanswered(world.now());
                }
                AskOutcome::NotNow(Unanswered::TimedOut.to_string())
            }
        }
    }

    /// Waits for a turn: one query at a time until the key has worked, then a few.
    async fn turn(&self) -> Turn<'_> {
        let first = if self.has_worked() { None } else { Some(self.first.lock().await) };
        // The key may have worked while this query waited.
        let first = first.filter(|_| !self.has_worked());
        let (turn, ..) = select_all(self.turns.iter().map(lock::Mutex::lock)).await;
        Turn { _first: first, _turn: turn }
    }

    fn answered<W: World>(&self, outcome: OrderQueryOutcome, world: &W) -> AskOutcome {
        self.gate().note(&outcome, world.now());
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

    fn has_worked(&self) -> bool {
        self.gate().has_worked()
    }

    fn gate(&self) -> MutexGuard<'_, QueryGate> {
        // Each statement leaves the gate consistent: a panic under the lock does no harm.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
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
        let request = query.request(host, &self.credentials, world.now());
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
