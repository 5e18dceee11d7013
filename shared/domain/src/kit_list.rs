//! Order and repeats for long lists: one 24-byte row per department or person (decision F3).
//!
//! A list is a [`Head`] and, if the head outgrows its value, index parts. The head is in the
//! entity's record and is written over its version. A part is a byte string of sorted rows that
//! never changes, under a name that was never used before. A change of a list takes four
//! steps:
//!
//! 1. The shell reads the head, asks which parts a change [needs](Head::needs), and reads those.
//! 2. The head [applies](Head::apply) the change.
//! 3. The shell writes all new parts over absence, and only then the new head.
//! 4. The relay deletes the parts that no head refers to any more.
//!
//! A reader sees the old list or the new one. If step 3 is interrupted, no head refers to the
//! parts that it wrote. If a part is missing and the head has changed meanwhile, the race is lost:
//! the change is decided again on the new head. If the head is the newest, a missing part is a
//! fault.
//!
//! What order means (decision D5): a change has no effect if it is older than what is known of its
//! subject. What is known has the time of the subject's row or of the newest full list, whichever
//! is newer: a list also speaks of the subjects that it leaves out. If two times are equal, the
//! later arrival counts, since the marketplace's older clock counts whole seconds. A list that is
//! older than the newest list has no effect.

mod apply;
mod change;
mod draft;
mod error;
mod head;
mod index;
mod outcome;
mod part;
mod part_names;
mod row;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use crate::kit_list::change::{Edit, KitListChange, List};
pub use crate::kit_list::error::KitListError;
pub use crate::kit_list::head::Head;
pub use crate::kit_list::index::{INLINE_ROWS, MAX_PARTS, PART_ROWS};
pub use crate::kit_list::outcome::{Changed, EntryOutcome};
pub use crate::kit_list::part::PartName;
pub use crate::kit_list::row::{Content, Identity, RowState};

/// What is kept of a long list: the order and the repeats of its rows. Their content is only in
/// parts that are not delivered yet (decision F3).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct KitList {
    /// The rows, or where they are.
    pub head: Head,
    /// Parts that nothing refers to any more. The relay deletes them.
    #[serde(
        default,
        skip_serializing_if = "BTreeSet::is_empty",
        rename = "loose",
        with = "part_names"
    )]
    pub unused: BTreeSet<PartName>,
    /// How often the relay deleted parts that nothing had referred to. A writer that paused before
    /// it referred to them finds another number here, and must write them anew.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fences: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
