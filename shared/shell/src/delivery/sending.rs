//! One notice on its way to the product: a signed request, or one for each part of its list, and
//! what its answer amounts to.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use domain::notice::{Message, Part};
use domain::outbox::{Attempt, Claim, Offered};
use domain::product::{self, Answer};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};

use super::{Delivery, OfferOutcome};
use crate::failure::Failure;
use crate::world::{Unanswered, Web, World};

impl<W: World> Delivery<'_, W> {
    /// Sends a notice, or the parts of its list one after the other, each only if there is time for
    /// it: the rest is another turn's.
    pub(super) async fn send_all(
        &self,
        owner: &str,
        claim: &Claim,
        claimed: Duration,
    ) -> Result<OfferOutcome, Failure> {
        let names: Vec<_> = claim.notice.parts().collect();
        if names.is_empty() {
            return Ok(self.send(claim, claim.notice.message(owner), claimed).await);
        }
        let (id, of) = (claim.notice.id(owner), names.len());
        for (name, number) in names.into_iter().zip(1..).skip(claim.part.saturating_sub(1)) {
            if !self.may_begin(claimed) {
                return Ok(OfferOutcome::paused().at_part(number));
            }
            let read = self.repository.read_parts(owner, [name].into()).await?;
            let records = read.and_then(|mut read| read.remove(&name)).unwrap_or_default();
            let part = Part { number, of };
            let Some(message) = claim.notice.part_message(&id, part, &records) else {
                return Ok(self.failed("part missing", None, Duration::ZERO, &[]).at_part(number));
            };
            let outcome = self.send(claim, message, claimed).await;
            if outcome.offered != Offered::Delivered {
                return Ok(outcome.at_part(number));
            }
        }
        Ok(OfferOutcome { offered: Offered::Delivered, told: None, unanswered: None })
    }

    /// Whether a message that is begun now has its time, and ends before the claim does.
    fn may_begin(&self, claimed: Duration) -> bool {
        let held = self.context.world.elapsed().saturating_sub(claimed);
        let limit = self.patience.min(self.left());
        self.left() >= self.least && held.saturating_add(limit) <= self.claim
    }

    async fn send(&self, claim: &Claim, message: Message, claimed: Duration) -> OfferOutcome {
        if !self.may_begin(claimed) {
            return OfferOutcome::paused();
        }
        let began = self.context.world.elapsed();
        let limit = self.patience.min(self.left());
        let Some(request) = self.request(message) else {
            return self.failed("message unsendable", None, Duration::ZERO, &[]);
        };
        let world = &self.context.world;
        let sent = world.within(limit, world.product_web().send(request)).await;
        let took = world.elapsed().saturating_sub(began);
        let response = match sent.unwrap_or(Err(Unanswered::TimedOut)) {
            Ok(response) => response,
            Err(fault) => return self.unanswered(fault, took),
        };
        let (status, body) = (response.status().as_u16(), response.body());
        match Answer::read(claim.notice.kind, status, body) {
            Answer::Taken(told) => {
                OfferOutcome { offered: Offered::Delivered, told, unanswered: None }
            }
            Answer::Failed(fault) => {
                let failed = self.failed(&fault.to_string(), Some(status), took, body);
                failed.asking_for(self.asked_pause(response.headers()))
            }
            Answer::Gone => {
                let attempt = self.attempt("product wants it never", Some(status), took, body);
                let offered = Offered::Undeliverable(attempt);
                OfferOutcome { offered, told: None, unanswered: None }
            }
        }
    }

    /// How long a pause the product asks for (decision E4): seconds, or a date.
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

    /// A Standard Webhook; nothing of it is a secret but its signature.
    fn request(&self, message: Message) -> Option<Request<Bytes>> {
        let Message { id, body } = message;
        let seconds = self.context.world.now().millis() / 1_000;
        let signature = self.product.secrets.sign(&id, seconds, &body);
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.product.address.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(Bytes::from(body));
        request.ok()
    }

    fn unanswered(&self, fault: Unanswered, took: Duration) -> OfferOutcome {
        let failed = self.failed(fault.as_str(), None, took, &[]);
        // Too long an answer is an answer.
        let unanswered = Some(fault).filter(|fault| *fault != Unanswered::TooLong);
        OfferOutcome { unanswered, ..failed }
    }

    fn failed(
        &self,
        fault: &str,
        status: Option<u16>,
        took: Duration,
        body: &[u8],
    ) -> OfferOutcome {
        let attempt = self.attempt(fault, status, took, body);
        let offered = Offered::Failed(attempt, Duration::ZERO);
        OfferOutcome { offered, told: None, unanswered: None }
    }

    fn attempt(&self, fault: &str, status: Option<u16>, took: Duration, body: &[u8]) -> Attempt {
        let at = self.context.world.now();
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let failed = status.is_some_and(|status| {
            StatusCode::from_u16(status).is_ok_and(|status| !status.is_success())
        });
        // A success that cannot be used may quote credentials; who refuses has none to give.
        let said = if failed { product::excerpt(body) } else { None };
        Attempt { at, millis, status, part: None, fault: fault.to_owned(), said }
    }
}
