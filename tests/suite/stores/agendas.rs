//! The guarantees of every store about agendas.

use protocol::time::UnixMillis;
use shell::store::{Put, Queue, Store, Value};

use super::{agenda, agenda_within, put, value};

/// Puts values on an agenda: key, queue, due.
fn schedule<S: Store>(store: &S, entries: &[(&str, Queue, u64)]) {
    for ((key, queue, due), number) in entries.iter().zip(1..) {
        let agenda = Some((*queue, UnixMillis::new(*due)));
        put(store, key, &Value { agenda, ..value(number) }, None);
    }
}

pub(super) fn an_agenda_is_sorted_and_respects_its_limit<S: Store>(store: &S) {
    let due = Queue::Due;
    schedule(
        store,
        &[("d", due, 30), ("a", due, 20), ("c", due, 10), ("b", due, 20), ("e", due, 31)],
    );
    put(store, "f", &value(9), None);
    let all = [("c", 10), ("a", 20), ("b", 20), ("d", 30), ("e", 31)];
    let all = all.map(|(key, at)| (key.to_owned(), at));
    assert_eq!(agenda(store, due, 30, 10), all[..4], "the entry at the limit is included");
    assert_eq!(agenda(store, due, 9, 10), []);
    for limit in 0..=5 {
        assert_eq!(agenda(store, due, 31, limit), all[..limit]);
    }
    assert_eq!(agenda(store, due, 31, usize::MAX), all);
}

/// Many keys with few times. A store that keeps the agenda in several shards must merge them.
pub(super) fn an_agenda_of_many_keys_is_one_sorted_list<S: Store>(store: &S) {
    let mut all: Vec<(String, u64)> =
        (0..64_u64).map(|number| (format!("key-{}", number * 37 % 64), number % 5)).collect();
    let entries: Vec<_> = all.iter().map(|(key, due)| (key.as_str(), Queue::Due, *due)).collect();
    schedule(store, &entries);
    all.sort_by(|(a, due_a), (b, due_b)| (due_a, a).cmp(&(due_b, b)));
    assert_eq!(agenda(store, Queue::Due, 9, 100), all);
    assert_eq!(agenda(store, Queue::Due, 9, 30), all[..30]);
    let until: Vec<_> = all.iter().filter(|(_, due)| *due <= 2).cloned().collect();
    assert_eq!(agenda(store, Queue::Due, 2, 100), until);
}

pub(super) fn an_agenda_of_a_span_contains_both_its_ends<S: Store>(store: &S) {
    let queue = Queue::Sweep;
    // The empty key comes before all other keys with the same time.
    let all = [("d", 10), ("b", 20), ("c", 20), ("", 21), ("a", 21), ("e", 30)];
    schedule(store, &all.map(|(key, at)| (key, queue, at)));
    let all = all.map(|(key, at)| (key.to_owned(), at));
    for from in [0, 9, 10, 11, 19, 20, 21, 22, 30, 31, u64::MAX] {
        for until in [0, 9, 10, 11, 19, 20, 21, 22, 30, 31, u64::MAX] {
            let span = from..=until;
            let within: Vec<_> = all.iter().filter(|(_, at)| span.contains(at)).cloned().collect();
            for limit in [0, 1, 2, 9] {
                let expected = &within[..within.len().min(limit)];
                let found = agenda_within(store, queue, span.clone(), limit);
                assert_eq!(found, expected, "{from} to {until}, {limit} at most");
            }
        }
    }
}

pub(super) fn an_entry_is_only_on_the_agenda_of_its_queue<S: Store>(store: &S) {
    let entries = [
        ("a", Queue::Due, 1),
        ("b", Queue::Dead, 1),
        ("c", Queue::Sweep, 1),
        ("e", Queue::Usage, 1),
    ];
    schedule(store, &entries);
    for (key, queue, _) in entries {
        assert_eq!(agenda(store, queue, 9, 9), [(key.to_owned(), 1)]);
    }
    // The value moves from each queue to each queue, also to its own.
    let tour = [0, 1, 2, 3, 3, 0, 0, 2, 2, 1, 1, 3, 2, 0, 3, 1, 0];
    put(store, "d", &value(10), None);
    for (place, number) in tour.into_iter().zip(11..) {
        let agenda_entry = Some((Queue::ALL[place], UnixMillis::new(u64::from(number))));
        let moved = Value { agenda: agenda_entry, ..value(number) };
        assert_eq!(put(store, "d", &moved, Some(number - 1)), Put::Won);
        let on = Queue::ALL.map(|queue| agenda_within(store, queue, 2..=99, 9));
        let mut expected = [const { Vec::new() }; Queue::ALL.len()];
        expected[place].push(("d".to_owned(), u64::from(number)));
        assert_eq!(on, expected);
    }
}

pub(super) fn a_new_value_removes_the_agenda_entry_of_the_old_one<S: Store>(store: &S) {
    schedule(store, &[("a", Queue::Due, 1), ("b", Queue::Due, 2), ("c", Queue::Due, 3)]);
    let moved = |queue, at| Some((queue, UnixMillis::new(at)));
    assert_eq!(put(store, "a", &value(11), Some(1)), Put::Won);
    let b = Value { agenda: moved(Queue::Due, 8), ..value(12) };
    assert_eq!(put(store, "b", &b, Some(2)), Put::Won);
    let c = Value { agenda: moved(Queue::Dead, 3), ..value(13) };
    assert_eq!(put(store, "c", &c, Some(3)), Put::Won);
    assert_eq!(agenda(store, Queue::Due, 9, 9), [("b".to_owned(), 8)]);
    assert_eq!(agenda(store, Queue::Dead, 9, 9), [("c".to_owned(), 3)]);
    let lost = Value { agenda: moved(Queue::Due, 1), ..value(14) };
    assert!(matches!(put(store, "a", &lost, Some(1)), Put::Lost(_)));
    assert_eq!(agenda(store, Queue::Due, 1, 9), [], "a lost write adds no entry");
}
