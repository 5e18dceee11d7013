//! The reads and writes of changes of a list.

use domain::kit_list::{INLINE_ROWS, MAX_PARTS, PART_ROWS};

use super::model::{Call, How, Model};
use super::{Cost, PEOPLE, Store};

#[test]
fn one_change_to_ten_thousand_departments_costs_two_reads_and_two_writes() {
    let (mut store, mut model) = (Store::new(), Model::default());
    let all = Call::List((0..10_000).map(|who| (who, 0)).collect(), 1);
    model.make(&all);
    let (_, cost) = store.make(&all.change());
    let parts = store.parts.len();
    assert_eq!((parts, cost), (14, Cost { reads: 1, writes: 15 }));

    // Adds people whose identities are adjacent, until parts split.
    let mut near: Vec<usize> = (10_000..60_000).collect();
    near.sort_by_key(|who| PEOPLE[*who]);
    near.truncate(400);
    let edits = near.into_iter().map(|who| (who, How::Put(1)));
    let deleted = (0..10).map(|who| (who, How::Deleted));
    for (at, (who, how)) in (2..).zip(edits.chain(deleted)) {
        let call = Call::Edits(vec![(who, how, at)]);
        model.make(&call);
        assert_eq!(store.make(&call.change()).1, Cost { reads: 2, writes: 2 });
    }
    let repeat = store.make(&Call::Edits(vec![(9, How::Deleted, 411)]).change());
    assert_eq!(repeat.1, Cost { reads: 2, writes: 0 });
    let older = store.make(&Call::Edits(vec![(9, How::Put(2), 0)]).change());
    assert_eq!(older.1, Cost { reads: 1, writes: 0 });
    assert!(store.parts.len() > parts);
    store.assert_equals(&model);
}

#[test]
fn a_directory_that_grows_by_single_changes_stays_cheap() {
    let mut store = Store::new();
    store.make(&Call::List((0..500).map(|who| (who, 0)).collect(), 0).change());
    // The rows move from the head to one part, and that part splits into two.
    for who in 500..1100 {
        let (_, cost) = store.make(&Call::Edits(vec![(who, How::Put(0), 1)]).change());
        assert!(cost.reads <= 2 && cost.writes <= 2, "{who}: {cost:?}");
        let parts = usize::from(who >= INLINE_ROWS) + usize::from(who >= PART_ROWS);
        assert_eq!(store.parts.len(), parts);
    }
}

#[test]
fn a_full_list_reads_every_part_and_writes_the_changed_ones() {
    let list = |people: usize, odd: u8, at| {
        let entries = (0..people).map(|who| (who, if who == 77 { odd } else { 0 }));
        Call::List(entries.collect(), at).change()
    };
    let mut store = Store::new();
    store.make(&list(10_000, 0, 1));
    // The same list writes nothing. The same list with a later time writes the head. One changed
    // entry also writes its part.
    let costs = [(list(10_000, 0, 1), 0), (list(10_000, 0, 2), 1), (list(10_000, 1, 3), 2)];
    for (change, writes) in costs {
        assert_eq!(store.make(&change).1, Cost { reads: 15, writes });
    }
    // If the list shrinks, it has fewer parts, and finally none.
    for (people, most) in [(5000, 14), (3000, 10), (1000, 3), (400, 0)] {
        store.make(&list(people, 1, 4));
        assert!(store.parts.len() <= most, "{people}: {}", store.parts.len());
    }
    assert_eq!(store.head().rows(), 400);
}

#[test]
fn a_change_of_fifty_thousand_people_writes_each_part_once() {
    let call = |people: &mut dyn Iterator<Item = usize>, at| {
        Call::Edits(people.map(|who| (who, How::Put(0), at)).collect())
    };
    // All people in one call, and then five hundred of them: each part is written once.
    let (mut store, mut model) = (Store::new(), Model::default());
    let all = call(&mut (0..50_000), 1);
    model.make(&all);
    assert_eq!(store.make(&all.change()).1, Cost { reads: 1, writes: 67 });
    let some = call(&mut (0..50_500).step_by(101), 2);
    model.make(&some);
    let (_, cost) = store.make(&some.change());
    assert!(cost.reads <= 67 && cost.writes <= 67, "{cost:?}");
    store.assert_equals(&model);

    // New people, a thousand per call, until parts split: each part is still written once.
    for (first, at) in (50_000..60_000).step_by(1000).zip(3..) {
        let some = call(&mut (first..first + 1000), at);
        let (changed, cost) = store.make(&some.change());
        assert_eq!(changed.outcomes, model.make(&some));
        assert!(cost.reads <= 1 + 98 && cost.writes <= 1 + 98, "{cost:?}");
    }
    assert!(store.parts.len() <= 98 && store.parts.len() < MAX_PARTS);
    assert!(store.parts.values().all(|part| part.len() <= PART_ROWS * 24));
    store.assert_equals(&model);
}
