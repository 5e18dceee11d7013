//! The simple model of an outbox. It remembers every step.

use std::collections::BTreeMap;

use domain::notice::{Notice, NoticeType};
use domain::outbox::{Claim, MAX_ATTEMPTS, MAX_DEAD, Outbox, Reader};
use proptest::sample::Index;
use protocol::time::UnixMillis;

use super::{START, draft, ends, is_void, sequences};

/// The outcome of a notice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Waiting,
    Delivered,
    Dead,
    Dropped,
    Forgotten,
}

#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) kind: NoticeType,
    pub(super) len: usize,
    pub(super) outcome: Outcome,
    pub(super) offered: bool,
}

/// A claim, as the process that made it remembers it.
#[derive(Clone, Debug)]
pub(super) struct KnownClaim {
    pub(super) claim: Claim,
    pub(super) until: u64,
    pub(super) settled: bool,
}

/// The attempts of a notice since it was appended or replayed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tried {
    pub(super) since: u64,
    pub(super) count: usize,
    /// The index of the current claim in `claims`.
    pub(super) current: Option<usize>,
    /// How many pauses of the retry schedule it has used.
    pub(super) pauses: usize,
    /// When the next attempt may begin, and when it could begin if no notice had been appended.
    pub(super) next: u64,
    pub(super) resume: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Append(NoticeType, usize),
    Claim,
    /// Settles one of all claims so far; the flag selects the latest one.
    Settle(Index, bool, Ending),
    Pass(u64),
    SetBack(u64),
    Replay(Index),
    MakeDue,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Delivered,
    Failed,
    Gone,
    Paused,
}

pub(super) struct ModelledOutbox {
    pub(super) outbox: Outbox,
    pub(super) now: u64,
    pub(super) known: BTreeMap<u64, Known>,
    pub(super) claims: Vec<KnownClaim>,
    pub(super) tried: BTreeMap<u64, Tried>,
    pub(super) blocked: bool,
    /// Whether a purchase exists that can be abandoned or released.
    pub(super) bought: bool,
    pub(super) released: bool,
}

impl ModelledOutbox {
    pub(super) fn new() -> Self {
        Self {
            outbox: Outbox::default(),
            now: START,
            known: BTreeMap::new(),
            claims: Vec::new(),
            tried: BTreeMap::new(),
            blocked: false,
            bought: false,
            released: false,
        }
    }

    pub(super) fn at(&self) -> UnixMillis {
        UnixMillis::new(self.now)
    }

