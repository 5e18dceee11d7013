//! The index parts of a list that is too long for its head.

use super::*;
use crate::kit_list::index::Index;
use crate::kit_list::part::Reference;

#[test]
fn a_missing_or_damaged_part_is_an_error() {
    let (mut head, mut parts) = (Head::default(), Parts::new());
    make(&mut head, &mut parts, &list(0..3000, "a", 1));
    let edit = KitListChange::Edits(vec![put(0, "b", 2)]);
    let name = *head.needs(&edit).first().unwrap();
    let apply = |parts: &Parts| head.apply(&edit, parts, names(parts)).unwrap_err();
    assert_eq!(apply(&Parts::new()), KitListError::Missing(name));

    let whole = parts.get(&name).unwrap().clone();
    let (short, odd) = (&whole[24..], &whole[1..]);
    let mut shuffled = whole.clone();
    shuffled.rotate_left(24);
    let other = parts.values().find(|other| **other != whole).unwrap();
    for broken in [short, odd, &shuffled, other, &[]] {
        let broken = Parts::from([(name, broken.to_vec())]);
        assert_eq!(apply(&broken), KitListError::Unreadable);
    }
}

#[test]
fn a_part_name_that_is_already_used_is_rejected() {
    let (mut head, mut parts) = (Head::default(), Parts::new());
    let one = || PartName::new([0; 16]);
    let many = list(0..3000, "a", 1);
    let twice = head.apply(&many, &parts, one);
    assert_eq!(twice.unwrap_err(), KitListError::NamedTwice(one()));
    make(&mut head, &mut parts, &many);
    let taken = *head.parts().first().unwrap();
    let again = head.apply(&list(0..3000, "b", 2), &parts, || taken);
    assert_eq!(again.unwrap_err(), KitListError::NamedTwice(taken));
}

#[test]
fn a_list_with_too_many_rows_is_rejected() {
    let (mut head, mut parts) = (Head::default(), Parts::new());
    make(&mut head, &mut parts, &list(0..PART_ROWS, "a", 1));
    let Index::Parts(references) = &mut head.index else {
        panic!("{PART_ROWS} rows in a head");
    };
    let beyond = |number: usize| {
        let mut from = [0xff; 12];
        from[4..].copy_from_slice(&number.to_be_bytes());
        Reference::new(Identity::from_bytes(from), PartName::new([7; 16]), 1).unwrap()
    };
    references.extend((1..MAX_PARTS).map(beyond));
    let apply = |number, text| {
        let edit = KitListChange::Edits(vec![put(number, text, 2)]);
        head.apply(&edit, &parts, names(&parts))
    };
    assert!(apply(0, "b").is_ok());
    assert_eq!(apply(PART_ROWS, "a").unwrap_err(), KitListError::Full);
}

#[test]
fn rows_that_moved_to_another_part_do_not_reappear() {
    let (mut head, mut parts) = (Head::default(), Parts::new());
    let mut numbers: Vec<usize> = (0..PART_ROWS + 3).collect();
    numbers.sort_by_key(|number| identity(*number));
    // One full part. The rows that split it belong to the upper half, then to the lower half.
    for splitting in [PART_ROWS - 1, 1] {
        let mut full = numbers.clone();
        let added = full.drain(splitting..splitting + 3).collect::<Vec<_>>();
        make(&mut head, &mut parts, &list(full, "a", 1));
        assert_eq!(head.parts().len(), 1);
        let before = head.parts();
        let edits = added.into_iter().map(|number| put(number, "a", 2)).collect();
        let split = make(&mut head, &mut parts, &KitListChange::Edits(edits));
        assert_eq!((split.parts.len(), head.parts().len()), (1, 2));
        assert!(split.unreferenced.is_empty() && before.is_subset(&head.parts()));

        // The new half becomes unused. The range of the old part grows over its old rows.
        let (lower, upper) = numbers.split_at(head_rows(&head)[0]);
        let stays = if splitting == 1 { upper } else { lower };
        let shrunk = list(stays.iter().copied(), "a", 3);
        make(&mut head, &mut parts, &shrunk);
        assert_eq!((head.rows(), head.parts().len()), (stays.len(), 1));
        let repeat = make(&mut head, &mut parts, &shrunk);
        assert!(repeat.head.is_none());
        (head, parts) = (Head::default(), Parts::new());
    }
}

fn head_rows(head: &Head) -> Vec<usize> {
    match &head.index {
        Index::Rows(rows) => vec![rows.len()],
        Index::Parts(references) => references.iter().map(Reference::rows).collect(),
    }
}
