//! Applies a change to a list. The result is a new head and new parts.

use std::collections::BTreeMap;

use super::change::{Edit, KitListChange, List};
use super::draft::IndexDraft;
use super::error::KitListError;
use super::head::Head;
use super::outcome::{Changed, EntryOutcome, weigh};
use super::part::PartName;
use super::row::IndexRow;

impl Head {
    /// Applies a change. `read` contains the parts that the change [needs](Self::needs). `fresh`
    /// makes random names for new parts; a name must never be used twice.
    ///
    /// # Errors
    /// See [`KitListError`]. The caller must then write nothing.
    pub fn apply(
        &self,
        change: &KitListChange,
        read: &BTreeMap<PartName, Vec<u8>>,
        fresh: impl FnMut() -> PartName,
    ) -> Result<Changed, KitListError> {
        let mut draft = IndexDraft::open(&self.index, &self.needs(change), read)?;
        let mut changed = Changed::nothing(Vec::new());
        let mut listed_at = self.listed_at;
        match change {
            KitListChange::Edits(edits) => changed.outcomes = self.edit(&mut draft, edits)?,
            KitListChange::List(list) if list.rows.is_empty() => return Ok(changed),
            KitListChange::List(list) if self.is_too_old(list.at) => {
                return Ok(Changed::nothing(vec![EntryOutcome::Stale; list.rows.len()]));
            }
            KitListChange::List(list) => {
                self.replace(&mut draft, list, &mut changed);
                listed_at = Some(list.at);
            }
        }
        let (index, parts) = draft.close(fresh)?;
        let head = Self { listed_at, index };
        changed.unreferenced = self.parts().difference(&head.parts()).copied().collect();
        changed.parts = parts;
        changed.head = Some(head).filter(|head| head != self);
        Ok(changed)
    }

    fn edit(
        &self,
        draft: &mut IndexDraft,
        edits: &[Edit],
    ) -> Result<Vec<EntryOutcome>, KitListError> {
        let edit = |Edit { row }: &Edit| {
            if self.is_too_old(row.at) {
                return Ok(EntryOutcome::Stale);
            }
            let rows = draft.rows_around(row.identity).ok_or(KitListError::Unreadable)?;
            let outcome = weigh(rows.get(&row.identity), self.listed_at, row);
            if matches!(outcome, EntryOutcome::Applied | EntryOutcome::Confirmed) {
                rows.insert(row.identity, *row);
            }
            Ok(outcome)
        };
        edits.iter().map(edit).collect()
    }

    /// If a list only confirms a row, the row stays unchanged, because the time of the list counts
    /// for it. So a list with few changes writes few parts again.
    fn replace(&self, draft: &mut IndexDraft, list: &List, changed: &mut Changed) {
        let mut before = draft.take_rows();
        let mut after = BTreeMap::new();
        for row in &list.rows {
            let (known, floor) = match after.get(&row.identity).copied() {
                Some(listed) => (Some(listed), Some(list.at)),
                None => (before.remove(&row.identity), self.listed_at),
            };
            let outcome = weigh(known.as_ref(), floor, row);
            let stays = known.filter(|_| outcome != EntryOutcome::Applied);
            after.insert(row.identity, stays.unwrap_or(*row));
            changed.outcomes.push(outcome);
        }
        let (newer, older): (Vec<IndexRow>, Vec<IndexRow>) =
            before.into_values().partition(|row| row.at > list.at);
        let present = |rows: &[IndexRow]| rows.iter().filter(|row| row.state.is_present()).count();
        changed.removed = present(&older);
        changed.spared = present(&newer);
        after.extend(newer.into_iter().map(|row| (row.identity, row)));
        draft.put_rows(after);
    }
}