    pub(super) fn apply(&mut self, step: &Step) {
        match step {
            Step::Append(kind, len) if self.is_possible(*kind) => self.append(*kind, *len),
            Step::Append(..) => (),
            Step::Claim => self.claim(),
            Step::Settle(which, latest, ending) if !self.claims.is_empty() => {
                let last = self.claims.len() - 1;
                let place = if *latest { last } else { which.index(self.claims.len()) };
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
            Step::MakeDue => self.make_due(),
        }
        self.check();
    }

    pub(super) fn waiting(&self) -> Vec<u64> {
        let waiting = self.known.iter().filter(|(_, known)| known.outcome == Outcome::Waiting);
        waiting.map(|(sequence, _)| *sequence).collect()
    }

    pub(super) fn first_created(&self) -> Option<u64> {
        let is_created = |sequence: &u64| self.known[sequence].kind == NoticeType::Created;
        self.waiting().into_iter().find(is_created)
    }

    pub(super) fn expect_from_created(&mut self, dropped: &[Notice]) {
        let from = self.first_created().unwrap_or(u64::MAX);
        let expected = self.waiting().into_iter().filter(|sequence| *sequence >= from);
        let expected: Vec<_> = expected.collect();
        assert_eq!(sequences(dropped), expected);
        self.set(&expected, Outcome::Dropped);
    }

    pub(super) fn set(&mut self, sequences: &[u64], outcome: Outcome) {
        for sequence in sequences {
            self.known.get_mut(sequence).unwrap().outcome = outcome;
        }
    }

    /// Whether the instance's transitions allow this notice now.
    pub(super) fn is_possible(&mut self, kind: NoticeType) -> bool {
        let is_open = !self.released && (kind != NoticeType::Created || !self.bought);
        match kind {
            NoticeType::Created if is_open => self.bought = true,
            NoticeType::Released => self.released |= self.bought,
            NoticeType::Abandoned if is_open && self.bought => {
                self.bought = false;
                let unoffered = self.outbox.is_unheard_of();
                let dropped = self.outbox.drop_purchase(UnixMillis::new(START));
                self.expect_from_created(&dropped);
                return !unoffered;
            }
            _ => (),
        }
        is_open && self.bought
    }

    pub(super) fn append(&mut self, kind: NoticeType, len: usize) {
        let dropped = self.outbox.append(vec![draft(kind, len)], Reader::Product, self.at());
        self.hurry();
        let unoffered = self.first_created().is_some_and(|created| !self.known[&created].offered);
        let sequence = self.outbox.sequence;
        self.known.insert(sequence, Known { kind, len, outcome: Outcome::Waiting, offered: false });
        if kind == NoticeType::Released && unoffered {
            return self.expect_from_created(&dropped);
        }
        let mut rest = sequences(&dropped);
        if kind == NoticeType::Created && std::mem::take(&mut self.blocked) {
            let blocked = |it: &u64| !ends(self.known[it].kind) && *it != sequence;
            let blocked: Vec<_> = self.waiting().into_iter().filter(blocked).collect();
            assert!(rest.starts_with(&blocked));
            self.set(&blocked, Outcome::Dropped);
            rest.drain(..blocked.len());
        }
        for sequence in rest {
            let void = self.known[&sequence].clone();
            let mut later = self.waiting().into_iter().filter(|later| *later > sequence);
            assert!(!void.offered, "a notice that was offered is never dropped");
            assert!(later.any(|later| is_void(void.kind, self.known[&later].kind)));
            self.set(&[sequence], Outcome::Dropped);
        }
    }

    /// A new notice ends the current pause early, and does not use up a pause of the schedule.
    pub(super) fn hurry(&mut self) {
        let claims = &self.claims;
        for tried in self.tried.values_mut() {
            let rests = tried.current.is_none_or(|place| claims[place].settled);
            if rests && tried.next > self.now {
                tried.resume = tried.resume.or(Some(tried.next));
                tried.next = self.now;
            }
        }
    }

    /// An operator ends the pause of the next notice. Nothing else changes: neither the order, nor a
    /// running attempt, nor the number of attempts and of used pauses.
    pub(super) fn make_due(&mut self) {
        let head = self.waiting().into_iter().find(|it| !self.blocked || ends(self.known[it].kind));
        let claims = &self.claims;
        let tried = head.and_then(|head| self.tried.get_mut(&head));
        let resting = tried.filter(|tried| {
            tried.current.is_none_or(|place| claims[place].settled) && tried.next > self.now
        });
        let mut expected = self.outbox.clone();
        assert_eq!(self.outbox.make_due(UnixMillis::new(self.now)), resting.is_some());
        if let Some(tried) = resting {
            tried.resume = tried.resume.or(Some(tried.next));
            tried.next = self.now;
            let delivery = expected.delivery.as_mut().unwrap();
            delivery.resume = tried.resume.map(UnixMillis::new);
            delivery.next = UnixMillis::new(self.now);
        }
        assert_eq!(self.outbox, expected);
    }

    pub(super) fn replay(&mut self, sequence: u64) {
        let dead = self.known[&sequence].outcome == Outcome::Dead;
        assert_eq!(self.outbox.replay(sequence), dead, "only a dead letter can be replayed");
        if dead {
            self.set(&[sequence], Outcome::Waiting);
            self.blocked &= self.known[&sequence].kind != NoticeType::Created;
        }
    }

    /// Checks the outbox after every step.
    pub(super) fn check(&mut self) {
        let outbox = &self.outbox;
        assert_eq!(sequences(&outbox.waiting), self.waiting(), "notices wait in their order");
        let count =
            |outcome: Outcome| self.known.values().filter(|known| known.outcome == outcome).count();
        assert_eq!(usize::try_from(outbox.dropped).unwrap(), count(Outcome::Dropped));
        assert_eq!(usize::try_from(outbox.forgotten).unwrap(), count(Outcome::Forgotten));
        assert_eq!(outbox.dead.len(), count(Outcome::Dead));
        assert_eq!(usize::try_from(outbox.sequence).unwrap(), self.known.len());
        assert_eq!(outbox.blocked, self.blocked);
        assert!(outbox.dead.len() <= MAX_DEAD);
        let trials = outbox.dead.iter().map(|dead| &dead.delivery).chain(&outbox.delivery);
        assert!(trials.into_iter().all(|trial| trial.attempts.len() <= MAX_ATTEMPTS));
        let created = self.first_created();
        let unoffered = created.is_some_and(|created| !self.known[&created].offered);
        assert_eq!(outbox.is_unheard_of(), unoffered);
        // Each process parses the outbox that another process wrote.
        let text = serde_json::to_string(outbox).unwrap();
        self.outbox = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&self.outbox).unwrap(), text);
    }

    /// If the product accepts every notice, all notices that are not blocked are delivered.
    pub(super) fn finish(mut self) {
        for _ in 0..1_000 {
            let Some(due) = self.outbox.due(self.at()) else { break };
            self.now = self.now.max(due.millis());
            let before = self.claims.len();
            self.claim();
            assert_eq!(self.claims.len(), before + 1, "a due notice can be claimed");
            self.settle(before, Ending::Delivered);
            self.check();
        }
        let mut rest = self.waiting().into_iter();
        assert!(rest.all(|sequence| self.blocked && !ends(self.known[&sequence].kind)));
        let long = self.known.values().filter(|known| known.len > 0).count();
        assert!(self.outbox.dropped > 0 || long < 200);
    }
}
