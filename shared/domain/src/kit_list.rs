//! Order and repeats for long lists: one 24-byte row per department or person (decision F3).
//!
//! A list is a [`Head`]. If the head becomes too long for its value, the list also has index parts.
//! The head is in the entity's record and is written over the version that was read. A part is a
//! byte string of sorted rows. It never changes, and its name is never used again. A change of a
//! list has four steps:
//!
//! 1. The shell reads the head, asks which parts a change [needs](Head::needs), and reads them.
//! 2. The head [applies](Head::apply) the change.
//! 3. The shell first writes all new parts over absence, then the new head.
//! 4. The relay deletes the parts that no head refers to any more.
//!
//! A reader sees the old list or the new list. If step 3 is interrupted, no head refers to the
//! parts that it wrote. If a part is missing and the head has changed, another writer was faster.
//! The change is then decided again on the new head. If a part of the newest head is missing, that
//! is a fault.
//!
//! The order of changes (decision D5): a change has no effect if it is older than the known state
//! of its subject. The time of the known state is the time of the subject's row or of the newest
//! full list. The newer of the two times counts. A full list also counts for the subjects that it
//! leaves out. If two times are equal, the later arrival counts, because some of the marketplace's
//! times count whole seconds. A list that is older than the newest list has no effect.

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

/// The stored form of a long list: enough to recognise the order and the repeats of changes. The
/// content of the rows is only in parts that are not delivered yet (decision F3).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct KitList {
    /// The rows, or references to the parts that contain them.
    pub head: Head,
    /// Unused parts: no head and no notice refers to them any more. The relay deletes them.
    #[serde(
        default,
        skip_serializing_if = "BTreeSet::is_empty",
        rename = "loose",
        with = "part_names"
    )]
    pub unused: BTreeSet<PartName>,
    /// How many times the relay deleted parts to which no head had ever referred. A writer that
    /// paused before it wrote its head finds another number here. It must then write its parts
    /// again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fences: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
