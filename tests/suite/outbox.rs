//! An entity's outbox, compared with a simple model that remembers every step. Notices are
//! appended, claimed, settled late or twice, made due, given up and replayed, in any order and with any
//! clock. Each notice gets exactly one outcome, and two notices are never offered concurrently.
//!
//! The modules below have cases that the model found, and cases that random steps rarely reach.

mod attempts;
mod dead_letters;
mod model;
mod settlements;
mod void;

use std::time::Duration;

use domain::instance::ClockTrust;
use domain::notice::{Notice, NoticeDraft, NoticeType};
use domain::outbox::{Attempt, AttemptOutcome, Claim, Outbox, Reader, Settled, Settling};
use proptest::prelude::*;
use proptest::sample::Index;
use protocol::time::UnixMillis;

use self::model::{Ending, ModelledOutbox, Step};

const START: u64 = 1_791_234_567_000;
const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
/// The pauses of decision E4 in seconds. After them, each pause is an hour.
const PAUSES: [u64; 5] = [5, 30, 120, 600, 1_800];
const PATIENCE: u64 = 72 * HOUR;
/// How long a relay's claim lasts.
const LASTING: u64 = 15 * SECOND;

fn step() -> impl Strategy<Value = Step> {
    use NoticeType::{Abandoned, Accepted, Created, Frozen, Released, Renewed, Thawed};
    let kinds = vec![Created, Accepted, Renewed, Renewed, Frozen, Thawed, Abandoned, Released];
    let kind = prop::sample::select(kinds);
    let ending = prop_oneof![
        5 => Just(Ending::Delivered),
        6 => Just(Ending::Failed),
        2 => Just(Ending::Paused),
        1 => Just(Ending::Gone)
    ];
    let span = prop_oneof![0..3 * SECOND, 0..20 * SECOND, 0..2 * HOUR, 0..80 * HOUR];
    prop_oneof![
        5 => (kind, prop_oneof![9 => Just(0_usize), 1 => Just(7_000)])
            .prop_map(|(kind, len)| Step::Append(kind, len)),
        8 => Just(Step::Claim),
        8 => (any::<Index>(), prop::bool::weighted(0.8), ending)
            .prop_map(|(which, latest, ending)| Step::Settle(which, latest, ending)),
        6 => span.prop_map(Step::Pass),
        1 => (0..2 * HOUR).prop_map(Step::SetBack),
        1 => any::<Index>().prop_map(Step::Replay),
        3 => Just(Step::MakeDue),
    ]
}

fn draft(kind: NoticeType, len: usize) -> NoticeDraft {
    NoticeDraft::of_time(kind).with("scene", "renew").with("orderAmount", "x".repeat(len))
}

/// A settlement at a time, by a clock that koohook trusts.
const fn at(now: u64, chance: u16) -> Settling {
    Settling { chance, clock: ClockTrust::Trusted, now: UnixMillis::new(now) }
}

fn attempt(now: u64) -> Attempt {
    Attempt::of_fault(UnixMillis::new(now), "status is not a success".to_owned())
}

const fn failed(attempt: Attempt) -> AttemptOutcome {
    AttemptOutcome::Failed { attempt, pause: Duration::ZERO }
}

const fn ends(kind: NoticeType) -> bool {
    matches!(kind, NoticeType::Released | NoticeType::Abandoned)
}

/// Whether a later notice replaces an earlier one.
const fn is_void(earlier: NoticeType, later: NoticeType) -> bool {
    use NoticeType::{Frozen, Renewed, Thawed};
    matches!((earlier, later), (Frozen | Thawed, Frozen | Thawed) | (Renewed, Renewed))
}

fn sequences(notices: &[Notice]) -> Vec<u64> {
    notices.iter().map(Notice::sequence).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_notice_has_one_outcome_and_keeps_its_order(steps in prop::collection::vec(step(), 0..150)) {
        let mut modelled = ModelledOutbox::new();
        for step in &steps {
            modelled.apply(step);
        }
        modelled.finish();
    }
}

fn outbox(kinds: &[NoticeType]) -> Outbox {
    let mut outbox = Outbox::default();
    for kind in kinds {
        outbox.append(vec![draft(*kind, 0)], Reader::Product, UnixMillis::new(START));
    }
    outbox
}

fn claim(outbox: &mut Outbox, now: u64) -> Claim {
    let claim = outbox.claim(Duration::from_millis(LASTING), UnixMillis::new(now));
    claim.expect("a notice is due")
}

fn gone(outbox: &mut Outbox, now: u64) {
    let claim = claim(outbox, now);
    let offered = AttemptOutcome::Gone(attempt(now));
    assert_eq!(outbox.settle(&claim, offered, at(now, 0)), Settled::Dead);
}

fn delivered(outbox: &mut Outbox, now: u64) -> u64 {
    let claim = claim(outbox, now);
    let settled = outbox.settle(&claim, AttemptOutcome::Accepted(None), at(now, 0));
    assert_eq!(settled, Settled::Delivered);
    claim.notice.sequence()
}

fn kinds(outbox: &Outbox) -> Vec<NoticeType> {
    outbox.waiting.iter().map(|notice| notice.kind).collect()
}
