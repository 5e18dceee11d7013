//! The slow model: it remembers everything that was ever done to an outbox.

use std::collections::BTreeMap;

use domain::notice::{Notice, NoticeType};
use domain::outbox::{Claim, MAX_ATTEMPTS, MAX_DEAD, Outbox, Reader};
use proptest::sample::Index;
use protocol::time::UnixMillis;

use super::{START, draft, ends, is_void, sequences};

/// What became of a notice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
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
    pub(super) fate: Fate,
    pub(super) offered: bool,
}

/// A claim as its holder knows it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) claim: Claim,
    pub(super) until: u64,
    pub(super) settled: bool,
}

/// What was tried with a notice since it was appended or replayed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tried {
    pub(super) since: u64,
    pub(super) count: usize,
    /// The claim that counts: a place among those held.
    pub(super) current: Option<usize>,
    /// How many of the pauses it has had.
    pub(super) pauses: usize,
    /// When the next attempt may begin, and when it might have without something new.
    pub(super) next: u64,
    pub(super) resume: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Append(NoticeType, usize),
    Claim,
    /// One of all claims there ever were, the latest more often than others.
    Settle(Index, bool, Ending),
    Pass(u64),
    SetBack(u64),
    Replay(Index),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Delivered,
    Failed,
    Gone,
    Paused,
}

pub(super) struct Beside {
    pub(super) outbox: Outbox,
    pub(super) now: u64,
    pub(super) known: BTreeMap<u64, Known>,
    pub(super) held: Vec<Held>,
    pub(super) tried: BTreeMap<u64, Tried>,
    pub(super) blocked: bool,
    /// Whether there is a purchase that may end.
    pub(super) bought: bool,
    pub(super) released: bool,
}

impl Beside {
    pub(super) fn new() -> Self {
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

    pub(super) fn at(&self) -> UnixMillis {
        UnixMillis::new(self.now)
    }

    pub(super) fn take(&mut self, step: &Step) {
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

    pub(super) fn waiting(&self) -> Vec<u64> {
        let waiting = self.known.iter().filter(|(_, known)| known.fate == Fate::Waiting);
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
        self.set(&expected, Fate::Dropped);
    }

    pub(super) fn set(&mut self, sequences: &[u64], fate: Fate) {
        for sequence in sequences {
            self.known.get_mut(sequence).unwrap().fate = fate;
        }
    }

    /// As the instance's transitions let them come.
    pub(super) fn may_come(&mut self, kind: NoticeType) -> bool {
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

    pub(super) fn append(&mut self, kind: NoticeType, len: usize) {
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
    pub(super) fn hurry(&mut self) {
        let held = &self.held;
        for tried in self.tried.values_mut() {
            let rests = tried.current.is_none_or(|place| held[place].settled);
            if rests && tried.next > self.now {
                tried.resume = tried.resume.or(Some(tried.next));
                tried.next = self.now;
            }
        }
    }

    pub(super) fn replay(&mut self, sequence: u64) {
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
    pub(super) fn hold(&mut self) {
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
    pub(super) fn end(mut self) {
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
