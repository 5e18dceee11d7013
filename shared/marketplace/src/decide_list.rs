//! Step 5 for the kit's long lists: what becomes of the head, which parts stand before it, and
//! which parts hold what the product is told.

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use crate::decide::Outcome;
use crate::directory::{self, Changed, Fault, PartName};
use crate::entity::{Directory, Kept};
use crate::instance::Remark;
use crate::notice::Notice;
use crate::outbox::Reader;
use crate::page::{ChangeList, Told};
use crate::time::UnixMillis;

/// What a call makes of a list.
#[derive(Clone, Debug)]
pub struct ListVerdict {
    /// What is to be written over the head that was read; `None` where nothing changes.
    pub write: Option<Kept>,
    /// What is to be put over absence before it: index parts, and the content of notices.
    pub parts: BTreeMap<PartName, Vec<u8>>,
    /// What became of the call, in the log's word.
    pub outcome: Outcome,
    /// What the log should say beside it.
    pub remark: Option<Remark>,
}

/// Why a list cannot be changed. Ours, not the caller's.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Unlistable {
    /// The index is not whole.
    #[error("list unusable: {0}")]
    Index(#[from] Fault),
    /// More parts wait for the product than an entity may have outstanding.
    #[error("list has too many undelivered parts")]
    Backlog,
    /// One record is longer than a part.
    #[error("list has a record longer than a part")]
    LongRecord,
}

/// How many records a part of a notice holds at most (decision E1a).
pub const MAX_RECORDS: usize = 500;
/// How long a part of a notice is at most, in bytes.
pub const MAX_PART_LEN: usize = 128 * 1024;
/// How many parts may wait for the product.
pub const MAX_OUTSTANDING: usize = 1_024;

/// Decides a call on the list that stands, with the index parts that it needs.
///
/// # Errors
/// As [`Unlistable`] says; nothing may then be written.
pub fn decide_list<P: ChangeList>(
    page: &P,
    request: &P::Request,
    current: Option<Kept>,
    read: &BTreeMap<PartName, Vec<u8>>,
    mut fresh: impl FnMut() -> PartName,
    reader: Reader,
    now: UnixMillis,
) -> Result<ListVerdict, Unlistable> {
    let Directory { head, mut loose } = directory(current.as_ref());
    let changed = head.apply(&page.change(request, now), read, &mut fresh)?;
    let has_effect = changed.has_effect();
    let remark = remark(&changed);
    let Changed { head: Some(head), mut parts, unreferenced, outcomes, .. } = changed else {
        let outcome = Outcome::NoEffect;
        return Ok(ListVerdict { write: None, parts: BTreeMap::new(), outcome, remark });
    };
    loose.extend(unreferenced);
    let mut outbox = current.map(|kept| kept.outbox).unwrap_or_default();
    if has_effect {
        let Told { notice, records } = page.tell(request, &outcomes);
        let told = told_parts(&records, &mut fresh)?;
        let names: Vec<Value> = told.iter().map(|(name, _)| name.to_string().into()).collect();
        let notice = if names.is_empty() { notice } else { notice.with("parts", names) };
        parts.extend(told);
        let dropped = outbox.append(vec![notice], reader, now);
        loose.extend(dropped.iter().flat_map(Notice::parts));
    }
    if outbox.waiting.iter().flat_map(Notice::parts).count() > MAX_OUTSTANDING {
        return Err(Unlistable::Backlog);
    }
    let mut kept = Kept::new(Directory { head, loose }.into());
    kept.outbox = outbox;
    Ok(ListVerdict { write: Some(kept), parts, outcome: Outcome::Applied, remark })
}

/// The directory that is kept, or an empty one.
pub fn directory(current: Option<&Kept>) -> Directory {
    current.and_then(|kept| kept.entity.clone().try_into().ok()).unwrap_or_default()
}

fn remark(changed: &Changed) -> Option<Remark> {
    let all = |outcome| changed.outcomes.iter().all(|standing| *standing == outcome);
    if changed.outcomes.is_empty() {
        Some(Remark::EmptyList)
    } else if changed.has_effect() {
        None
    } else if all(directory::Outcome::Stale) {
        Some(Remark::OlderThanKnown)
    } else {
        Some(Remark::NothingToDo)
    }
}

/// Cuts records into parts that fit every store, each a JSON array, in the list's order.
fn told_parts(
    records: &[Value],
    mut fresh: impl FnMut() -> PartName,
) -> Result<Vec<(PartName, Vec<u8>)>, Unlistable> {
    let mut parts = Vec::new();
    let mut part: Vec<String> = Vec::new();
    let mut len = 0;
    for record in records {
        let text = record.to_string();
        if text.len() + 2 > MAX_PART_LEN {
            return Err(Unlistable::LongRecord);
        }
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
    Ok(parts)
}

fn array(records: &[String]) -> Vec<u8> {
    format!("[{}]", records.join(",")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(records: &[Value]) -> Vec<Vec<u8>> {
        let mut number = 0_u8;
        let fresh = || {
            number += 1;
            PartName::new([number; 16])
        };
        told_parts(records, fresh).unwrap().into_iter().map(|(_, bytes)| bytes).collect()
    }

    #[test]
    fn parts_hold_so_many_records_and_no_more() {
        assert_eq!(cut(&[]).len(), 0);
        let short = vec![Value::from("a"); 1_001];
        let parts = cut(&short);
        let counts: Vec<usize> = parts
            .iter()
            .map(|part| serde_json::from_slice::<Vec<Value>>(part).unwrap().len())
            .collect();
        assert_eq!(counts, [500, 500, 1]);
        let long = vec![Value::from("a".repeat(50_000)); 5];
        assert!(cut(&long).iter().all(|part| part.len() <= MAX_PART_LEN));
        assert_eq!(cut(&long).len(), 3);
        let endless = vec![Value::from("a".repeat(MAX_PART_LEN))];
        let refused = told_parts(&endless, || PartName::new([0; 16]));
        assert_eq!(refused, Err(Unlistable::LongRecord));
    }
}
