//! Step 5 for the kit's long lists. It decides how the head changes and which parts must be written
//! before the head. Some of these parts contain the items of the notice.

use std::collections::{BTreeMap, BTreeSet};

use protocol::time::UnixMillis;
use serde_json::Value;
use thiserror::Error;

use crate::decision::ListNotice;
use crate::history::{CallOutcome, Event, EventCall, KitIds};
use crate::instance::effective;
use crate::kit_list::{
    Changed, EntryOutcome, Head, KitList, KitListChange, KitListError, PartName,
};
use crate::notice::{Notice, NoticeDraft};
use crate::outbox::Reader;
use crate::page::ChangeList;
use crate::record::EntityRecord;
use crate::remark::Remark;

/// The decision of a call on a list, made on one head. It can be put onto any value with that head:
/// another writer may have settled notices in between (decision C2).
#[derive(Clone, Debug)]
pub struct ListDecision {
    /// The head on which it was decided.
    base: Head,
    /// The value of [`KitList::fences`] at that time. If it has changed, the relay may have deleted
    /// the parts of this decision.
    fences: u64,
    /// The head to write; `None` if nothing changes.
    head: Option<Head>,
    /// Parts of the old head to which the new head does not refer.
    unreferenced: BTreeSet<PartName>,
    /// The notice to the product.
    notice: Option<NoticeDraft>,
    /// The call, for the list's history.
    event: Event,
    /// The list's IDs.
    ids: Option<KitIds>,
    /// The parts to put over absence before the head: index parts and the items of notices.
    pub parts: BTreeMap<PartName, Vec<u8>>,
    /// The outcome, for the log.
    pub outcome: CallOutcome,
    /// Further remarks for the log.
    pub remarks: Vec<Remark>,
}

/// Why a list cannot be changed. The fault is koohook's, not the caller's.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ListError {
    /// The index is not complete, or it is full.
    #[error("list not usable: {0}")]
    Index(#[from] KitListError),
    /// More parts wait for the product than one value can name.
    #[error("too many list parts wait for the product; check why it does not accept notices")]
    Backlog,
}

/// The most list items that a part of a notice contains (decision E1a).
pub const MAX_RECORDS: usize = 500;
/// The longest part of a notice, in bytes.
pub const MAX_PART_LEN: usize = 128 * 1024;
/// The longest list item, in bytes: a part also needs its brackets and a comma.
const MAX_RECORD_LEN: usize = MAX_PART_LEN - 3;
/// The most parts that may wait for the product (decision E1a). This number of names fits one value
/// together with the longest head. This is true even if each part has a separate notice with the
/// longest identifiers of plain letters. A test reaches the number, and the product's page names
/// it.
pub const MAX_WAITING_PARTS: usize = 256;

/// A call on a list, at the effective time of the call.
pub struct ListCall<'r> {
    request: &'r dyn ChangeList,
    /// The call, for the list's history.
    call: EventCall,
    at: UnixMillis,
    /// A remark if the signed time is unusual.
    ahead: Option<Remark>,
    change: KitListChange,
}

impl<'r> ListCall<'r> {
    /// A call that arrives now.
    pub fn new(request: &'r dyn ChangeList, call: EventCall, now: UnixMillis) -> Self {
        let (at, ahead) = effective(request.at(), None, now);
        Self { request, call, at, ahead, change: request.change(at) }
    }

    /// The index parts that must be read before the call can be decided on a list.
    pub fn needs(&self, current: &KitList) -> BTreeSet<PartName> {
        current.head.needs(&self.change)
    }

