//! A directory beside a plain map: whatever is asked of it, in whatever order, and wherever its
//! writing breaks off.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use domain::directory::{
    Changed, Content, DirectoryChange, DirectoryError, Edit, EntryOutcome, Head, INLINE_ROWS,
    Identity, List, MAX_PARTS, PART_ROWS, PartName,
};
use protocol::time::UnixMillis;

/// What a real store is asked to take at most. The head shares its value with the notices, so it
/// is held far below; a part is all alone.
const MAX_HEAD_LEN: usize = 24 * 1024;
const MAX_PART_LEN: usize = 24 * 1024;

/// Everybody there ever is.
static PEOPLE: LazyLock<Vec<Identity>> = LazyLock::new(|| {
    let identity = |number: usize| Identity::new(&["I1", "T1", &number.to_string()]);
    (0..60_000).map(identity).collect()
});

/// A store of one head and many parts, which counts, and can break off.
#[derive(Clone, Default)]
struct Store {
    head: String,
    parts: BTreeMap<PartName, Vec<u8>>,
    names: u128,
}

/// What a change cost.
#[derive(Debug, Default, Eq, PartialEq)]
struct Cost {
    reads: usize,
    writes: usize,
}

impl Store {
    fn new() -> Self {
        Self { head: "{}".to_owned(), ..Self::default() }
    }

    fn head(&self) -> Head {
        serde_json::from_str(&self.head).unwrap()
    }

    fn decide(&mut self, change: &DirectoryChange) -> (Changed, usize) {
        let head = self.head();
        let needs = head.needs(change);
        let read = needs.iter().map(|part| (*part, self.parts[part].clone()));
        let read = read.collect();
        let fresh = || {
            self.names += 1;
            PartName::new(self.names.to_be_bytes())
        };
        let changed = head.apply(change, &read, fresh).unwrap();
        let after = changed.head.as_ref().unwrap_or(&head);
        let let_go: BTreeSet<PartName> = head.parts().difference(&after.parts()).copied().collect();
        let added: BTreeSet<PartName> = after.parts().difference(&head.parts()).copied().collect();
        assert_eq!(changed.unreferenced, let_go);
        assert!(changed.parts.keys().eq(&added));
        (changed, 1 + needs.len())
    }

    /// Writes what was decided, up to a number of writes; whether all were made.
    fn write(&mut self, changed: &Changed, at_most: usize) -> bool {
        for (name, part) in changed.parts.iter().take(at_most) {
            assert!(part.len() <= MAX_PART_LEN, "{}", part.len());
            assert!(self.parts.insert(*name, part.clone()).is_none());
        }
        if changed.parts.len() >= at_most {
            return false;
        }
        if let Some(head) = &changed.head {
            self.head = serde_json::to_string(head).unwrap();
            assert!(self.head.len() <= MAX_HEAD_LEN, "{}", self.head.len());
        }
        true
    }

    /// Makes a change from reading to letting go.
    fn make(&mut self, change: &DirectoryChange) -> (Changed, Cost) {
        let (changed, reads) = self.decide(change);
        assert!(self.write(&changed, usize::MAX));
        self.parts.retain(|name, _| !changed.unreferenced.contains(name));
        let writes = changed.parts.len() + usize::from(changed.head.is_some());
        (changed, Cost { reads, writes })
    }

    /// Whether the directory knows this and nothing else: asked again, everything is a repeat.
    fn assert_knows(&mut self, model: &Model) {
        assert_eq!(self.head().rows(), model.rows.len());
        assert_eq!(self.head().listed_at().map(UnixMillis::millis), model.listed_at);
        let edits: Vec<Edit> = model.rows.iter().map(|(who, row)| row.edit(*who)).collect();
        let (again, _) = self.decide(&DirectoryChange::Edits(edits));
        assert!(again.outcomes.iter().all(|known| *known == EntryOutcome::Repeated));
        assert!(again.head.is_none() && again.parts.is_empty());
    }
}

/// What should be known: a plain map.
#[derive(Clone, Default)]
struct Model {
    rows: BTreeMap<usize, Known>,
    listed_at: Option<u64>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
struct Known {
    at: u64,
    how: How,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum How {
    Put(u8),
    Deleted,
    Revoked,
}

/// A call, as numbers.
#[derive(Clone, Debug)]
enum Call {
    Edits(Vec<(usize, How, u64)>),
    List(Vec<(usize, u8)>, u64),
}

impl Known {
    fn edit(self, who: usize) -> Edit {
        let (identity, at) = (PEOPLE[who], UnixMillis::new(self.at));
        match self.how {
            How::Put(content) => Edit::put(identity, content_of(content), at),
            How::Deleted => Edit::delete(identity, at),
            How::Revoked => Edit::revoke(identity, at),
        }
    }
}

impl Call {
    fn change(&self) -> DirectoryChange {
        match self {
            Self::Edits(edits) => {
                let edit = |&(who, how, at): &(usize, How, u64)| Known { at, how }.edit(who);
                DirectoryChange::Edits(edits.iter().map(edit).collect())
            }
            Self::List(entries, at) => {
                let entry = |&(who, how): &(usize, u8)| (PEOPLE[who], content_of(how));
                DirectoryChange::List(List::new(entries.iter().map(entry), UnixMillis::new(*at)))
            }
        }
    }

