//! Compares a list with a plain map: after any changes in any order, and after writes that were
//! interrupted at any point.

mod costs;
mod model;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use domain::kit_list::{
    Changed, Edit, EntryOutcome, Head, Identity, KitListChange, KitListError, PartName,
};
use protocol::time::UnixMillis;

use self::model::{Call, Dice, How, Model};

/// Limits on the stored values in this test. The limit on the list's head is low, because it
/// shares its value with the notices. A part is a separate value.
const MAX_HEAD_LEN: usize = 24 * 1024;
const MAX_PART_LEN: usize = 24 * 1024;

/// All people in these tests.
static PEOPLE: LazyLock<Vec<Identity>> = LazyLock::new(|| {
    let identity = |number: usize| Identity::new(&["I1", "T1", &number.to_string()]);
    (0..60_000).map(identity).collect()
});

/// A store of one head and its parts. It counts operations, and a write can be interrupted.
#[derive(Clone, Default)]
struct Store {
    head: String,
    parts: BTreeMap<PartName, Vec<u8>>,
    names: u128,
}

/// The reads and writes of a change.
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

    fn decide(&mut self, change: &KitListChange) -> (Changed, usize) {
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
        let unreferenced: BTreeSet<PartName> =
            head.parts().difference(&after.parts()).copied().collect();
        let added: BTreeSet<PartName> = after.parts().difference(&head.parts()).copied().collect();
        assert_eq!(changed.unreferenced, unreferenced);
        assert!(changed.parts.keys().eq(&added));
        (changed, 1 + needs.len())
    }

    /// Writes a decision, but makes at most `at_most` writes. Returns whether all writes were made.
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

    /// Makes a complete change: reads, decides, writes and deletes.
    fn make(&mut self, change: &KitListChange) -> (Changed, Cost) {
        let (changed, reads) = self.decide(change);
        assert!(self.write(&changed, usize::MAX));
        self.parts.retain(|name, _| !changed.unreferenced.contains(name));
        let writes = changed.parts.len() + usize::from(changed.head.is_some());
        (changed, Cost { reads, writes })
    }

    /// Checks that the list equals the model: if the model's rows are sent again, every one is a
    /// repeat.
    fn assert_equals(&mut self, model: &Model) {
        assert_eq!(self.head().rows(), model.rows.len());
        assert_eq!(self.head().listed_at().map(UnixMillis::millis), model.listed_at);
        let edits: Vec<Edit> = model.rows.iter().map(|(who, row)| row.edit(*who)).collect();
        let (repeated, _) = self.decide(&KitListChange::Edits(edits));
        assert!(repeated.outcomes.iter().all(|known| *known == EntryOutcome::Repeated));
        assert!(repeated.head.is_none() && repeated.parts.is_empty());
    }
}

#[test]
fn a_list_with_any_history_equals_a_plain_map() {
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
            // Every part that is referred to exists, and no other part is stored.
            assert!(store.head().parts().iter().eq(store.parts.keys()));
            split += usize::from(store.parts.len() > 1);
            inlined += usize::from(store.parts.is_empty());
            if step % 10 == 9 {
                store.assert_equals(&model);
            }
        }
    }
    assert!(split > 60 && inlined > 60, "{split} {inlined}");
}

#[test]
fn an_interrupted_write_keeps_the_old_state() {
    let mut interrupted = 0;
    for seed in 100..105 {
        let mut dice = Dice(seed);
        let (mut store, mut model) = (Store::new(), Model::default());
        let mut orphans = BTreeSet::new();
        for step in 0..12 {
            let call = dice.call(2500, 100 + 2 * step);
            // The write is interrupted before its first part, between two parts, or before the
            // head.
            let parts = store.decide(&call.change()).0.parts.len();
            for made in BTreeSet::from([0, dice.roll(parts + 1), parts]) {
                let (lost, _) = store.decide(&call.change());
                assert!(!store.write(&lost, made));
                orphans.extend(lost.parts.keys().take(made).copied());
                interrupted += 1;
            }
            store.assert_equals(&model);
            // The marketplace calls again, and the interrupted write has no effect.
            let expected = model.make(&call);
            let (changed, _) = store.make(&call.change());
            assert_eq!(changed.outcomes, expected, "seed {seed} step {step}");
            store.assert_equals(&model);
            let mut known = store.head().parts();
            known.extend(&orphans);
            assert!(known.iter().eq(store.parts.keys()));

            // The answer is lost, and the marketplace calls again. This has an effect only if one
            // call has two entries for a person.
            let expected = model.make(&call);
            let (repeated, _) = store.make(&call.change());
            assert_eq!(repeated.outcomes, expected, "seed {seed} step {step}");
            assert_eq!(repeated.has_effect(), expected.contains(&EntryOutcome::Applied));
        }
    }
    assert!(interrupted > 90, "{interrupted}");
}

#[test]
fn the_loser_of_two_concurrent_writers_decides_again() {
    let (mut store, mut model) = (Store::new(), Model::default());
    let all = Call::List((0..3000).map(|who| (who, 0)).collect(), 1);
    model.make(&all);
    store.make(&all.change());

    let call = Call::Edits(vec![(7, How::Put(1), 3)]);
    let before = store.head();
    let (lost, _) = store.decide(&call.change());
    // Another list is written in between. Then the part of the loser is unused.
    let other = Call::List((0..3000).map(|who| (who, 2)).collect(), 2);
    model.make(&other);
    store.make(&other.change());
    assert!(!store.write(&lost, 1));
    store.assert_equals(&model);

    // A reader of the old head does not find its parts, so it must read the head again.
    let needs = *before.needs(&call.change()).first().unwrap();
    let missing = before.apply(&call.change(), &store.parts, || PartName::new([9; 16]));
    assert_eq!(missing.unwrap_err(), KitListError::Missing(needs));

    assert_eq!(store.make(&call.change()).0.outcomes, model.make(&call));
    store.assert_equals(&model);
}