    /// Decides the call on the list that exists now. `read` are the index parts that it needs;
    /// `fresh` makes names for new parts.
    ///
    /// # Errors
    /// See [`ListError`]. The caller must then write nothing.
    pub fn decide(
        &self,
        current: &KitList,
        read: &BTreeMap<PartName, Vec<u8>>,
        mut fresh: impl FnMut() -> PartName,
    ) -> Result<ListDecision, ListError> {
        let changed = current.head.apply(&self.change, read, &mut fresh)?;
        let remarks = remark(&changed).into_iter().chain(self.ahead).collect();
        let has_effect = changed.has_effect();
        let Changed { head, mut parts, unreferenced, outcomes, .. } = changed;
        let mut notice = None;
        if head.is_some() && has_effect {
            let (draft, items) = self.notice(&outcomes, fresh);
            notice = Some(draft);
            parts.extend(items);
        }
        let outcome = if notice.is_some() { CallOutcome::Applied } else { CallOutcome::NoEffect };
        let (base, fences) = (current.head.clone(), current.fences);
        let event = self.call.event(self.at, outcome);
        let ids = KitIds::of(&self.request.subject());
        Ok(ListDecision {
            base,
            fences,
            head,
            unreferenced,
            notice,
            event,
            ids,
            parts,
            outcome,
            remarks,
        })
    }

    /// The notice, and the parts that contain its list items.
    fn notice(
        &self,
        outcomes: &[EntryOutcome],
        fresh: impl FnMut() -> PartName,
    ) -> (NoticeDraft, Vec<(PartName, Vec<u8>)>) {
        let ListNotice { notice: draft, records } = self.request.notice(self.at, outcomes);
        let parts = item_parts(records, self.request.identity(), fresh);
        let names: Vec<Value> = parts.iter().map(|(name, _)| name.to_string().into()).collect();
        (if names.is_empty() { draft } else { draft.with("parts", names) }, parts)
    }
}

impl ListDecision {
    /// Whether the record still has the head of this decision, and the parts of this decision still
    /// exist.
    pub fn fits(&self, current: Option<&EntityRecord>) -> bool {
        let KitList { head, fences, .. } = kit_list(current);
        self.base == head && self.fences == fences
    }

    /// The record to write over `current`; `None` if nothing changes. The decision must
    /// [fit](Self::fits) `current`.
    ///
    /// # Errors
    /// See [`ListError`]. The caller must then write nothing, not even a part.
    pub fn onto(
        &self,
        current: Option<EntityRecord>,
        reader: Reader,
        now: UnixMillis,
    ) -> Result<Option<EntityRecord>, ListError> {
        let Some(head) = self.head.clone() else { return Ok(None) };
        let KitList { mut unused, fences, .. } = kit_list(current.as_ref());
        unused.extend(&self.unreferenced);
        let mut record = current.unwrap_or_else(|| EntityRecord::new(KitList::default().into()));
        let notices = self.notice.iter().cloned().collect();
        let dropped = record.outbox.append(notices, reader, now);
        unused.extend(dropped.iter().flat_map(Notice::parts));
        if record.outbox.waiting.iter().flat_map(Notice::parts).count() > MAX_WAITING_PARTS {
            return Err(ListError::Backlog);
        }
        record.entity = KitList { head, unused, fences }.into();
        record.ids = self.ids.clone().or(record.ids);
        record.add_event(self.event.clone());
        Ok(Some(record))
    }
}

/// The list in the record; an empty list if there is none.
pub fn kit_list(current: Option<&EntityRecord>) -> KitList {
    current.and_then(|record| record.entity.clone().try_into().ok()).unwrap_or_default()
}

fn remark(changed: &Changed) -> Option<Remark> {
    let all = |outcome| changed.outcomes.iter().all(|found| *found == outcome);
    if changed.outcomes.is_empty() {
        Some(Remark::EmptyList)
    } else if changed.has_effect() {
        None
    } else if all(EntryOutcome::Stale) {
        Some(Remark::OlderThanKnown)
    } else {
        Some(Remark::NothingToDo)
    }
}

