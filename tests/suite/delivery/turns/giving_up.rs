//! When the relay gives a notice up: after its attempts, never only because time passed.

use domain::outbox::{MIN_ATTEMPTS, OUTCOME_UNKNOWN};
use protocol::time::UnixMillis;
use shell::store::Store;
use shell::store::memory::Memory;
use tests::call::{Koohook, koohook_in_memory, run_until_halt};
use tests::forward;
use tests::product::{Mood, READY, ScriptedProduct};

use super::{AFTER_WRITE, PENDING_V1, SECOND};
use crate::delivery::*;

/// A process that ends during each attempt settles no attempt. The relay still gives the notice up.
#[test]
fn a_notice_is_given_up_even_if_every_attempt_is_interrupted() {
    let koohook = koohook_in_memory(&PENDING_V1);
    buy(&koohook, "CS1");
    ScriptedProduct::of(koohook.world(), |_| READY);
    let mut runs = 0;
    while outbox(&koohook, &id("CS1")).dead.is_empty() {
        koohook.world().pass(Duration::from_hours(4));
        // The agenda reads, the read of the value and its one write. Then the process ends.
        koohook.world().halt_at(AFTER_WRITE);
        let relay = Relay::new(koohook.endpoint.context(), 50 * SECOND).run();
        assert_eq!(run_until_halt(koohook.world(), relay), None, "each run is interrupted");
        runs += 1;
        assert!(runs < 100, "the notice is never given up");
    }
    assert_eq!(
        runs,
        MIN_ATTEMPTS + 2,
        "the run that logs the long wait, 20 claims, and the run that gives the notice up"
    );
    let outbox = outbox(&koohook, &id("CS1"));
    assert_eq!((outbox.dead.len(), outbox.waiting.len()), (1, 0));
    let delivery = &outbox.dead[0].delivery;
    assert_eq!((delivery.count, &*delivery.attempts.last().unwrap().fault), (20, OUTCOME_UNKNOWN));
}

/// A relay that did not run for weeks has not made its twenty attempts.
#[test]
fn a_notice_is_not_given_up_before_its_attempts() {
    let koohook = relayed();
    buy(&koohook, "CS1");
    ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(503, ""));
    for attempt in 1..=MIN_ATTEMPTS {
        let report = relay(&koohook);
        let last = attempt == MIN_ATTEMPTS;
        assert_eq!((report.failed, report.dead), (usize::from(!last), usize::from(last)));
        koohook.world().pass(Duration::from_hours(24 * 7));
    }
}

/// If the two clocks differ by more than five minutes, koohook decides nothing by its own clock.
#[test]
fn the_relay_gives_up_no_notice_and_abandons_no_purchase_if_the_clocks_differ() {
    for (apart, given_up) in [(0, true), (300_000, true), (300_001, false), (-300_001, false)] {
        let koohook = Koohook::over(Clocked::new(apart), &PENDING_V1);
        ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(503, ""));
        assert_eq!(buy_v1(&koohook, "CS1").code, "000004");
        let (mut abandoned, mut dead) = (0, 0);
        for _ in 0..90 {
            let report = relay(&koohook);
            abandoned += report.abandoned;
            dead += report.dead;
            koohook.world().pass(Duration::from_mins(61));
        }
        let both = usize::from(given_up);
        // The relay abandons the purchase, and cannot deliver the abandonment.
        assert_eq!((abandoned, dead), (both, both), "{apart} ms apart");
    }
}

/// A store with its own clock.
struct Clocked {
    inner: Memory,
    apart: i64,
}

impl Clocked {
    fn new(apart: i64) -> Self {
        Self { inner: Memory::new(), apart }
    }
}

impl Store for Clocked {
    forward!(inner: get, put, agenda, catalogue);

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        Some(UnixMillis::new(now.millis().checked_add_signed(self.apart).unwrap()))
    }
}
