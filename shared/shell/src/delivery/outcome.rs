//! What comes of an offer, and of a turn at an entity.

use std::time::Duration;

use domain::outbox::{Offered, Settled};
use domain::product::PurchaseAnswer;

use crate::repository::Slot;
use crate::world::Unanswered;

/// How one offer ended.
#[derive(Clone, Debug)]
pub struct OfferOutcome {
    pub(super) offered: Offered,
    pub(super) told: Option<PurchaseAnswer>,
    /// Why there was no answer over HTTP, if there was none.
    pub unanswered: Option<Unanswered>,
}

impl OfferOutcome {
    /// The time was not enough to go on.
    pub(super) const fn paused() -> Self {
        Self { offered: Offered::Paused(1), told: None, unanswered: None }
    }

    /// The same outcome, of a product that asks for a pause.
    pub(super) fn asking_for(mut self, pause: Duration) -> Self {
        if let Offered::Failed(_, asked) = &mut self.offered {
            *asked = pause;
        }
        self
    }

    /// The same outcome, of one part of a list.
    pub(super) fn at_part(mut self, part: usize) -> Self {
        match &mut self.offered {
            Offered::Delivered => (),
            Offered::Paused(next) => *next = part,
            Offered::Failed(attempt, _) | Offered::Undeliverable(attempt) => {
                attempt.part = Some(part);
            }
        }
        self
    }
}

/// What an operator can do about a product that did not answer.
pub(super) const fn advice(fault: Unanswered) -> &'static str {
    match fault {
        Unanswered::NameNotFound => "look at the host in KOOHOOK_PRODUCT_URL and the name service",
        Unanswered::NotAllowed => {
            "use https; over http every address of the name must be this machine's, or with KOOHOOK_PRODUCT_HTTP=private in a private network"
        }
        Unanswered::Refused => "look at the product and at the port in KOOHOOK_PRODUCT_URL",
        Unanswered::NotTrusted => {
            "put the certificate of its authority into KOOHOOK_PRODUCT_CA; it needs a subjectAltName of the host, valid dates, and CA:FALSE if it is self-signed"
        }
        Unanswered::Tls => "look at the port in KOOHOOK_PRODUCT_URL: it may not speak TLS",
        Unanswered::NotHttp => "look at the port in KOOHOOK_PRODUCT_URL: it may want https",
        Unanswered::NotReached => "look at routes and firewalls",
        Unanswered::TimedOut => "let the product answer 202 at once, or look at firewalls",
        Unanswered::CutOff => "look at the product's log and at proxies before it",
        Unanswered::TooLong => "let the product answer less than 64 KiB",
    }
}

/// A notice that was offered and settled.
#[derive(Debug)]
pub struct Delivered {
    /// What exists now, to go on from.
    pub slot: Slot,
    /// What became of the notice.
    pub settled: Settled,
    /// Why there was no answer over HTTP, if there was none.
    pub unanswered: Option<Unanswered>,
}

/// What came of a turn at an entity.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one lives at a time, and what stands is used")]
pub enum Turn {
    /// A notice was offered.
    Offered(Delivered),
    /// There is nothing to offer now, or another was faster.
    Nothing,
    /// What was ordered is to be asked first, and others are asking.
    Busy,
}

/// Whether a notice can be offered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Complete {
    Yes,
    /// What belongs into it is not known; it waits.
    Waits,
    Busy,
}
