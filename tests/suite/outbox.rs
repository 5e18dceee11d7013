//! An entity's notices beside a slow model that remembers everything: whatever is appended,
//! claimed, settled late or twice, given up and replayed, in whatever order and with whatever
//! clock, each notice has one fate, and no two are offered at once.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::instance::ClockTrust;
use domain::notice::{Notice, NoticeDraft, NoticeType};
use domain::outbox::{
    Attempt, AttemptOutcome, Claim, MAX_ATTEMPTS, MAX_DEAD, MAX_DEAD_LEN, MAX_OUTBOX_LEN, Outbox,
    Reader, Settled, Settling,
};
use proptest::prelude::*;
use proptest::sample::Index;
use protocol::time::UnixMillis;

const START: u64 = 1_791_234_567_000;
const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
/// Decision E4, in seconds; after these each hour.
const PAUSES: [u64; 5] = [5, 30, 120, 600, 1_800];
const PATIENCE: u64 = 72 * HOUR;
/// What a relay claims for.
const LASTING: u64 = 15 * SECOND;

/// What became of a notice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Waiting,
    Delivered,
    Dead,
    Dropped,
    Forgotten,
}

#[derive(Clone, Debug)]
struct Known {
    kind: NoticeType,
    len: usize,
    fate: Fate,
    offered: bool,
}

/// A claim as its holder knows it.
#[derive(Clone, Debug)]
struct Held {
    claim: Claim,
    until: u64,
    settled: bool,
}

/// What was tried with a notice since it was appended or replayed.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    since: u64,
    count: usize,
    /// The claim that counts: a place among those held.
    current: Option<usize>,
    /// How many of the pauses it has had.
    pauses: usize,
    /// When the next attempt may begin, and when it might have without something new.
    next: u64,
    resume: Option<u64>,
}

#[derive(Clone, Debug)]
enum Step {
    Append(NoticeType, usize),
    Claim,
    /// One of all claims there ever were, the latest more often than others.
    Settle(Index, bool, Ending),
    Pass(u64),
    SetBack(u64),
    Replay(Index),
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Delivered,
    Failed,
    Gone,
    Paused,
}

struct Beside {
    outbox: Outbox,
    now: u64,
    known: BTreeMap<u64, Known>,
    held: Vec<Held>,
    tried: BTreeMap<u64, Tried>,
    blocked: bool,
    /// Whether there is a purchase that may end.
    bought: bool,
    released: bool,
}

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
    ]
}

fn draft(kind: NoticeType, len: usize) -> NoticeDraft {
    NoticeDraft::of_time(kind).with("scene", "renew").with("orderAmount", "x".repeat(len))
}

/// A settlement at a time by a clock that nothing speaks against.
const fn at(now: u64, chance: u16) -> Settling {
    Settling { chance, clock: ClockTrust::Trusted, now: UnixMillis::new(now) }
}

fn attempt(now: u64) -> Attempt {
    Attempt::of_fault(UnixMillis::new(now), "status says no".to_owned())
}

const fn failed(attempt: Attempt) -> AttemptOutcome {
    AttemptOutcome::Failed { attempt, pause: Duration::ZERO }
}

const fn ends(kind: NoticeType) -> bool {
    matches!(kind, NoticeType::Released | NoticeType::Abandoned)
}

/// A later one says all that an earlier one says.
const fn is_void(earlier: NoticeType, later: NoticeType) -> bool {
    use NoticeType::{Frozen, Renewed, Thawed};
    matches!((earlier, later), (Frozen | Thawed, Frozen | Thawed) | (Renewed, Renewed))
}

impl Beside {
    fn new() -> Self {
        Self {
            outbox: Outbox::default(),
            now: START,
            known: BTreeMap::new(),
            held: Vec::new(),
            tried: BTreeMap::new(),
            blocked: false,
            bought: false,
            released: false,
        }
    }

