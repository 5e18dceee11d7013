//! A list while it is changed. The spans that a change needs are read into rows, and written as
//! parts afterwards.

use std::collections::{BTreeMap, BTreeSet};

use super::error::KitListError;
use super::index::{INLINE_ROWS, Index, MAX_PARTS, PART_ROWS};
use super::part::{PartName, Reference};
use super::row::{self, Identity, IndexRow};

pub(super) struct IndexDraft {
    spans: Vec<Span>,
    /// The rows of the parts that were read, including rows outside their spans.
    read: BTreeMap<PartName, Vec<IndexRow>>,
}

/// The rows from one identity up to the first identity of the next span.
enum Span {
    Closed(Reference),
    Open(Open),
}

struct Open {
    from: Identity,
    /// The parts from which its rows were read.
    parts: Vec<PartName>,
    rows: BTreeMap<Identity, IndexRow>,
}

/// From an identity up to the first identity of the next span, if there is one.
type Range = (Identity, Option<Identity>);

/// The index and the new parts of a changed list.
type Closed = (Index, BTreeMap<PartName, Vec<u8>>);

/// The rows of a part if a span is split into several parts: three quarters of the limit. So the
/// single changes after a list do not split it again immediately.
const FILLED_ROWS: usize = PART_ROWS / 4 * 3;

/// Two neighbouring spans are merged if they have at most this many rows together. The limit is
/// half a part. So a merged span, or half of a split part, can change a lot before the next merge
/// or split.
const MERGED_ROWS: usize = PART_ROWS / 2;

impl IndexDraft {
    /// Opens the parts that the change needs. Rows in the head are always open.
    pub fn open(
        index: &Index,
        touched: &BTreeSet<PartName>,
        read: &BTreeMap<PartName, Vec<u8>>,
    ) -> Result<Self, KitListError> {
        let mut draft = Self { spans: Vec::new(), read: BTreeMap::new() };
        for name in touched {
            let bytes = read.get(name).ok_or(KitListError::Missing(*name))?;
            let rows = row::from_bytes(bytes).ok_or(KitListError::Unreadable)?;
            draft.read.insert(*name, rows);
        }
        match index {
            Index::Rows(rows) => draft.spans.push(Span::Open(Open {
                from: Identity::LOWEST,
                parts: Vec::new(),
                rows: rows.iter().map(|row| (row.identity, *row)).collect(),
            })),
            Index::Parts(references) => {
                let untils = references.iter().skip(1).map(|next| Some(next.from));
                for (to, until) in references.iter().zip(untils.chain([None])) {
                    let span = draft.span(to, until)?;
                    draft.spans.push(span);
                }
            }
        }
        Ok(draft)
    }

    fn span(&self, to: &Reference, until: Option<Identity>) -> Result<Span, KitListError> {
        let Some(part) = self.read.get(&to.part) else {
            return Ok(Span::Closed(*to));
        };
        let rows: BTreeMap<Identity, IndexRow> =
            within(part, (to.from, until)).iter().map(|row| (row.identity, *row)).collect();
        if rows.len() != to.rows() {
            return Err(KitListError::Unreadable);
        }
        Ok(Span::Open(Open { from: to.from, parts: vec![to.part], rows }))
    }

    /// The rows of the span of an identity; `None` if the span is closed.
    pub fn rows_around(&mut self, identity: Identity) -> Option<&mut BTreeMap<Identity, IndexRow>> {
        let after = self.spans.partition_point(|span| span.from() <= identity);
        match self.spans.get_mut(after.checked_sub(1)?)? {
            Span::Open(open) => Some(&mut open.rows),
            Span::Closed(_) => None,
        }
    }

    /// Removes and returns all rows of open spans.
    pub fn take_rows(&mut self) -> BTreeMap<Identity, IndexRow> {
        let mut rows = BTreeMap::new();
        for span in &mut self.spans {
            if let Span::Open(open) = span {
                rows.append(&mut open.rows);
            }
        }
        rows
    }

    /// Puts rows into their spans and merges small neighbouring spans. All spans must be open.
    pub fn put_rows(&mut self, rows: BTreeMap<Identity, IndexRow>) {
        for (identity, row) in rows {
            if let Some(around) = self.rows_around(identity) {
                around.insert(identity, row);
            }
        }
        let mut merged: Vec<Span> = Vec::with_capacity(self.spans.len());
        for span in std::mem::take(&mut self.spans) {
            match (merged.last_mut(), span) {
                (Some(Span::Open(last)), Span::Open(open)) if last.can_merge(&open) => {
                    last.parts.extend(open.parts);
                    last.rows.extend(open.rows);
                }
                (_, span) => merged.push(span),
            }
        }
        self.spans = merged;
    }

