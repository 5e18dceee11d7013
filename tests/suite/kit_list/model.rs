//! The plain map that must have the same content as a list, and random changes.

use std::collections::{BTreeMap, BTreeSet};

use domain::kit_list::{Content, Edit, EntryOutcome, KitListChange, List};
use protocol::time::UnixMillis;

use super::PEOPLE;

/// The expected content of the list: a plain map.
#[derive(Clone, Default)]
pub(super) struct Model {
    pub(super) rows: BTreeMap<usize, Known>,
    pub(super) listed_at: Option<u64>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) struct Known {
    pub(super) at: u64,
    pub(super) how: How,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum How {
    Put(u8),
    Deleted,
    Revoked,
}

/// A call. Its people and their contents are numbers.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Edits(Vec<(usize, How, u64)>),
    List(Vec<(usize, u8)>, u64),
}

impl Known {
    pub(super) fn edit(self, who: usize) -> Edit {
        let (identity, at) = (PEOPLE[who], UnixMillis::new(self.at));
        match self.how {
            How::Put(content) => Edit::put(identity, content_of(content), at),
            How::Deleted => Edit::delete(identity, at),
            How::Revoked => Edit::revoke(identity, at),
        }
    }
}

impl Call {
    pub(super) fn change(&self) -> KitListChange {
        match self {
            Self::Edits(edits) => {
                let edit = |&(who, how, at): &(usize, How, u64)| Known { at, how }.edit(who);
                KitListChange::Edits(edits.iter().map(edit).collect())
            }
            Self::List(entries, at) => {
                let entry = |&(who, how): &(usize, u8)| (PEOPLE[who], content_of(how));
                KitListChange::List(List::new(entries.iter().map(entry), UnixMillis::new(*at)))
            }
        }
    }

    /// Whether the call is the newest full list and does not contain this person.
    pub(super) fn leaves_out(&self, who: usize, newest: Option<u64>) -> bool {
        match self {
            Self::Edits(_) => false,
            Self::List(entries, at) => {
                Some(*at) == newest
                    && !entries.is_empty()
                    && entries.iter().all(|(named, _)| *named != who)
            }
        }
    }
}

impl Model {
    pub(super) fn make(&mut self, call: &Call) -> Vec<EntryOutcome> {
        match call {
            Call::Edits(edits) => edits
                .iter()
                .map(|&(who, how, at)| {
                    if self.listed_at.is_some_and(|listed_at| at < listed_at) {
                        EntryOutcome::Stale
                    } else {
                        self.enter(who, Known { at, how })
                    }
                })
                .collect(),
            Call::List(entries, _) if entries.is_empty() => Vec::new(),
            Call::List(entries, at) => {
                if self.listed_at.is_some_and(|listed_at| *at < listed_at) {
                    return vec![EntryOutcome::Stale; entries.len()];
                }
                let named: BTreeSet<usize> = entries.iter().map(|(who, _)| *who).collect();
                self.rows.retain(|who, known| named.contains(who) || known.at > *at);
                self.listed_at = Some(*at);
                let enter = |&(who, content): &(usize, u8)| {
                    let how = How::Put(content);
                    self.enter(who, Known { at: *at, how })
                };
                entries.iter().map(enter).collect()
            }
        }
    }

    pub(super) fn enter(&mut self, who: usize, new: Known) -> EntryOutcome {
        let outcome = match self.rows.get(&who) {
            Some(old) if old.at > new.at => return EntryOutcome::Stale,
            Some(old) if *old == new => EntryOutcome::Repeated,
            Some(old) if old.how == new.how => EntryOutcome::Confirmed,
            Some(_) | None => EntryOutcome::Applied,
        };
        self.rows.insert(who, new);
        outcome
    }
}

fn content_of(number: u8) -> Content {
    Content::new(&[&number.to_string()])
}

/// SplitMix64: the same seed gives the same calls.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    /// A time near `now`, often the same and often in the past.
    pub(super) fn time(&mut self, now: u64) -> u64 {
        let back = [0, 0, 0, 1, 2, 5, 30][self.roll(7)];
        now.saturating_sub(back)
    }

    pub(super) fn call(&mut self, people: usize, now: u64) -> Call {
        let (at, content) = (self.time(now), |dice: &mut Self| u8::try_from(dice.roll(3)).unwrap());
        if self.roll(4) == 0 {
            // A list of consecutive people, with the usual content for most of them. A few are in
            // it twice.
            let (some, first) = (self.roll(people + 1), self.roll(people));
            let twins = if some == 0 { 0 } else { self.roll(9) };
            let place = (0..some).chain((0..twins).map(|twin| twin * 7));
            let entry = |nth: usize| {
                let usual = u8::from(self.roll(40) == 0);
                ((first + nth) % people, usual)
            };
            return Call::List(place.map(entry).collect(), at);
        }
        let many = [1, 1, 2, 30, 300][self.roll(5)];
        let edit = |_| {
            let who = self.roll(people);
            let how = match self.roll(6) {
                0 => How::Deleted,
                1 => How::Revoked,
                _ => How::Put(content(self)),
            };
            let at = if self.roll(20) == 0 { self.time(now) } else { at };
            (who, how, at)
        };
        Call::Edits((0..many).map(edit).collect())
    }
}