    /// Whether it is the newest list, and does not name somebody.
    fn leaves_out(&self, who: usize, newest: Option<u64>) -> bool {
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
    fn make(&mut self, call: &Call) -> Vec<EntryOutcome> {
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

    fn enter(&mut self, who: usize, new: Known) -> EntryOutcome {
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

/// SplitMix64: the same calls from the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    /// A time near now: often the same, often the past.
    fn time(&mut self, now: u64) -> u64 {
        let back = [0, 0, 0, 1, 2, 5, 30][self.roll(7)];
        now.saturating_sub(back)
    }

    fn call(&mut self, people: usize, now: u64) -> Call {
        let (at, content) = (self.time(now), |dice: &mut Self| u8::try_from(dice.roll(3)).unwrap());
        if self.roll(4) == 0 {
            // A list of a stretch of everybody, most of them as they usually are, a few twice.
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

#[test]
fn any_history_equals_a_plain_map() {
    let (mut split, mut inlined) = (0, 0);
    for seed in 0..16 {
        let mut dice = Dice(seed);
        let people = [5, 600, 1500, 3000][dice.roll(4)];
        let (mut store, mut model) = (Store::new(), Model::default());
        for step in 0..30 {
            let call = dice.call(people, 100 + 2 * step);
            let before = model.clone();
            let expected = model.make(&call);
            let (changed, cost) = store.make(&call.change());
            assert_eq!(changed.outcomes, expected, "seed {seed} step {step}");
            let gone = before.rows.iter().filter(|(who, known)| {
                matches!(known.how, How::Put(_)) && !model.rows.contains_key(who)
            });
            assert_eq!(changed.removed, gone.count(), "seed {seed} step {step}");
            let spared = model.rows.iter().filter(|(who, known)| {
                matches!(known.how, How::Put(_)) && call.leaves_out(**who, model.listed_at)
            });
            assert_eq!(changed.spared, spared.count(), "seed {seed} step {step}");
            if matches!(&call, Call::Edits(edits) if edits.len() == 1) {
                assert!(cost.reads <= 2 && cost.writes <= 2, "{cost:?}");
            }
            // What is referred to is there, and nothing else is left.
            assert!(store.head().parts().iter().eq(store.parts.keys()));
            split += usize::from(store.parts.len() > 1);
            inlined += usize::from(store.parts.is_empty());
            if step % 10 == 9 {
                store.assert_knows(&model);
            }
        }
    }
    assert!(split > 60 && inlined > 60, "{split} {inlined}");
}

#[test]
fn an_interrupted_write_leaves_the_old_state_whole() {
    let mut interrupted = 0;
    for seed in 100..105 {
        let mut dice = Dice(seed);
        let (mut store, mut model) = (Store::new(), Model::default());
        let mut orphans = BTreeSet::new();
        for step in 0..12 {
            let call = dice.call(2500, 100 + 2 * step);
            // Breaks off before its first write, between two, and before the head.
            let parts = store.decide(&call.change()).0.parts.len();
            for made in BTreeSet::from([0, dice.roll(parts + 1), parts]) {
                let (lost, _) = store.decide(&call.change());
                assert!(!store.write(&lost, made));
                orphans.extend(lost.parts.keys().take(made).copied());
                interrupted += 1;
            }
            store.assert_knows(&model);
            // The marketplace calls again: as if nothing had been.
            let expected = model.make(&call);
            let (changed, _) = store.make(&call.change());
            assert_eq!(changed.outcomes, expected, "seed {seed} step {step}");
            store.assert_knows(&model);
            let mut known = store.head().parts();
            known.extend(&orphans);
            assert!(known.iter().eq(store.parts.keys()));

            // Breaks off before its answer, and is called again: nothing new but where one call
            // says two things of somebody.
            let expected = model.make(&call);
            let (again, _) = store.make(&call.change());
            assert_eq!(again.outcomes, expected, "seed {seed} step {step}");
            assert_eq!(again.has_effect(), expected.contains(&EntryOutcome::Applied));
        }
    }
    assert!(interrupted > 90, "{interrupted}");
}

#[test]
fn of_two_writers_at_once_the_loser_decides_again() {
    let (mut store, mut model) = (Store::new(), Model::default());
    let all = Call::List((0..3000).map(|who| (who, 0)).collect(), 1);
    model.make(&all);
    store.make(&all.change());

    let call = Call::Edits(vec![(7, How::Put(1), 3)]);
    let before = store.head();
    let (lost, _) = store.decide(&call.change());
    // Another list comes between; then the loser's part is there for nobody.
    let other = Call::List((0..3000).map(|who| (who, 2)).collect(), 2);
    model.make(&other);
    store.make(&other.change());
    assert!(!store.write(&lost, 1));
    store.assert_knows(&model);

    // A reader of the old head misses its parts: it reads the head again.
    let needs = *before.needs(&call.change()).first().unwrap();
    let missing = before.apply(&call.change(), &store.parts, || PartName::new([9; 16]));
    assert_eq!(missing.unwrap_err(), DirectoryError::Missing(needs));

    assert_eq!(store.make(&call.change()).0.outcomes, model.make(&call));
    store.assert_knows(&model);
}

#[test]
fn one_change_upon_ten_thousand_departments_costs_two_reads_and_two_writes() {
    let (mut store, mut model) = (Store::new(), Model::default());
    let all = Call::List((0..10_000).map(|who| (who, 0)).collect(), 1);
    model.make(&all);
    let (_, cost) = store.make(&all.change());
    let parts = store.parts.len();
    assert_eq!((parts, cost), (14, Cost { reads: 1, writes: 15 }));

    // As many again, close together, until parts split.
    let mut near: Vec<usize> = (10_000..60_000).collect();
    near.sort_by_key(|who| PEOPLE[*who]);
    near.truncate(400);
    let edits = near.into_iter().map(|who| (who, How::Put(1)));
    let gone = (0..10).map(|who| (who, How::Deleted));
    for (at, (who, how)) in (2..).zip(edits.chain(gone)) {
        let call = Call::Edits(vec![(who, how, at)]);
        model.make(&call);
        assert_eq!(store.make(&call.change()).1, Cost { reads: 2, writes: 2 });
    }
    let repeat = store.make(&Call::Edits(vec![(9, How::Deleted, 411)]).change());
    assert_eq!(repeat.1, Cost { reads: 2, writes: 0 });
    let older = store.make(&Call::Edits(vec![(9, How::Put(2), 0)]).change());
    assert_eq!(older.1, Cost { reads: 1, writes: 0 });
    assert!(store.parts.len() > parts);
    store.assert_knows(&model);
}

#[test]
fn a_directory_that_grows_one_by_one_never_costs_more() {
    let mut store = Store::new();
    store.make(&Call::List((0..500).map(|who| (who, 0)).collect(), 0).change());
    // Out of the head into one part, and that into two.
    for who in 500..1100 {
        let (_, cost) = store.make(&Call::Edits(vec![(who, How::Put(0), 1)]).change());
        assert!(cost.reads <= 2 && cost.writes <= 2, "{who}: {cost:?}");
        let parts = usize::from(who >= INLINE_ROWS) + usize::from(who >= PART_ROWS);
        assert_eq!(store.parts.len(), parts);
    }
}

#[test]
fn a_list_costs_as_many_as_it_has_parts() {
    let list = |people: usize, odd: u8, at| {
        let entries = (0..people).map(|who| (who, if who == 77 { odd } else { 0 }));
        Call::List(entries.collect(), at).change()
    };
    let mut store = Store::new();
    store.make(&list(10_000, 0, 1));
    // The same again: nothing. The same, later: the head. One of them changed: its part.
    let costs = [(list(10_000, 0, 1), 0), (list(10_000, 0, 2), 1), (list(10_000, 1, 3), 2)];
    for (change, writes) in costs {
        assert_eq!(store.make(&change).1, Cost { reads: 15, writes });
    }
    // Where it shrinks, parts become fewer, and at last none.
    for (people, most) in [(5000, 14), (3000, 10), (1000, 3), (400, 0)] {
        store.make(&list(people, 1, 4));
        assert!(store.parts.len() <= most, "{people}: {}", store.parts.len());
    }
    assert_eq!(store.head().rows(), 400);
}

#[test]
fn fifty_thousand_people_keep_their_order() {
    let call = |whos: &mut dyn Iterator<Item = usize>, at| {
        Call::Edits(whos.map(|who| (who, How::Put(0), at)).collect())
    };
    // All at once, and then five hundred of them: each part once.
    let (mut store, mut model) = (Store::new(), Model::default());
    let all = call(&mut (0..50_000), 1);
    model.make(&all);
    assert_eq!(store.make(&all.change()).1, Cost { reads: 1, writes: 67 });
    let some = call(&mut (0..50_500).step_by(101), 2);
    model.make(&some);
    let (_, cost) = store.make(&some.change());
    assert!(cost.reads <= 67 && cost.writes <= 67, "{cost:?}");
    store.assert_knows(&model);

    // Five hundred new ones by five hundred, until parts split: still each part once.
    for (first, at) in (50_000..60_000).step_by(1000).zip(3..) {
        let some = call(&mut (first..first + 1000), at);
        let (changed, cost) = store.make(&some.change());
        assert_eq!(changed.outcomes, model.make(&some));
        assert!(cost.reads <= 1 + 98 && cost.writes <= 1 + 98, "{cost:?}");
    }
    assert!(store.parts.len() <= 98 && store.parts.len() < MAX_PARTS);
    assert!(store.parts.values().all(|part| part.len() <= PART_ROWS * 24));
    store.assert_knows(&model);
}