    /// Makes the index and the new parts. Few rows go into the head. If there are more rows, rows
    /// that did not change stay in their part.
    pub fn close(self, mut fresh: impl FnMut() -> PartName) -> Result<Closed, KitListError> {
        if let Some(rows) = self.few_rows() {
            return Ok((Index::Rows(rows), BTreeMap::new()));
        }
        let mut taken: BTreeSet<PartName> = self.spans.iter().flat_map(Span::parts).collect();
        let mut references = Vec::new();
        let mut written = BTreeMap::new();
        let untils = self.spans.iter().skip(1).map(|next| Some(next.from()));
        for (span, until) in self.spans.iter().zip(untils.chain([None])) {
            let open = match span {
                Span::Open(open) => open,
                Span::Closed(to) => {
                    references.push(*to);
                    continue;
                }
            };
            let rows: Vec<IndexRow> = open.rows.values().copied().collect();
            for (range, rows) in portions((open.from, until), &rows) {
                let kept = self.part_with(&open.parts, range, rows);
                let part = kept.unwrap_or_else(&mut fresh);
                if kept.is_none() {
                    if !taken.insert(part) {
                        return Err(KitListError::NamedTwice(part));
                    }
                    written.insert(part, row::to_bytes(rows));
                }
                references.push(
                    Reference::new(range.0, part, rows.len()).ok_or(KitListError::Unreadable)?,
                );
            }
        }
        if references.len() > MAX_PARTS {
            return Err(KitListError::Full);
        }
        Ok((Index::Parts(references), written))
    }

    /// All rows, if all spans are open and the rows fit into a head.
    fn few_rows(&self) -> Option<Vec<IndexRow>> {
        let mut rows = Vec::new();
        for span in &self.spans {
            match span {
                Span::Open(open) if rows.len() + open.rows.len() <= INLINE_ROWS => {
                    rows.extend(open.rows.values().copied());
                }
                Span::Open(_) | Span::Closed(_) => return None,
            }
        }
        Some(rows)
    }

    /// The part that already contains exactly these rows in this range.
    fn part_with(&self, parts: &[PartName], range: Range, rows: &[IndexRow]) -> Option<PartName> {
        let holds = |name: &&PartName| {
            let part = self.read.get(*name);
            part.is_some_and(|part| within(part, range) == rows)
        };
        parts.iter().find(holds).copied()
    }
}

impl Span {
    const fn from(&self) -> Identity {
        match self {
            Self::Closed(to) => to.from,
            Self::Open(open) => open.from,
        }
    }

    fn parts(&self) -> Vec<PartName> {
        match self {
            Self::Closed(to) => vec![to.part],
            Self::Open(open) => open.parts.clone(),
        }
    }
}

impl Open {
    fn can_merge(&self, next: &Self) -> bool {
        let rows = self.rows.len() + next.rows.len();
        rows <= MERGED_ROWS || self.rows.is_empty() || next.rows.is_empty()
    }
}

/// Splits the rows of a span into portions that fit a part. Each portion has its range.
fn portions((mut from, until): Range, rows: &[IndexRow]) -> Vec<(Range, &[IndexRow])> {
    let count = if rows.len() > PART_ROWS { rows.len().div_ceil(FILLED_ROWS) } else { 1 };
    let portions: Vec<&[IndexRow]> = rows.chunks(rows.len().div_ceil(count).max(1)).collect();
    let ends = portions.iter().skip(1).map(|next| next.first().map(|row| row.identity));
    let range = |end: Option<Identity>| {
        let range = (from, end.or(until));
        from = end.unwrap_or(from);
        range
    };
    let ranges: Vec<Range> = ends.chain([None]).map(range).collect();
    ranges.into_iter().zip(portions).collect()
}

fn within(rows: &[IndexRow], (from, until): Range) -> &[IndexRow] {
    let place = |identity| rows.partition_point(|row| row.identity < identity);
    let range = place(from)..until.map_or(rows.len(), place);
    rows.get(range).unwrap_or_default()
}
