//! The log line of one offer of a notice, from a callback or from the relay (decisions I1, I2).
//! Nothing of the product's answer may be added but its status.

use std::time::Duration;

use domain::alarm::AlarmKind;
use domain::notice::NoticeType;
use domain::outbox::{AttemptOutcome, Claim};

use super::advice::{GIVEN_UP, ONE_REFUSED, advice, advice_on_status};
use super::offer_trouble::trouble;
use super::outcome::NoticeOutcome;
use super::sending::Sent;
use crate::context::Context;
use crate::failure::Failure;
use crate::log_ids::LogIds;
use crate::repository::Slot;
use crate::world::{Unanswered, World};

/// What is known about an offer before it is sent.
pub(super) struct OfferLine {
    ids: LogIds,
    /// The entity's key, if the record has no IDs.
    entity: Option<String>,
    /// The order of the notice, if it is not the purchase's.
    notice_order: Option<String>,
    kind: NoticeType,
    sequence: u64,
    attempt: u32,
}

/// How the offer ended.
struct OfferEnd<'a> {
    outcome: NoticeOutcome,
    status: Option<u16>,
    cause: Option<Unanswered>,
    fault: Option<&'a str>,
    advice: Option<&'static str>,
    took: Duration,
}

/// The level of an offer's line.
#[derive(Clone, Copy)]
enum OfferLevel {
    Info,
    /// The product is in trouble. Contains the cause, and how many offers failed so far by it.
    Warn(&'static str, u64),
    Error,
}

impl OfferLine {
    /// The line of a claimed notice.
    pub fn new(slot: &Slot, claim: &Claim) -> Self {
        let ids = slot.record().map(LogIds::of_record).unwrap_or_default();
        let entity = ids.only_entity(&slot.key).map(str::to_owned);
        let (kind, sequence) = (claim.notice.kind, claim.notice.sequence());
        let notice_order = ids.order_of(&claim.notice);
        Self { ids, entity, notice_order, kind, sequence, attempt: claim.attempt }
    }

    /// Writes the line of an offer that was sent, and a line if the product's trouble is over.
    pub fn write<W: World>(
        &self,
        context: &Context<W>,
        sent: &Sent,
        outcome: NoticeOutcome,
        took: Duration,
    ) {
        let Sent { status, cause, .. } = *sent;
        let fault = fault(sent).filter(|_| cause.is_none());
        let advice = advice_on(sent, outcome, context.has_accepted());
        let level = self.level(context, sent, outcome);
        if self.is_trouble(sent) {
            context.seen.doubt(AlarmKind::ProductDown);
        }
        self.write_end(level, &OfferEnd { outcome, status, cause, fault, advice, took });
        context.metrics.notice(self.kind.as_str(), outcome.as_str());
        if status.is_some() || cause.is_some() {
            context.metrics.product_took(took);
        }
        if matches!(sent.outcome, AttemptOutcome::Accepted(_)) {
            context.note_accepted();
            context.seen.fine(AlarmKind::ProductDown);
            log_product_works(&context.troubles.product.succeeded(context.world.elapsed()));
        }
    }

    /// Writes the line of an offer that koohook or its store ended.
    pub fn write_failure<W: World>(&self, context: &Context<W>, failure: Failure, took: Duration) {
        let (text, outcome) = (failure.to_string(), NoticeOutcome::Unsettled);
        let (status, cause, advice) = (None, None, None);
        let end = OfferEnd { outcome, status, cause, fault: Some(&text), advice, took };
        self.write_end(OfferLevel::Info, &end);
        context.metrics.notice(self.kind.as_str(), outcome.as_str());
        context.metrics.failed("delivery", failure);
    }

    /// The level of the line (decision I2). Counts the trouble of the product.
    fn level<W: World>(
        &self,
        context: &Context<W>,
        sent: &Sent,
        outcome: NoticeOutcome,
    ) -> OfferLevel {
        let (cause, now) = (trouble(sent), context.world.elapsed());
        let count = self.is_trouble(sent).then(|| context.troubles.product.occurred(cause, now));
        match count.flatten() {
            _ if outcome == NoticeOutcome::GivenUp => OfferLevel::Error,
            Some(count) => OfferLevel::Warn(cause, count),
            None => OfferLevel::Info,
        }
    }

    /// Whether the product is in trouble: it fails a notice for the second time, is down, or answers
    /// what cannot be used. A callback waits only a short time, so a first timeout is no trouble yet.
    fn is_trouble(&self, sent: &Sent) -> bool {
        // Each 410 is an error of its own, and says nothing about other notices.
        if fault(sent).is_none() || sent.status == Some(410) {
            return false;
        }
        let is_unusable = sent.status.is_some_and(|status| (200..300).contains(&status));
        let is_down = sent.cause.is_some_and(|cause| cause != Unanswered::TimedOut);
        self.attempt >= 2 || is_unusable || is_down
    }

    fn write_end(&self, level: OfferLevel, end: &OfferEnd<'_>) {
        let OfferEnd { outcome, status, cause, fault, advice, took } = end;
        let (trouble, count) = match level {
            OfferLevel::Warn(cause, count) => (Some(cause), Some(count).filter(|count| *count > 1)),
            OfferLevel::Info | OfferLevel::Error => (None, None),
        };
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    orderId = self.ids.order_id,
                    instanceId = self.ids.instance_id,
                    tenantId = self.ids.tenant_id,
                    appId = self.ids.app_id,
                    entity = self.entity,
                    noticeOrderId = self.notice_order,
                    "type" = self.kind.as_str(),
                    sequence = self.sequence,
                    attempt = self.attempt,
                    status = status,
                    cause = cause.map(Unanswered::as_str),
                    fault = fault,
                    outcome = outcome.as_str(),
                    trouble = trouble,
                    troubleCount = count,
                    advice = advice,
                    millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                    "notice offered"
                )
            };
        }
        match level {
            OfferLevel::Info => line!(info),
            OfferLevel::Warn(..) => line!(warn),
            OfferLevel::Error => line!(error),
        }
    }
}

/// Logs the causes of the product's trouble that are over, and how many offers failed by each.
pub(crate) fn log_product_works(over: &[(&'static str, u64)]) {
    for (trouble, count) in over {
        tracing::info!(trouble, count, "product accepts notices again");
    }
}

/// Why the product did not accept the notice, if it did not.
const fn fault(sent: &Sent) -> Option<&str> {
    match &sent.outcome {
        AttemptOutcome::Failed { attempt, .. } | AttemptOutcome::Gone(attempt) => {
            Some(attempt.fault.as_str())
        }
        AttemptOutcome::Accepted(_) | AttemptOutcome::Paused { .. } => None,
    }
}

fn advice_on(sent: &Sent, outcome: NoticeOutcome, has_accepted: bool) -> Option<&'static str> {
    fault(sent)?;
    match (sent.cause, sent.status) {
        (_, Some(410)) => Some(advice_on_status(410)),
        _ if outcome == NoticeOutcome::GivenUp => Some(GIVEN_UP),
        (Some(cause), _) => Some(advice(cause)),
        (None, Some(401)) if has_accepted => Some(ONE_REFUSED),
        (None, status) => status.map(advice_on_status),
    }
}
