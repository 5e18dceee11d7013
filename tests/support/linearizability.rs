//! Whether a history of concurrent operations is linearizable: whether each can be given one
//! moment between its call and its return so that, in the order of those moments, every answer is
//! the right one (Herlihy and Wing, "Linearizability: a correctness condition for concurrent
//! objects"). The search is Wing and Gong's with Lowe's memory of where it has been in vain.
//!
//! An operation whose outcome nobody knows may take effect at any moment after its call, or never.

use std::collections::HashSet;
use std::hash::Hash;

/// What an operation does to one object.
pub trait Operation {
    /// The object's states.
    type State: Clone + Default + Eq + Hash;

    /// The state after the operation with its outcome, or nothing where a state does not allow
    /// that outcome.
    fn step(&self, state: &Self::State) -> Option<Self::State>;
}

/// An operation and its time.
#[derive(Clone, Debug)]
pub struct Timed<O> {
    /// What was done, and what came of it.
    pub operation: O,
    /// When it was called.
    pub called: u64,
    /// When it returned, if it did.
    pub returned: Option<u64>,
}

/// A search under way.
struct Search<'a, O: Operation> {
    history: Vec<&'a Timed<O>>,
    /// Which operations have had their moment.
    done: Vec<bool>,
    in_vain: HashSet<(Vec<bool>, O::State)>,
}

/// Whether a history of one object, which begins in its default state, is linearizable.
pub fn is_linearizable<O: Operation>(history: &[Timed<O>]) -> bool {
    let mut history: Vec<_> = history.iter().collect();
    history.sort_by_key(|timed| timed.called);
    let done = vec![false; history.len()];
    let mut search = Search { history, done, in_vain: HashSet::new() };
    search.goes_on_from(O::State::default())
}

impl<O: Operation> Search<'_, O> {
    /// Whether the operations that are left can all have their moments from a state on.
    fn goes_on_from(&mut self, state: O::State) -> bool {
        // What fits and changes nothing may have its moment at once: whatever can come after it
        // can come after it now, and more can.
        let mut looked = Vec::new();
        while let Some(place) = self.looking(&state) {
            self.set(place, true);
            looked.push(place);
        }
        let goes_on = self.is_over() || self.branches(&state);
        if !goes_on {
            looked.into_iter().for_each(|place| self.set(place, false));
        }
        goes_on
    }

    /// Whether one of the operations that change something can be the next.
    fn branches(&mut self, state: &O::State) -> bool {
        if !self.in_vain.insert((self.done.clone(), state.clone())) {
            return false;
        }
        for place in self.possible() {
            let after = self.history.get(place).and_then(|timed| timed.operation.step(state));
            let Some(after) = after.filter(|after| after != state) else { continue };
            self.set(place, true);
            if self.goes_on_from(after) {
                return true;
            }
            self.set(place, false);
        }
        false
    }

    /// An operation that can be the next and leaves the state as it is. One that never returned
    /// may still change another.
    fn looking(&self, state: &O::State) -> Option<usize> {
        let looks = |place: &usize| {
            let timed = self.history.get(*place).filter(|timed| timed.returned.is_some());
            timed.and_then(|timed| timed.operation.step(state)).as_ref() == Some(state)
        };
        self.possible().into_iter().find(looks)
    }

    /// The operations that nothing which is left must come before.
    fn possible(&self) -> Vec<usize> {
        let first = self.left().filter_map(|(_, timed)| timed.returned).min().unwrap_or(u64::MAX);
        self.left().filter(|(_, timed)| timed.called < first).map(|(place, _)| place).collect()
    }

    /// Whether all that returned have had their moment; the others need none.
    fn is_over(&self) -> bool {
        self.left().all(|(_, timed)| timed.returned.is_none())
    }

    fn left(&self) -> impl Iterator<Item = (usize, &Timed<O>)> {
        let all = self.history.iter().zip(&self.done).enumerate();
        all.filter(|(_, (_, done))| !**done).map(|(place, (timed, _))| (place, *timed))
    }

    fn set(&mut self, place: usize, done: bool) {
        if let Some(standing) = self.done.get_mut(place) {
            *standing = done;
        }
    }
}