    fn at(&self) -> UnixMillis {
        UnixMillis::new(self.now)
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Append(kind, len) if self.may_come(*kind) => self.append(*kind, *len),
            Step::Append(..) => (),
            Step::Claim => self.claim(),
            Step::Settle(which, latest, ending) if !self.held.is_empty() => {
                let last = self.held.len() - 1;
                let place = if *latest { last } else { which.index(self.held.len()) };
                self.settle(place, *ending);
            }
            Step::Settle(..) => (),
            Step::Pass(span) => self.now += span,
            Step::SetBack(span) => self.now -= span,
            Step::Replay(which) if !self.known.is_empty() => {
                let which = which.index(self.known.len());
                self.replay(u64::try_from(which).unwrap() + 1);
            }
            Step::Replay(_) => (),
        }
        self.hold();
    }

    fn waiting(&self) -> Vec<u64> {
        let waiting = self.known.iter().filter(|(_, known)| known.fate == Fate::Waiting);
        waiting.map(|(sequence, _)| *sequence).collect()
    }

    fn first_created(&self) -> Option<u64> {
        let is_created = |sequence: &u64| self.known[sequence].kind == NoticeType::Created;
        self.waiting().into_iter().find(is_created)
    }

    fn expect_from_created(&mut self, dropped: &[Notice]) {
        let from = self.first_created().unwrap_or(u64::MAX);
        let expected = self.waiting().into_iter().filter(|sequence| *sequence >= from);
        let expected: Vec<_> = expected.collect();
        assert_eq!(sequences(dropped), expected);
        self.set(&expected, Fate::Dropped);
    }

    fn set(&mut self, sequences: &[u64], fate: Fate) {
        for sequence in sequences {
            self.known.get_mut(sequence).unwrap().fate = fate;
        }
    }

    /// As the instance's transitions let them come.
    fn may_come(&mut self, kind: NoticeType) -> bool {
        let may = !self.released && (kind != NoticeType::Created || !self.bought);
        match kind {
            NoticeType::Created if may => self.bought = true,
            NoticeType::Released => self.released |= self.bought,
            NoticeType::Abandoned if may && self.bought => {
                self.bought = false;
                let unheard = self.outbox.is_unheard_of();
                let dropped = self.outbox.take_back();
                self.expect_from_created(&dropped);
                return !unheard;
            }
            _ => (),
        }
        may && self.bought
    }

    fn append(&mut self, kind: NoticeType, len: usize) {
        let dropped = self.outbox.append(vec![draft(kind, len)], Reader::Product, self.at());
        self.hurry();
        let unheard = self.first_created().is_some_and(|created| !self.known[&created].offered);
        let sequence = self.outbox.sequence;
        self.known.insert(sequence, Known { kind, len, fate: Fate::Waiting, offered: false });
        if kind == NoticeType::Released && unheard {
            return self.expect_from_created(&dropped);
        }
        let mut rest = sequences(&dropped);
        if kind == NoticeType::Created && std::mem::take(&mut self.blocked) {
            let useless = |it: &u64| !ends(self.known[it].kind) && *it != sequence;
            let useless: Vec<_> = self.waiting().into_iter().filter(useless).collect();
            assert!(rest.starts_with(&useless));
            self.set(&useless, Fate::Dropped);
            rest.drain(..useless.len());
        }
        for sequence in rest {
            let void = self.known[&sequence].clone();
            let mut later = self.waiting().into_iter().filter(|later| *later > sequence);
            assert!(!void.offered, "what was offered is never void");
            assert!(later.any(|later| is_void(void.kind, self.known[&later].kind)));
            self.set(&[sequence], Fate::Dropped);
        }
    }

    /// Something new cuts the pause short that is under way, and uses none up.
    fn hurry(&mut self) {
        let held = &self.held;
        for tried in self.tried.values_mut() {
            let rests = tried.current.is_none_or(|place| held[place].settled);
            if rests && tried.next > self.now {
                tried.resume = tried.resume.or(Some(tried.next));
                tried.next = self.now;
            }
        }
    }

    fn claim(&mut self) {
        let expected = self.waiting().into_iter().find(|sequence| {
            let Known { kind, .. } = self.known[sequence];
            !self.blocked || ends(kind)
        });
        let Some(claim) = self.outbox.claim(Duration::from_millis(LASTING), self.at()) else {
            return;
        };
        let sequence = claim.notice.sequence();
        assert_eq!(Some(sequence), expected, "the first that waits is offered");
        for held in &self.held {
            let done = self.known[&held.claim.notice.sequence()].fate == Fate::Delivered;
            assert!(held.settled || done || held.until <= self.now, "two are offered at once");
        }
        // What ran out stays so, should the clock be set back.
        self.held.iter_mut().for_each(|held| held.until = 0);
        self.known.get_mut(&sequence).unwrap().offered = true;
        let tried = self.tried.entry(sequence).or_default();
        if tried.count == 0 {
            // What it waited for before was no attempt.
            (tried.since, tried.pauses, tried.resume) = (self.now, 0, None);
        }
        let ran_out = tried.current.is_some_and(|place| !self.held[place].settled);
        tried.pauses += usize::from(ran_out);
        tried.count += 1;
        tried.current = Some(self.held.len());
        assert_eq!(usize::try_from(claim.attempt).unwrap(), tried.count);
        self.held.push(Held { claim, until: self.now + LASTING, settled: false });
        // A notice that another is offered before begins anew.
        self.tried.retain(|of, _| *of == sequence);
    }

    fn settle(&mut self, place: usize, ending: Ending) {
        let Held { claim, settled, .. } = self.held[place].clone();
        let sequence = claim.notice.sequence();
        let waits = self.known[&sequence].fate == Fate::Waiting;
        let tried = self.tried.get(&sequence).copied().unwrap_or_default();
        let is_current = waits && tried.current == Some(place) && !settled;
        let offered = match ending {
            Ending::Delivered => AttemptOutcome::Accepted(None),
            Ending::Failed => failed(attempt(self.now)),
            Ending::Gone => AttemptOutcome::Gone(attempt(self.now)),
            Ending::Paused => AttemptOutcome::Paused { part: 1 },
        };
        let outcome = self.outbox.settle(&claim, offered, at(self.now, u16::MAX));
        let is_over = self.now.saturating_sub(tried.since) >= PATIENCE && tried.count >= 20;
        let expected = match ending {
            Ending::Delivered if waits => Settled::Delivered,
            Ending::Failed if is_current && !is_over => Settled::Waits,
            Ending::Paused if is_current => Settled::Paused,
            Ending::Failed | Ending::Gone if is_current => Settled::Dead,
            _ => Settled::Nothing,
        };
        assert_eq!(outcome, expected, "attempt {place} of {sequence}");
        match expected {
            Settled::Delivered => self.delivered(sequence),
            Settled::Waits => self.expect_pause(sequence),
            Settled::Dead => self.died(sequence),
            Settled::Paused => self.paused(sequence),
            Settled::Nothing => return,
        }
        self.held[place].settled = true;
    }

    /// No attempt, and no failure: it may go on at once.
    fn paused(&mut self, sequence: u64) {
        let tried = self.tried.get_mut(&sequence).unwrap();
        tried.count -= 1;
        tried.current = None;
        tried.next = self.now;
        let trial = self.outbox.delivery.as_ref().unwrap();
        assert_eq!((trial.next.millis(), trial.claimed), (self.now, None));
    }

    fn expect_pause(&mut self, sequence: u64) {
        let tried = self.tried.get_mut(&sequence).unwrap();
        let next = match tried.resume.take() {
            Some(resume) => resume.max(self.now + PAUSES[0] * SECOND),
            None => {
                tried.pauses += 1;
                let pause = PAUSES.get(tried.pauses - 1);
                self.now + pause.map_or(HOUR + HOUR / 10, |pause| pause * SECOND)
            }
        };
        let end = tried.since + PATIENCE;
        tried.next = if end > self.now + PAUSES[0] * SECOND { next.min(end) } else { next };
        let trial = self.outbox.delivery.as_ref().unwrap();
        assert_eq!(trial.next.millis(), tried.next, "after {} attempts", tried.count);
    }

    fn delivered(&mut self, sequence: u64) {
        self.set(&[sequence], Fate::Delivered);
        self.tried.remove(&sequence);
        if !ends(self.known[&sequence].kind) {
            return;
        }
        for (earlier, known) in self.known.range_mut(..sequence) {
            match known.fate {
                Fate::Waiting if self.blocked && *earlier < sequence => known.fate = Fate::Dropped,
                Fate::Dead => known.fate = Fate::Forgotten,
                _ => (),
            }
        }
        self.blocked = false;
    }

    fn died(&mut self, sequence: u64) {
        self.set(&[sequence], Fate::Dead);
        self.tried.remove(&sequence);
        self.blocked |= self.known[&sequence].kind == NoticeType::Created;
        let standing: Vec<_> = self.outbox.dead.iter().map(|it| it.notice.sequence()).collect();
        let dead = self.known.iter_mut().filter(|(_, known)| known.fate == Fate::Dead);
        for (sequence, known) in dead.filter(|(sequence, _)| !standing.contains(sequence)) {
            let purchases = self.outbox.dead.iter();
            let only = purchases.map(|it| it.notice.kind).all(|kind| kind == NoticeType::Created);
            assert!(known.kind != NoticeType::Created || only, "{sequence} blocks, and is gone");
            known.fate = Fate::Forgotten;
        }
    }

    fn replay(&mut self, sequence: u64) {
        let dead = self.known[&sequence].fate == Fate::Dead;
        assert_eq!(
            self.outbox.replay(sequence),
            dead,
            "what is dead can be replayed, and only that"
        );
        if dead {
            self.set(&[sequence], Fate::Waiting);
            self.blocked &= self.known[&sequence].kind != NoticeType::Created;
        }
    }

    /// What holds after every step.
    fn hold(&mut self) {
        let outbox = &self.outbox;
        assert_eq!(sequences(&outbox.waiting), self.waiting(), "each waits in its place");
        let count = |fate: Fate| self.known.values().filter(|known| known.fate == fate).count();
        assert_eq!(usize::try_from(outbox.dropped).unwrap(), count(Fate::Dropped));
        assert_eq!(usize::try_from(outbox.forgotten).unwrap(), count(Fate::Forgotten));
        assert_eq!(outbox.dead.len(), count(Fate::Dead));
        assert_eq!(usize::try_from(outbox.sequence).unwrap(), self.known.len());
        assert_eq!(outbox.blocked, self.blocked);
        assert!(outbox.dead.len() <= MAX_DEAD);
        let trials = outbox.dead.iter().map(|dead| &dead.delivery).chain(&outbox.delivery);
        assert!(trials.into_iter().all(|trial| trial.attempts.len() <= MAX_ATTEMPTS));
        let created = self.first_created();
        let unheard = created.is_some_and(|created| !self.known[&created].offered);
        assert_eq!(outbox.is_unheard_of(), unheard);
        // Every process reads anew what another wrote.
        let text = serde_json::to_string(outbox).unwrap();
        self.outbox = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&self.outbox).unwrap(), text);
    }

    /// Once the product takes everything, everything is told that is not blocked.
    fn end(mut self) {
        for _ in 0..1_000 {
            let Some(due) = self.outbox.due(self.at()) else { break };
            self.now = self.now.max(due.millis());
            let before = self.held.len();
            self.claim();
            assert_eq!(self.held.len(), before + 1, "what is due can be claimed");
            self.settle(before, Ending::Delivered);
            self.hold();
        }
        let mut rest = self.waiting().into_iter();
        assert!(rest.all(|sequence| self.blocked && !ends(self.known[&sequence].kind)));
        let long = self.known.values().filter(|known| known.len > 0).count();
        assert!(self.outbox.dropped > 0 || long < 200);
    }
}

