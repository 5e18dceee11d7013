//! When a notice is given up: after its attempts, never by the clock alone.

use domain::outbox::MIN_ATTEMPTS;
use protocol::time::UnixMillis;
use shell::store::Store;
use shell::store::memory::Memory;
use tests::call::{Koohook, run_until_halt};
use tests::forward;
use tests::product::{Mood, READY, ScriptedProduct};

use super::{BEHIND_WRITE, PENDING_V1, SECOND};
use crate::delivery::*;

// Giving up (decisions E4, D12).

/// A process that dies at every single attempt settles nothing; the notice is given up all the same.
#[test]
fn a_notice_whose_every_attempt_dies_is_given_up_in_the_end() {
    let koohook = relayed();
    buy(&koohook, "CS1");
    ScriptedProduct::of(koohook.world(), |_| READY);
    let mut runs = 0;
    while outbox(&koohook, &id("CS1")).dead.is_empty() {
        koohook.world().pass(Duration::from_hours(4));
        // The agendas, the value, and its one write; then the process ends.
        koohook.world().halt_at(BEHIND_WRITE);
        let relay = Relay::new(koohook.endpoint.context(), 50 * SECOND).run();
        assert_eq!(run_until_halt(koohook.world(), relay), None, "each run dies");
        runs += 1;
        assert!(runs < 100, "it goes on for ever");
    }
    assert_eq!(runs, MIN_ATTEMPTS + 1, "20 claims, 4 hours apart, and the run that gives up");
    let outbox = outbox(&koohook, &id("CS1"));
    assert_eq!((outbox.dead.len(), outbox.waiting.len()), (1, 0));
    let trial = &outbox.dead[0].delivery;
    assert_eq!((trial.count, &*trial.attempts.last().unwrap().fault), (20, "outcome unknown"));
}

/// A relay that was off for a week has made no twenty attempts.
#[test]
fn time_alone_gives_nothing_up() {
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

/// The store tells another time than we do: nothing is decided by ours.
#[test]
fn a_clock_that_the_store_contradicts_gives_nothing_up() {
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
        // The purchase is abandoned, its end is told in vain.
        assert_eq!((abandoned, dead), (both, both), "{apart} ms apart");
    }
}

/// A store with a clock of its own.
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
    forward!(inner: get, put, agenda);

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        Some(UnixMillis::new(now.millis().checked_add_signed(self.apart).unwrap()))
    }
}