/// Splits list items into parts that fit every store, in the list's order. Each part is a JSON
/// array. An item that is longer than a part loses members until it fits.
fn item_parts(
    records: Vec<Value>,
    identity: &str,
    mut fresh: impl FnMut() -> PartName,
) -> Vec<(PartName, Vec<u8>)> {
    let mut parts = Vec::new();
    let mut part: Vec<String> = Vec::new();
    let mut len = 0;
    for record in records {
        let text = cut_record(record, identity);
        if part.len() == MAX_RECORDS || len + text.len() + 2 > MAX_PART_LEN {
            parts.push((fresh(), array(&part)));
            part.clear();
            len = 0;
        }
        len += text.len() + 1;
        part.push(text);
    }
    if !part.is_empty() {
        parts.push((fresh(), array(&part)));
    }
    parts
}

/// The text of a list item, short enough for one part. It first removes `extension`, then the
/// longest member, and never the identity. It marks the item with `truncated` (decision E1a).
fn cut_record(record: Value, identity: &str) -> String {
    let text = record.to_string();
    let Value::Object(mut members) = record else { return text };
    if text.len() <= MAX_RECORD_LEN {
        return text;
    }
    members.insert("truncated".to_owned(), true.into());
    members.remove("extension");
    while Value::from(members.clone()).to_string().len() > MAX_RECORD_LEN {
        let spare = members.iter().filter(|(name, _)| ![identity, "truncated"].contains(&&***name));
        let longest = spare.max_by_key(|(_, value)| value.to_string().len());
        let Some(name) = longest.map(|(name, _)| name.clone()) else { break };
        members.remove(&name);
    }
    Value::from(members).to_string()
}

fn array(records: &[String]) -> Vec<u8> {
    format!("[{}]", records.join(",")).into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cut(records: &[Value]) -> Vec<Vec<u8>> {
        let mut number = 0_u8;
        let fresh = || {
            number += 1;
            PartName::new([number; 16])
        };
        let parts = item_parts(records.to_vec(), "userName", fresh);
        parts.into_iter().map(|(_, bytes)| bytes).collect()
    }

    fn read(part: &[u8]) -> Vec<Value> {
        serde_json::from_slice(part).unwrap()
    }

    #[test]
    fn a_part_has_at_most_500_records_and_128_kib() {
        assert_eq!(cut(&[]).len(), 0);
        let short = vec![Value::from("a"); 1_001];
        let counts: Vec<usize> = cut(&short).iter().map(|part| read(part).len()).collect();
        assert_eq!(counts, [500, 500, 1]);
        let long = vec![Value::from("a".repeat(50_000)); 5];
        assert!(cut(&long).iter().all(|part| part.len() <= MAX_PART_LEN));
        assert_eq!(cut(&long).len(), 3);
    }

    /// A record that just fits stays whole. A record that does not fit loses only the members that
    /// it must lose. The other records lose no member.
    #[test]
    fn a_record_longer_than_a_part_is_cut_and_the_others_are_kept() {
        let person = |name: &str, extension: usize, memo: usize| {
            json!({
                "userName": name,
                "extension": { "note": "x".repeat(extension) },
                "memo": "y".repeat(memo),
            })
        };
        let frame = person("a", 0, 0).to_string().len();
        let fits = person("a", MAX_RECORD_LEN - frame, 0);
        assert_eq!(cut(std::slice::from_ref(&fits)), [format!("[{fits}]").into_bytes()]);
        let records = [
            person("first", 1, 1),
            person("b", MAX_RECORD_LEN - frame + 1, 0),
            person("c", 1, MAX_PART_LEN),
            person("last", 1, 1),
        ];
        let written: Vec<Value> = cut(&records).iter().flat_map(|part| read(part)).collect();
        let expected = [
            records[0].clone(),
            json!({ "userName": "b", "memo": "", "truncated": true }),
            json!({ "userName": "c", "truncated": true }),
            records[3].clone(),
        ];
        assert_eq!(written, expected);
        assert!(cut(&records).iter().all(|part| part.len() <= MAX_PART_LEN));
    }
}
