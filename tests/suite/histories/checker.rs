//! Tests of the checker on histories with known verdicts.

use tests::chance::Chance;
use tests::linearizability::{Operation, Timed, is_linearizable};

use super::Act;

/// A first-in-first-out queue.
#[derive(Clone, Copy)]
enum Queued {
    Enq(char),
    Deq(char),
}

impl Operation for Queued {
    type State = Vec<char>;

    fn step(&self, state: &Vec<char>) -> Option<Vec<char>> {
        match *self {
            Self::Enq(item) => Some([&state[..], &[item]].concat()),
            Self::Deq(item) => state.strip_prefix(&[item]).map(<[char]>::to_vec),
        }
    }
}

/// A register with unconditional writes.
#[derive(Clone, Copy)]
enum Plain {
    Read(u64),
    Write(u64),
}

impl Operation for Plain {
    type State = u64;

    fn step(&self, state: &u64) -> Option<u64> {
        match *self {
            Self::Read(found) => (found == *state).then_some(found),
            Self::Write(new) => Some(new),
        }
    }
}

fn history<O: Copy>(operations: &[(O, u64, u64)]) -> Vec<Timed<O>> {
    let timed = |(operation, called, returned): &(O, u64, u64)| Timed {
        operation: *operation,
        called: *called,
        returned: Some(*returned).filter(|returned| *returned != NEVER),
    };
    operations.iter().map(timed).collect()
}

/// The return time of an operation with an unknown outcome.
const NEVER: u64 = u64::MAX;

/// The four histories that Herlihy and Wing use to define linearizability ("Linearizability", 1990,
/// section 1.2), with their verdicts.
#[test]
fn the_checker_agrees_with_herlihy_and_wing() {
    use Queued::{Deq, Enq};
    let histories: [(&[_], bool); 4] = [
        (
            &[
                (Enq('x'), 1, 3),
                (Enq('y'), 2, 4),
                (Deq('x'), 5, 7),
                (Deq('y'), 6, 8),
                (Enq('z'), 9, NEVER),
            ],
            true,
        ),
        (&[(Enq('x'), 1, 2), (Enq('y'), 3, 5), (Deq('y'), 4, 6)], false),
        (&[(Enq('x'), 1, NEVER), (Deq('x'), 2, 3)], true),
        (&[(Enq('x'), 1, 3), (Enq('y'), 2, 4), (Deq('y'), 5, 7), (Deq('y'), 6, 8)], false),
    ];
    for (operations, verdict) in histories {
        assert_eq!(is_linearizable(&history(operations)), verdict);
    }
}

/// Lamport ("On interprocess communication", 1986): during a write, readers of a regular register
/// may see the new value and then the old one. Readers of an atomic register may not.
#[test]
fn the_checker_rejects_an_old_value_after_a_new_one() {
    use Plain::{Read, Write};
    let written = (Write(1), 1, 9);
    for (first, second, verdict) in [(0, 0, true), (0, 1, true), (1, 1, true), (1, 0, false)] {
        let reads = [written, (Read(first), 2, 3), (Read(second), 4, 5)];
        assert_eq!(is_linearizable(&history(&reads)), verdict, "{first} {second}");
        // The same if the writer never gets its reply.
        let reads = [(Write(1), 1, NEVER), reads[1], reads[2]];
        assert_eq!(is_linearizable(&history(&reads)), verdict, "{first} {second}");
    }
    // After the write has returned, the old value is wrong in any case.
    assert!(!is_linearizable(&history(&[(Write(1), 1, 2), (Read(0), 3, 4)])));
}

#[test]
fn the_checker_finds_writes_that_ignore_the_version() {
    use Act::{Found, Lost, Unknown, Won};
    let won = |over, new| Won { over, new };
    let first = (won(None, 1), 1, 2);
    let histories: [(&[_], bool); 8] = [
        (&[first, (won(Some(1), 2), 3, 5), (won(Some(1), 3), 4, 6)], false),
        (&[first, (Lost { over: None, found: Some(1) }, 3, 4), (Found(Some(1)), 5, 6)], true),
        (&[first, (Lost { over: None, found: None }, 3, 4)], false),
        (&[first, (Lost { over: Some(1), found: Some(1) }, 3, 4)], false),
        (&[first, (Unknown { over: Some(1), new: 2 }, 3, NEVER), (Found(Some(1)), 4, 5)], true),
        (
            &[
                first,
                (Unknown { over: Some(1), new: 2 }, 3, NEVER),
                (Found(Some(1)), 4, 5),
                (Found(Some(2)), 6, 7),
            ],
            true,
        ),
        (
            &[
                first,
                (Unknown { over: Some(1), new: 2 }, 3, NEVER),
                (Found(Some(2)), 4, 5),
                (Found(Some(1)), 6, 7),
            ],
            false,
        ),
        // The unknown write is too late, because another write won the version.
        (
            &[
                first,
                (Unknown { over: Some(1), new: 2 }, 3, NEVER),
                (won(Some(1), 3), 4, 5),
                (Found(Some(2)), 6, 7),
            ],
            false,
        ),
    ];
    for (operations, verdict) in histories {
        assert_eq!(is_linearizable(&history(operations)), verdict, "{operations:?}");
    }
}

/// The definition: tries every sequence.
fn has_explaining_sequence(left: &[Timed<Act>], state: Option<u64>) -> bool {
    if left.iter().all(|timed| timed.returned.is_none()) {
        return true;
    }
    (0..left.len()).any(|place| {
        let mut rest = left.to_vec();
        let next = rest.remove(place);
        let is_first = rest.iter().all(|other| other.returned.is_none_or(|at| at > next.called));
        let after = next.operation.step(&state).filter(|_| is_first);
        after.is_some_and(|after| has_explaining_sequence(&rest, after))
    })
}

#[test]
fn the_checker_and_the_definition_agree_on_small_histories() {
    let mut chance = Chance(1);
    let mut verdicts = [0, 0];
    for _ in 0..20_000 {
        let many = 2 + chance.below(5);
        let history: Vec<_> = (0..many).map(|_| drawn_act(&mut chance)).collect();
        let verdict = has_explaining_sequence(&history, None);
        assert_eq!(is_linearizable(&history), verdict, "{history:?}");
        verdicts[usize::from(verdict)] += 1;
    }
    assert!(verdicts.iter().all(|many| *many > 1_000), "{verdicts:?}");
}

fn drawn_act(chance: &mut Chance) -> Timed<Act> {
    let [over, found] = [(); 2].map(|()| chance.below(4).checked_sub(1));
    let new = chance.below(3);
    let operation = match chance.below(6) {
        0 | 1 => Act::Found(found),
        2 | 3 => Act::Won { over, new },
        4 => Act::Lost { over, found },
        _ => Act::Unknown { over, new },
    };
    let called = 2 * chance.below(12);
    let is_known = !matches!(operation, Act::Unknown { .. });
    let returned = is_known.then(|| called + 1 + 2 * chance.below(6));
    Timed { operation, called, returned }
}
