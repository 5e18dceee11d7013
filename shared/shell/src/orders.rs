//! Asks the marketplace what was ordered, before the product is told of it (decision E7).

use std::time::Duration;

use bytes::Bytes;
use futures_util::lock::Mutex;
use http::Request;
use marketplace::order_query::{self, Gate, Host, OrderDetails, OrderQuery, Outcome};
use marketplace::signature::sdk::Credentials;

use crate::world::{Unanswered, Web, World};

/// The marketplace's order query, and our right to use it.
#[derive(Debug)]
pub struct Orders {
    host: Host,
    credentials: Credentials,
    /// Held while one asks: many at once would lock a wrong key before the first refusal is read.
    gate: Mutex<Gate>,
}

/// What asking came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// This was ordered.
    Found(OrderDetails),
    /// Not now, for this reason.
    NotNow(String),
    /// Never, for this reason.
    Never(String),
}

impl Orders {
    /// The interface at a host, with the seller's access key.
    pub fn new(host: Host, credentials: Credentials) -> Self {
        Self { host, credentials, gate: Mutex::default() }
    }

    /// Asks, for as long as a limit allows; where the host is not reached, its fallback once.
    pub async fn ask<W: World>(&self, world: &W, query: &OrderQuery, limit: Duration) -> Asked {
        let asked = world.within(limit, self.ask_behind_gate(world, query)).await;
        asked.unwrap_or_else(|| Asked::NotNow("timed out".to_owned()))
    }

    async fn ask_behind_gate<W: World>(&self, world: &W, query: &OrderQuery) -> Asked {
        let mut gate = self.gate.lock().await;
        if !gate.may_ask(world.now()) {
            return Asked::NotNow("key refused before".to_owned());
        }
        let outcome = match self.ask_hosts(world, query).await {
            Ok(outcome) => outcome,
            Err(fault) => return Asked::NotNow(fault.to_string()),
        };
        gate.note(&outcome, world.now());
        match outcome {
            Outcome::Found(details) => Asked::Found(details),
            Outcome::Retry(reason) => Asked::NotNow(reason.to_string()),
            Outcome::Permanent(reason) => Asked::Never(reason.to_string()),
            Outcome::KeyRefused(reason) => {
                tracing::error!(reason = %reason, "order query refuses the access key");
                Asked::NotNow(reason.to_string())
            }
        }
    }

    async fn ask_hosts<W: World>(
        &self,
        world: &W,
        query: &OrderQuery,
    ) -> Result<Outcome, Unanswered> {
        match (self.ask_host(world, query, &self.host).await, self.host.fallback()) {
            (Err(Unanswered::NotReached), Some(host)) => self.ask_host(world, query, &host).await,
            (asked, _) => asked,
        }
    }

    async fn ask_host<W: World>(
        &self,
        world: &W,
        query: &OrderQuery,
        host: &Host,
    ) -> Result<Outcome, Unanswered> {
        let request = query.request(host, &self.credentials, world.now());
        let request = to_http(request).ok_or(Unanswered::NotReached)?;
        let response = world.web().send(request).await?;
        Ok(query.read(response.status().as_u16(), response.body()))
    }
}

fn to_http(request: order_query::Request) -> Option<Request<Bytes>> {
    let mut builder = Request::builder().method(request.method).uri(request.url);
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    builder.body(Bytes::new()).ok()
}
