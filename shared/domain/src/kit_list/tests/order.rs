//! Which change counts, by its time and by the known state.

use super::*;
use crate::kit_list::outcome::weigh;
use crate::kit_list::row::IndexRow;

#[test]
fn an_arriving_row_is_compared_with_the_known_row_and_the_newest_list() {
    use EntryOutcome::{Applied, Confirmed, Repeated, Stale};
    let state = |letter| match letter {
        'a' | 'b' => RowState::Present(content(&String::from(letter))),
        'd' => RowState::Deleted,
        _ => RowState::Revoked,
    };
    let row = |(letter, millis)| IndexRow::new(identity(1), time(millis), state(letter));
    // The known row, the time of the newest list, the arriving row.
    let table = [
        (None, None, ('a', 5), Applied),
        (None, None, ('d', 5), Applied),
        (None, Some(4), ('a', 5), Applied),
        (None, Some(5), ('a', 5), Applied),
        (None, Some(6), ('a', 5), Stale),
        (Some(('a', 4)), None, ('b', 5), Applied),
        (Some(('a', 5)), None, ('b', 5), Applied),
        (Some(('a', 6)), None, ('b', 5), Stale),
        (Some(('a', 4)), None, ('a', 5), Confirmed),
        (Some(('a', 5)), None, ('a', 5), Repeated),
        (Some(('a', 6)), None, ('a', 5), Stale),
        (Some(('a', 4)), Some(5), ('a', 5), Repeated),
        (Some(('a', 4)), Some(5), ('b', 5), Applied),
        (Some(('a', 4)), Some(6), ('b', 5), Stale),
        (Some(('a', 6)), Some(4), ('b', 5), Stale),
        (Some(('d', 6)), None, ('a', 5), Stale),
        (Some(('d', 4)), None, ('a', 5), Applied),
        (Some(('d', 4)), None, ('d', 5), Confirmed),
        (Some(('r', 4)), None, ('d', 5), Applied),
    ];
    for (known, floor, arriving, expected) in table {
        let outcome = weigh(known.map(row).as_ref(), floor.map(time), &row(arriving));
        assert_eq!(outcome, expected, "{known:?} {floor:?} {arriving:?}");
    }
}

#[test]
fn a_time_that_is_too_late_for_a_row_is_still_recognised() {
    let (mut head, mut parts) = (Head::default(), Parts::new());
    make(&mut head, &mut parts, &list([1], "a", u64::MAX));
    let again = make(&mut head, &mut parts, &list([1], "a", u64::MAX));
    assert_eq!(again.outcomes, [EntryOutcome::Repeated]);
}

#[test]
fn the_last_of_two_entries_with_the_same_subject_counts() {
    for text in ["a", "b"] {
        let second = if text == "a" { EntryOutcome::Repeated } else { EntryOutcome::Applied };
        let edits = KitListChange::Edits(vec![put(1, "a", 5), put(1, text, 5)]);
        let entries = [(identity(1), content("a")), (identity(1), content(text))];
        for change in [edits, KitListChange::List(List::new(entries, time(5)))] {
            let (mut head, mut parts) = (Head::default(), Parts::new());
            let changed = make(&mut head, &mut parts, &change);
            assert_eq!(changed.outcomes, [EntryOutcome::Applied, second]);
            let again = KitListChange::Edits(vec![put(1, text, 5)]);
            let again = make(&mut head, &mut parts, &again);
            assert_eq!(again.outcomes, [EntryOutcome::Repeated]);
            assert_eq!((again.head, head.rows()), (None, 1));
        }
    }
}

#[test]
fn a_list_replaces_rows_that_are_not_newer() {
    let (mut head, mut parts) = (Head::default(), Parts::new());
    let edits = vec![
        put(1, "a", 4),
        put(2, "a", 5),
        put(3, "a", 6),
        Edit::delete(identity(4), time(4)),
        Edit::delete(identity(5), time(6)),
        Edit::delete(identity(6), time(6)),
        put(7, "b", 6),
    ];
    make(&mut head, &mut parts, &KitListChange::Edits(edits));
    let changed = make(&mut head, &mut parts, &list([4, 5, 7, 8], "a", 5));
    use EntryOutcome::{Applied, Stale};
    assert_eq!(changed.outcomes, [Applied, Stale, Stale, Applied]);
    // 1 and 2 are removed; 3 and the newer tombstones of 5 and 6 stay.
    assert_eq!((changed.removed, changed.spared), (2, 1));
    assert_eq!((head.rows(), head.listed_at()), (6, Some(time(5))));

    let older = make(&mut head, &mut parts, &list([1, 2], "a", 4));
    assert_eq!((older.head, older.outcomes), (None, vec![Stale, Stale]));
    let older = KitListChange::Edits(vec![put(1, "a", 4), Edit::delete(identity(4), time(4))]);
    assert!(head.needs(&older).is_empty());
    let older = make(&mut head, &mut parts, &older);
    assert_eq!((older.head, older.outcomes), (None, vec![Stale, Stale]));
}

#[test]
fn an_empty_list_changes_nothing() {
    let (mut head, mut parts) = (Head::default(), Parts::new());
    make(&mut head, &mut parts, &list(0..3000, "a", 1));
    let empty = list([], "a", 2);
    assert!(head.needs(&empty).is_empty());
    let changed = make(&mut head, &mut parts, &empty);
    assert_eq!((changed.has_effect(), changed.head), (false, None));
    assert_eq!((head.rows(), head.listed_at()), (3000, Some(time(1))));
}

#[test]
fn a_repeated_list_writes_only_the_head() {
    let (mut head, mut parts) = (Head::default(), Parts::new());
    make(&mut head, &mut parts, &list(0..3000, "a", 1));
    let same = make(&mut head, &mut parts, &list(0..3000, "a", 2));
    assert!(!same.has_effect() && same.parts.is_empty() && same.unreferenced.is_empty());
    assert_eq!(head.listed_at(), Some(time(2)));
    let repeat = make(&mut head, &mut parts, &list(0..3000, "a", 2));
    assert!(repeat.head.is_none());
    assert_eq!(repeat.outcomes, [EntryOutcome::Repeated; 3000]);
    // Rows that the list confirmed have the time of the list.
    let edits = KitListChange::Edits(vec![put(0, "b", 1), put(1, "a", 2)]);
    let edits = make(&mut head, &mut parts, &edits);
    assert_eq!(edits.outcomes, [EntryOutcome::Stale, EntryOutcome::Repeated]);
}
