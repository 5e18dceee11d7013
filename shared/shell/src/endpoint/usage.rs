//! The product reports usage (话单): `POST /usage`, and `PUT /instances/{instanceId}/usage-info`.
//! Each is a Standard Webhook (decisions J1, J6).
//!
//! - `report`: accepts a report, and stores it. `report_answer`: the answer to it. `report_line`: its
//!   log line.
//! - `info`: stores the usage of a package. `info_line`: its log line.
//! - `usage_refusal`: why a call has no effect.

mod info;
mod info_line;
mod report;
mod report_answer;
mod report_line;
mod usage_refusal;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use protocol::message::InstanceId;
use protocol::signature::Interface;

use self::info_line::InfoLine;
pub use self::report::BUDGET;
use self::report_line::ReportLine;
use self::usage_refusal::UsageRefusal;
use crate::context::Context;
use crate::endpoint::product_call::instance_in_path;
use crate::endpoint::{Admitted, Endpoint};
use crate::failure::Failure;
use crate::log_ids::LogIds;
use crate::metrics::Metrics;
use crate::route::{closed, health_answer, json, not_allowed};
use crate::world::World;

/// Accepts the product's messages about usage. Nothing that it has accepted is lost: it answers after
/// the store has it.
pub struct UsageEndpoint<W> {
    context: Arc<Context<W>>,
}

/// What the path of a request names.
enum UsagePath {
    /// A report of windows.
    Report,
    /// The usage of a package.
    Info(InstanceId),
}

impl UsagePath {
    /// Finds the path of a request.
    #[expect(clippy::result_large_err, reason = "an answer is what this error is")]
    fn find(head: &Parts) -> Result<Self, Response<Bytes>> {
        let path = head.uri.path();
        if path == "/usage" {
            let is_post = head.method == Method::POST;
            return if is_post { Ok(Self::Report) } else { Err(not_allowed("POST")) };
        }
        match instance_in_path(path, USAGE_INFO) {
            None => Err(closed(StatusCode::NOT_FOUND)),
            Some(_) if head.method != Method::PUT => Err(not_allowed("PUT")),
            Some(id) => Ok(Self::Info(id)),
        }
    }

    /// The longest body: of a report by decision J1. 64 entries of a package fit into the other.
    const fn max_body_len(&self) -> usize {
        match self {
            Self::Report => 1024 * 1024,
            Self::Info(_) => 128 * 1024,
        }
    }
}

impl<W: World> UsageEndpoint<W> {
    /// Makes the endpoint.
    pub const fn new(context: Arc<Context<W>>) -> Self {
        Self { context }
    }

    #[expect(clippy::result_large_err, reason = "an answer is what this error is")]
    fn path(&self, head: &Parts) -> Result<UsagePath, Response<Bytes>> {
        health_answer(head, &self.context.readiness).map_or_else(|| UsagePath::find(head), Err)
    }

    async fn answer_report(&self, head: &Parts, body: &[u8]) -> Response<Bytes> {
        let began = self.context.world.elapsed();
        let accepted = report::accept(&self.context, head, body, began);
        let accepted = AssertUnwindSafe(accepted).catch_unwind().await;
        let accepted = accepted.unwrap_or(Err(UsageRefusal::Failed(Failure::Panicked)));
        let now = self.context.world.elapsed();
        let (origin, took) = (head.extensions.get().cloned(), now.saturating_sub(began));
        let line = ReportLine { origin, took };
        let metrics = &self.context.metrics;
        match accepted {
            Ok(accepted) => {
                metrics.product_called("usage", accepted.answer.status().as_u16());
                metrics.usage_reported(&accepted.answer.counts().by_status());
                accepted.failure.inspect(|failure| metrics.failed("usage", *failure));
                line.write_reported(&accepted, &self.context.troubles, now);
                json(accepted.answer.status(), accepted.answer.to_json())
            }
            Err(refusal) => {
                count_refused(metrics, "usage", refusal);
                line.write_rejected(refusal, &self.context.troubles.usage_reports, now);
                refused(refusal)
            }
        }
    }

    async fn answer_info(&self, id: &InstanceId, head: &Parts, body: &[u8]) -> Response<Bytes> {
        let (began, mut ids) = (self.context.world.elapsed(), LogIds::default());
        let applied = info::apply(&self.context, id, head, body, &mut ids);
        let applied = AssertUnwindSafe(applied).catch_unwind().await;
        let applied = applied.unwrap_or(Err(UsageRefusal::Failed(Failure::Panicked)));
        let (now, trouble) = (self.context.world.elapsed(), &self.context.troubles.usage_info);
        let (origin, took) = (head.extensions.get().cloned(), now.saturating_sub(began));
        let line = InfoLine { ids, origin, took };
        match applied {
            Ok(has_changed) => {
                self.context.metrics.product_called(USAGE_INFO, 200);
                line.write_accepted(has_changed, trouble, now);
                json(StatusCode::OK, Bytes::from_static(br#"{"status":"ok"}"#))
            }
            Err(refusal) => {
                count_refused(&self.context.metrics, USAGE_INFO, refusal);
                line.write_rejected(refusal, trouble, now);
                refused(refusal)
            }
        }
    }
}

impl<W: World> Endpoint for UsageEndpoint<W> {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        let max_body_len = self.path(head)?.max_body_len();
        Ok(Admitted { max_body_len, interface: Interface::Kit })
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let path = match self.path(&head) {
            Ok(path) => path,
            Err(response) => return response,
        };
        if body.len() > path.max_body_len() {
            return closed(StatusCode::PAYLOAD_TOO_LARGE);
        }
        match path {
            UsagePath::Report => self.answer_report(&head, &body).await,
            UsagePath::Info(id) => self.answer_info(&id, &head, &body).await,
        }
    }
}

/// Counts a call that has no effect.
fn count_refused(metrics: &Metrics, call: &'static str, refusal: UsageRefusal) {
    metrics.product_called(call, refusal.status().as_u16());
    if let UsageRefusal::Failed(failure) = refusal {
        metrics.failed(call, failure);
    }
}

/// The last part of the path of the usage of a package.
const USAGE_INFO: &str = "usage-info";

/// The answer to a call that has no effect. koohook's own words contain no character that JSON would
/// have to escape.
fn refused(refusal: UsageRefusal) -> Response<Bytes> {
    json(refusal.status(), Bytes::from(format!(r#"{{"status":"{refusal}"}}"#)))
}
