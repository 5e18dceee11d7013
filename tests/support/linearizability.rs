//! Checks whether a history of concurrent operations is linearizable. Each operation must get one
//! moment between its call and its return. In the order of those moments, every answer must be
//! right. See Herlihy and Wing, "Linearizability: a correctness condition for concurrent objects".
//! The search is Wing and Gong's, with Lowe's memory of failed states.
//!
//! An operation with an unknown outcome may take effect at any moment after its call, or never.

use std::collections::HashSet;
use std::hash::Hash;

/// An operation on one object.
pub trait Operation {
    /// The object's states.
    type State: Clone + Default + Eq + Hash;

    /// The state after the operation with its outcome, or `None` if the state does not allow that
    /// outcome.
    fn step(&self, state: &Self::State) -> Option<Self::State>;
}

/// An operation and its time.
#[derive(Clone, Debug)]
pub struct Timed<O> {
    /// The operation and its outcome.
    pub operation: O,
    /// When it was called.
    pub called: u64,
    /// When it returned, if it did.
    pub returned: Option<u64>,
}

/// A search under way.
struct Search<'a, O: Operation> {
    history: Vec<&'a Timed<O>>,
    /// Which operations already have a moment.
    done: Vec<bool>,
    failed: HashSet<(Vec<bool>, O::State)>,
}

/// Whether a history of one object, which begins in its default state, is linearizable.
pub fn is_linearizable<O: Operation>(history: &[Timed<O>]) -> bool {
    let mut history: Vec<_> = history.iter().collect();
    history.sort_by_key(|timed| timed.called);
    let done = vec![false; history.len()];
    let mut search = Search { history, done, failed: HashSet::new() };
    search.succeeds_from(O::State::default())
}

impl<O: Operation> Search<'_, O> {
    /// Whether all remaining operations can get a moment after a state.
    fn succeeds_from(&mut self, state: O::State) -> bool {
        // A matching operation that does not change the state gets its moment immediately. This
        // excludes no order: every operation that could follow later can also follow now.
        let mut reads = Vec::new();
        while let Some(place) = self.matching_read(&state) {
            self.set(place, true);
            reads.push(place);
        }
        let succeeds = self.is_over() || self.branches(&state);
        if !succeeds {
            reads.into_iter().for_each(|place| self.set(place, false));
        }
        succeeds
    }

    /// Whether an operation that changes the state can be the next.
    fn branches(&mut self, state: &O::State) -> bool {
        if !self.failed.insert((self.done.clone(), state.clone())) {
            return false;
        }
        for place in self.possible() {
            let after = self.history.get(place).and_then(|timed| timed.operation.step(state));
            let Some(after) = after.filter(|after| after != state) else { continue };
            self.set(place, true);
            if self.succeeds_from(after) {
                return true;
            }
            self.set(place, false);
        }
        false
    }

    /// An operation that can be the next and does not change the state. An operation that never
    /// returned does not count, because it may change a later state.
    fn matching_read(&self, state: &O::State) -> Option<usize> {
        let is_read = |place: &usize| {
            let timed = self.history.get(*place).filter(|timed| timed.returned.is_some());
            timed.and_then(|timed| timed.operation.step(state)).as_ref() == Some(state)
        };
        self.possible().into_iter().find(is_read)
    }

    /// The operations that can be the next: no remaining operation returned before their call.
    fn possible(&self) -> Vec<usize> {
        let first = self.left().filter_map(|(_, timed)| timed.returned).min().unwrap_or(u64::MAX);
        self.left().filter(|(_, timed)| timed.called < first).map(|(place, _)| place).collect()
    }

    /// Whether all operations that returned have a moment. The others need none.
    fn is_over(&self) -> bool {
        self.left().all(|(_, timed)| timed.returned.is_none())
    }

    fn left(&self) -> impl Iterator<Item = (usize, &Timed<O>)> {
        let all = self.history.iter().zip(&self.done).enumerate();
        all.filter(|(_, (_, done))| !**done).map(|(place, (timed, _))| (place, *timed))
    }

    fn set(&mut self, place: usize, done: bool) {
        if let Some(current) = self.done.get_mut(place) {
            *current = done;
        }
    }
}
