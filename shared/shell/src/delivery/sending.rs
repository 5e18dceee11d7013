//! Sends one notice to the product, in one signed request or one for each part of a list. Reads the
//! outcome from the product's answer.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use domain::notice::{Message, Part};
use domain::outbox::{Attempt, AttemptOutcome, Claim};
use domain::product::{self, ProductError};
use http::header::RETRY_AFTER;
use http::{HeaderMap, Response};

use super::Delivery;
use super::webhook_request::webhook_request;
use crate::failure::Failure;
use crate::world::{Unanswered, Web, World};

/// How an attempt ended.
pub(super) struct Sent {
    pub outcome: AttemptOutcome,
    /// The HTTP status of the last answer, if there was one.
    pub status: Option<u16>,
    /// Why there was no usable answer over HTTP, if there was none.
    pub cause: Option<Unanswered>,
}

impl Sent {
    /// Why the product was not reached. An answer that is too long still shows that it is
    /// reachable.
    pub fn unanswered(&self) -> Option<Unanswered> {
        self.cause.filter(|cause| *cause != Unanswered::TooLong)
    }
}

impl From<AttemptOutcome> for Sent {
    fn from(outcome: AttemptOutcome) -> Self {
        Self { outcome, status: None, cause: None }
    }
}

impl<W: World> Delivery<'_, W> {
    /// Sends a notice, or the parts of its list one after the other. It sends a part only if enough
    /// time is left; a later delivery sends the remaining parts.
    pub(super) async fn send_all(
        &self,
        owner: &str,
        claim: &Claim,
        claimed: Duration,
    ) -> Result<Sent, Failure> {
        let names: Vec<_> = claim.notice.parts().collect();
        if names.is_empty() {
            return Ok(self.send(claim, claim.notice.message(owner), claimed).await);
        }
        let (id, of) = (claim.notice.id(owner), names.len());
        let mut accepted = Sent::from(AttemptOutcome::Accepted(None));
        for (name, number) in names.into_iter().zip(1..).skip(claim.part.saturating_sub(1)) {
            if !self.may_begin(claimed) {
                return Ok(AttemptOutcome::Paused { part: number }.into());
            }
            let read = self.repository.read_parts(owner, [name].into()).await?;
            let records = read.and_then(|mut read| read.remove(&name)).unwrap_or_default();
            let part = Part { number, of };
            let Some(message) = claim.notice.part_message(&id, part, &records) else {
                return Ok(self.not_sent("part missing").at_part(number).into());
            };
            let sent = self.send(claim, message, claimed).await;
            if !matches!(sent.outcome, AttemptOutcome::Accepted(_)) {
                return Ok(Sent { outcome: sent.outcome.at_part(number), ..sent });
            }
            accepted.status = sent.status;
        }
        Ok(accepted)
    }

    /// Whether a message that is sent now has enough time, and ends before the claim expires.
    fn may_begin(&self, claimed: Duration) -> bool {
        let since_claim = self.context.world.elapsed().saturating_sub(claimed);
        let limit = self.patience.min(self.left());
        self.left() >= self.least && since_claim.saturating_add(limit) <= self.claim
    }

    async fn send(&self, claim: &Claim, message: Message, claimed: Duration) -> Sent {
        if !self.may_begin(claimed) {
            return AttemptOutcome::Paused { part: 1 }.into();
        }
        let began = self.context.world.elapsed();
        let limit = self.patience.min(self.left());
        let now = self.context.world.now();
        let Some(request) = webhook_request(self.product, message, now) else {
            return self.not_sent("message unsendable").into();
        };
        let world = &self.context.world;
        let sent = world.within(limit, world.product_web().send(request)).await;
        let took = world.elapsed().saturating_sub(began);
        match sent.unwrap_or(Err(Unanswered::TimedOut)) {
            Ok(response) => {
                let outcome = self.read(claim, &response, took);
                Sent { outcome, status: Some(response.status().as_u16()), cause: None }
            }
            Err(cause) => self.unanswered(cause, took),
        }
    }

    /// Reads how an attempt ended from the product's answer.
    fn read(&self, claim: &Claim, response: &Response<Bytes>, took: Duration) -> AttemptOutcome {
        let (status, body) = (response.status(), response.body());
        let fault = match product::read_answer(claim.notice.kind, status.as_u16(), body) {
            Ok(answer) => return AttemptOutcome::Accepted(answer),
            Err(fault) => fault,
        };
        // The body of a success may contain credentials, so only other bodies are quoted.
        let said = if status.is_success() { None } else { product::excerpt(body) };
        let attempt = self.attempt(&fault.to_string(), took);
        let attempt = Attempt { status: Some(status.as_u16()), said, ..attempt };
        if fault == ProductError::Gone {
            return AttemptOutcome::Gone(attempt);
        }
        AttemptOutcome::Failed { attempt, pause: self.asked_pause(response.headers()) }
    }

    /// The pause that the product asks for in `Retry-After`: seconds, or a date (decision E4).
    fn asked_pause(&self, headers: &HeaderMap) -> Duration {
        let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let text = text.unwrap_or_default().trim();
        if let Ok(seconds) = text.parse() {
            return Duration::from_secs(seconds);
        }
        let date = httpdate::parse_http_date(text).ok();
        let until = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        let now = Duration::from_millis(self.context.world.now().millis());
        until.saturating_sub(now)
    }

    fn unanswered(&self, cause: Unanswered, took: Duration) -> Sent {
        let attempt = self.attempt(cause.as_str(), took);
        let outcome = AttemptOutcome::Failed { attempt, pause: Duration::ZERO };
        Sent { outcome, status: None, cause: Some(cause) }
    }

    /// An attempt that failed before anything was sent.
    fn not_sent(&self, fault: &str) -> AttemptOutcome {
        let attempt = self.attempt(fault, Duration::ZERO);
        AttemptOutcome::Failed { attempt, pause: Duration::ZERO }
    }

    fn attempt(&self, fault: &str, took: Duration) -> Attempt {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Attempt { millis, ..Attempt::of_fault(self.context.world.now(), fault.to_owned()) }
    }
}
