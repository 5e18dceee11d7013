//! Step 5 for the kit's long lists: what becomes of the head, which parts stand before it, and
//! which parts hold what the product is told.

use std::collections::{BTreeMap, BTreeSet};

use protocol::time::UnixMillis;
use serde_json::Value;
use thiserror::Error;

use crate::decide::CallOutcome;
use crate::decision::ListNotice;
use crate::instance::effective;
use crate::kit_list::{
    Changed, EntryOutcome, Head, KitList, KitListChange, KitListError, PartName,
};
use crate::notice::{Notice, NoticeDraft};
use crate::outbox::Reader;
use crate::page::ChangeList;
use crate::record::EntityRecord;
use crate::remark::Remark;

/// What a call makes of a list, decided on one head. It may be put onto any value with that head:
/// another writer may have settled notices meanwhile (decision C2).
#[derive(Clone, Debug)]
pub struct ListDecision {
    /// The head that it was decided on.
    base: Head,
    /// How often the list had been fenced by then: since then its own parts may be gone.
    fences: u64,
    /// The head to write; `None` if nothing changes.
    head: Option<Head>,
    /// Parts of the old head that the new one does not refer to.
    unreferenced: BTreeSet<PartName>,
    /// What the product is to be told.
    notice: Option<NoticeDraft>,
    /// What is to be put over absence before the head: index parts, and the content of notices.
    pub parts: BTreeMap<PartName, Vec<u8>>,
    /// What became of the call, in the log's word.
    pub outcome: CallOutcome,
    /// What the log should say beside it.
    pub remarks: Vec<Remark>,
}

/// Why a list cannot be changed. Ours, not the caller's.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ListError {
    /// The index is not whole.
    #[error("list unusable: {0}")]
    Index(#[from] KitListError),
    /// More parts wait for the product than fit one value.
    #[error("list has too many undelivered parts")]
    Backlog,
}

/// How many records a part of a notice holds at most (decision E1a).
pub const MAX_RECORDS: usize = 500;
/// How long a part of a notice is at most, in bytes.
pub const MAX_PART_LEN: usize = 128 * 1024;
/// How long a record is at most: a part holds it, its brackets and a comma.
const MAX_RECORD_LEN: usize = MAX_PART_LEN - 3;
/// How many parts may wait for the product (decision E1a). So many fit one value, each in a notice
/// of its own and under the longest identifiers of plain letters, beside the longest head; a test
/// reaches the number. The product's page names it.
pub const MAX_WAITING_PARTS: usize = 256;

/// A call on a list, at the time that it counts as.
pub struct ListCall<'r> {
    request: &'r dyn ChangeList,
    at: UnixMillis,
    /// What is odd about its own time.
    ahead: Option<Remark>,
    change: KitListChange,
}

impl<'r> ListCall<'r> {
    /// A call that arrived now.
    pub fn new(request: &'r dyn ChangeList, now: UnixMillis) -> Self {
        let (at, ahead) = effective(request.at(), now);
        Self { request, at, ahead, change: request.change(at) }
    }

    /// The index parts that must be read to decide it on a list.
    pub fn needs(&self, current: &KitList) -> BTreeSet<PartName> {
        current.head.needs(&self.change)
    }

    /// Decides it on the list that exists, with the index parts that it needs.
    ///
    /// # Errors
    /// As [`ListError`] says; nothing may then be written.
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
            let (draft, told) = self.notice(&outcomes, fresh);
            notice = Some(draft);
            parts.extend(told);
        }
        let outcome = if head.is_some() { CallOutcome::Applied } else { CallOutcome::NoEffect };
        let (base, fences) = (current.head.clone(), current.fences);
        Ok(ListDecision { base, fences, head, unreferenced, notice, parts, outcome, remarks })
    }

    /// The notice, and the parts that hold its list items.
    fn notice(
        &self,
        outcomes: &[EntryOutcome],
        fresh: impl FnMut() -> PartName,
    ) -> (NoticeDraft, Vec<(PartName, Vec<u8>)>) {
        let ListNotice { notice: draft, records } = self.request.notice(self.at, outcomes);
        let told = told_parts(records, self.request.identity(), fresh);
        let names: Vec<Value> = told.iter().map(|(name, _)| name.to_string().into()).collect();
        (if names.is_empty() { draft } else { draft.with("parts", names) }, told)
    }
}

impl ListDecision {
    /// Whether it was decided on the head that exists here, and its own parts still exist.
    pub fn fits(&self, current: Option<&EntityRecord>) -> bool {
        let KitList { head, fences, .. } = kit_list(current);
        self.base == head && self.fences == fences
    }

    /// The value to write over `current`, which must be one that it [fits](Self::fits); `None` if
    /// nothing changes.
    ///
    /// # Errors
    /// As [`ListError`] says; nothing may then be written, no part either.
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
        Ok(Some(record))
    }
}

/// The list that is kept, or an empty one.
pub fn kit_list(current: Option<&EntityRecord>) -> KitList {
    current.and_then(|record| record.entity.clone().try_into().ok()).unwrap_or_default()
}

fn remark(changed: &Changed) -> Option<Remark> {
    let all = |outcome| changed.outcomes.iter().all(|standing| *standing == outcome);
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

/// Cuts records into parts that fit every store, each a JSON array, in the list's order. A record
/// that is longer than a part loses what it can lose.
fn told_parts(
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

/// A record's text, short enough for a part of its own: `extension` goes first, then the longest
/// member, never the one that says who it is; `truncated` says so (decision E1a).
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
        let parts = told_parts(records.to_vec(), "userName", fresh);
        parts.into_iter().map(|(_, bytes)| bytes).collect()
    }

    fn read(part: &[u8]) -> Vec<Value> {
        serde_json::from_slice(part).unwrap()
    }

    #[test]
    fn parts_hold_so_many_records_and_no_more() {
        assert_eq!(cut(&[]).len(), 0);
        let short = vec![Value::from("a"); 1_001];
        let counts: Vec<usize> = cut(&short).iter().map(|part| read(part).len()).collect();
        assert_eq!(counts, [500, 500, 1]);
        let long = vec![Value::from("a".repeat(50_000)); 5];
        assert!(cut(&long).iter().all(|part| part.len() <= MAX_PART_LEN));
        assert_eq!(cut(&long).len(), 3);
    }

    /// A record that just fits stays whole; one that does not loses no more than it must, and the
    /// records beside it nothing.
    #[test]
    fn a_record_longer_than_a_part_is_cut_and_refuses_no_other() {
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
        let told: Vec<Value> = cut(&records).iter().flat_map(|part| read(part)).collect();
        let expected = [
            records[0].clone(),
            json!({ "userName": "b", "memo": "", "truncated": true }),
            json!({ "userName": "c", "truncated": true }),
            records[3].clone(),
        ];
        assert_eq!(told, expected);
        assert!(cut(&records).iter().all(|part| part.len() <= MAX_PART_LEN));
    }
}