fn sequences(notices: &[Notice]) -> Vec<u64> {
    notices.iter().map(Notice::sequence).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_notice_has_one_fate_and_its_turn(steps in prop::collection::vec(step(), 0..150)) {
        let mut beside = Beside::new();
        for step in &steps {
            beside.take(step);
        }
        beside.end();
    }
}

// What the model found, and what it is too slow to meet.

fn outbox(kinds: &[NoticeType]) -> Outbox {
    let mut outbox = Outbox::default();
    for kind in kinds {
        outbox.append(vec![draft(*kind, 0)], Reader::Product, UnixMillis::new(START));
    }
    outbox
}

fn claim(outbox: &mut Outbox, now: u64) -> Claim {
    let claim = outbox.claim(Duration::from_millis(LASTING), UnixMillis::new(now));
    claim.expect("something is due")
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

#[test]
fn a_product_that_is_down_is_tried_as_decided_and_given_up_after_a_weekend() {
    let mut outbox = outbox(&[NoticeType::Renewed]);
    let mut now = START;
    let mut spans = Vec::new();
    loop {
        let claim = claim(&mut outbox, now);
        // Each attempt takes as long as one may.
        let ended = now + 10 * SECOND;
        let chance = if spans.len() % 2 == 0 { 0 } else { u16::MAX };
        let offered = failed(attempt(ended));
        match outbox.settle(&claim, offered, at(ended, chance)) {
            Settled::Waits => (),
            settled => break assert_eq!(settled, Settled::Dead),
        }
        let due = outbox.due(UnixMillis::new(ended)).unwrap().millis();
        assert_eq!(outbox.ready(UnixMillis::new(due - 1)), None);
        spans.push((due - ended) / SECOND);
        now = due;
    }
    assert_eq!(spans[..7], [5, 30, 120, 600, 1_800, 3_960, 3_600]);
    assert!(spans[5..spans.len() - 1].iter().all(|span| [3_600, 3_960].contains(span)));
    assert_eq!(now - START, PATIENCE, "the last attempt is made when patience ends");
    assert_eq!((outbox.dead.len(), outbox.dead[0].delivery.count), (1, 74));
    assert_eq!(outbox.due(UnixMillis::new(now)), None);
}

#[test]
fn a_second_purchase_is_released_with_the_end_of_the_first_told() {
    let mut outbox = outbox(&[NoticeType::Created]);
    delivered(&mut outbox, START);
    for kind in [NoticeType::Abandoned, NoticeType::Created, NoticeType::Released] {
        outbox.append(vec![draft(kind, 0)], Reader::Product, UnixMillis::new(START));
    }
    assert_eq!(kinds(&outbox), [NoticeType::Abandoned]);
    assert_eq!(outbox.dropped, 2);
}

#[test]
fn a_replayed_purchase_was_heard_of_and_is_released_aloud() {
    let mut outbox = outbox(&[NoticeType::Created, NoticeType::Renewed]);
    gone(&mut outbox, START);
    assert_eq!(outbox.due(UnixMillis::new(START)), None, "nothing is told of what is not there");
    assert!(outbox.replay(1));
    outbox.append(vec![draft(NoticeType::Released, 0)], Reader::Product, UnixMillis::new(START));
    assert_eq!(sequences(&outbox.waiting), [1, 2, 3]);
    let told = [(); 3].map(|()| delivered(&mut outbox, START));
    assert_eq!(told, [1, 2, 3]);
}

#[test]
fn a_replayed_notice_keeps_its_name() {
    let mut outbox = outbox(&[NoticeType::Created]);
    let id = outbox.waiting[0].id("k");
    gone(&mut outbox, START);
    assert!(outbox.replay(1) && !outbox.replay(1));
    outbox.enrich(1, "orderDetails", "late".into());
    assert_eq!(outbox.waiting[0].id("k"), id);
}

#[test]
fn a_replay_waits_for_whoever_is_at_another_notice() {
    let mut outbox = outbox(&[NoticeType::Renewed, NoticeType::Renewed]);
    gone(&mut outbox, START);
    let second = claim(&mut outbox, START);
    assert!(outbox.replay(1));
    assert_eq!(outbox.claim(Duration::from_secs(1), UnixMillis::new(START + LASTING - 1)), None);
    let settled = outbox.settle(&second, AttemptOutcome::Accepted(None), at(START, 0));
    assert_eq!((settled, delivered(&mut outbox, START)), (Settled::Delivered, 1));
}

#[test]
fn an_attempt_from_before_a_replay_settles_nothing() {
    let mut outbox = outbox(&[NoticeType::Renewed, NoticeType::Renewed]);
    gone(&mut outbox, START);
    let early = claim(&mut outbox, START);
    assert!(outbox.replay(1));
    let now = START + LASTING;
    assert_eq!(delivered(&mut outbox, now), 1);
    let late = claim(&mut outbox, now);
    assert_eq!((early.attempt, late.attempt), (1, 1));
    let failed = failed(attempt(now));
    assert_eq!(outbox.settle(&early, failed, at(now, 0)), Settled::Nothing);
}

#[test]
fn an_end_waits_for_whoever_is_at_the_purchase_that_it_takes_back() {
    let mut outbox = outbox(&[NoticeType::Created]);
    claim(&mut outbox, START);
    assert_eq!(outbox.take_back().len(), 1);
    outbox.append(vec![draft(NoticeType::Abandoned, 0)], Reader::Product, UnixMillis::new(START));
    let due = outbox.due(UnixMillis::new(START));
    assert_eq!(due, Some(UnixMillis::new(START + LASTING)), "told after the purchase, not beside");
    assert_eq!(delivered(&mut outbox, START + LASTING), 2);
}

#[test]
fn a_new_purchase_is_told_without_what_the_dead_one_left() {
    let mut outbox = outbox(&[NoticeType::Created, NoticeType::Renewed]);
    gone(&mut outbox, START);
    for kind in [NoticeType::Abandoned, NoticeType::Created] {
        outbox.append(vec![draft(kind, 0)], Reader::Product, UnixMillis::new(START));
    }
    assert_eq!(kinds(&outbox), [NoticeType::Abandoned, NoticeType::Created]);
}

#[test]
fn a_dead_purchase_lets_nothing_by_but_its_end() {
    let mut outbox = outbox(&[NoticeType::Created, NoticeType::Renewed]);
    gone(&mut outbox, START);
    outbox.append(vec![draft(NoticeType::Released, 0)], Reader::Product, UnixMillis::new(START));
    assert_eq!(delivered(&mut outbox, START), 3);
    assert_eq!((outbox.waiting.len(), outbox.dead.len()), (0, 0), "and nothing outlives that");
    assert_eq!((outbox.dropped, outbox.forgotten, outbox.blocked), (1, 1, false));
    assert!(!outbox.replay(1), "a purchase must not be told after its end");
}

#[test]
fn another_dead_letter_lets_all_by() {
    let mut outbox = outbox(&[NoticeType::Created, NoticeType::Renewed, NoticeType::Frozen]);
    delivered(&mut outbox, START);
    gone(&mut outbox, START);
    assert_eq!(delivered(&mut outbox, START), 3);
}

#[test]
fn only_so_many_dead_letters_are_kept_and_the_purchase_longest() {
    let mut outbox = outbox(&[NoticeType::Created]);
    gone(&mut outbox, START);
    outbox.blocked = false;
    for _ in 0..20 {
        outbox.append(vec![draft(NoticeType::Renewed, 0)], Reader::Product, UnixMillis::new(START));
        gone(&mut outbox, START);
    }
    let dead: Vec<_> = outbox.dead.iter().map(|dead| dead.notice.sequence()).collect();
    let newest: Vec<_> = std::iter::once(1).chain(7..=21).collect();
    assert_eq!((dead, outbox.forgotten), (newest, 5));
}

/// A value that no store takes could not be settled any more.
#[test]
fn dead_letters_leave_room_for_what_waits() {
    let mut outbox = Outbox::default();
    for _ in 0..20 {
        let long = draft(NoticeType::Upgraded, 7_900);
        outbox.append(vec![long], Reader::Product, UnixMillis::new(START));
        gone(&mut outbox, START);
    }
    let long = draft(NoticeType::Upgraded, 7_900);
    outbox.append(vec![long; 8], Reader::Product, UnixMillis::new(START));
    let len = |notices: &[&Notice]| serde_json::to_vec(notices).unwrap().len();
    let dead: Vec<_> = outbox.dead.iter().map(|dead| &dead.notice).collect();
    assert!(len(&dead) <= MAX_DEAD_LEN + 100 && outbox.dead.len() == 8);
    assert!(serde_json::to_vec(&outbox).unwrap().len() < MAX_DEAD_LEN + MAX_OUTBOX_LEN + 8_192);
}

#[test]
fn a_clock_set_back_costs_a_delay_and_no_notice() {
    let mut outbox = outbox(&[NoticeType::Renewed]);
    let first = claim(&mut outbox, START);
    let earlier = UnixMillis::new(START - HOUR);
    let settled = outbox.settle(&first, failed(attempt(START)), at(START - HOUR, 0));
    assert_eq!(settled, Settled::Waits);
    assert_eq!(outbox.due(earlier), Some(UnixMillis::new(START - HOUR + 5 * SECOND)));
    assert_eq!(delivered(&mut outbox, START - HOUR + 5 * SECOND), 1);
}

#[test]
fn what_was_offered_is_never_void() {
    let mut outbox = Outbox::default();
    let append = |outbox: &mut Outbox| {
        let long = draft(NoticeType::Frozen, 7_900);
        outbox.append(vec![long], Reader::Product, UnixMillis::new(START))
    };
    append(&mut outbox);
    claim(&mut outbox, START);
    let dropped: Vec<_> = (0..9).flat_map(|_| append(&mut outbox)).collect();
    assert_eq!(sequences(&dropped), [2, 3], "later ones say all that they said");
    assert_eq!(outbox.waiting.first().map(Notice::sequence), Some(1), "somebody is at it");
}

/// A renewal that changes more than the expiry says what no later renewal says.
#[test]
fn a_renewal_that_changes_more_than_the_expiry_is_never_void() {
    let renewal = |scene: &str, product: &str| {
        NoticeDraft::of_time(NoticeType::Renewed)
            .with("scene", scene)
            .with("productId", product)
            .with("orderAmount", "x".repeat(7_800))
    };
    for (scene, product, is_void) in [
        ("RENEWAL", "", true),
        ("UNSUBSCRIBE_RENEWAL_PERIOD", "", true),
        ("renew", "", true),
        ("cancel", "", true),
        ("RENEWAL_CHANGE", "", false),
        ("TRIAL_TO_FORMAL", "", false),
        ("trial", "", false),
        ("RENEWAL", "P2", false),
        ("a scene of next year", "", false),
    ] {
        let mut outbox = Outbox::default();
        let at = UnixMillis::new(START);
        outbox.append(vec![renewal(scene, product)], Reader::Product, at);
        for _ in 0..12 {
            outbox.append(vec![renewal("RENEWAL", "")], Reader::Product, at);
        }
        let is_kept = outbox.waiting.iter().any(|notice| notice.sequence() == 1);
        assert_eq!(is_kept, !is_void, "{scene} {product}");
        assert!(outbox.dropped > 0, "the others make room");
    }
}
