//! Batches of records. The relay sends records of many instances in one request (decision J3).
//!
//! `plan`: which batch is sent next. `answer`: what an answer of the marketplace does to a batch.

mod answer;
mod plan;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use protocol::usage::MAX_RECORDS;

pub use self::plan::{BatchPlan, PlanEnd, StopCause, UnprovenFault};
use super::settle::SendOutcome;
use super::take::OutgoingRecord;

/// Records that are sent in one request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Batch {
    /// The records, at most [`MAX_RECORDS`].
    pub records: Vec<OutgoingRecord>,
    /// A later batch with these records may have at most so many records.
    bound: Option<u16>,
    /// The code of the last answer to a batch with these records in this run.
    code: Option<String>,
}

/// A record, and the outcome of its sending.
pub type RecordOutcome = (OutgoingRecord, SendOutcome);

impl Batch {
    /// Puts records into batches of at most `limit` records. Records that may be in larger batches
    /// come first, and refused ones last. Records with different bounds are not mixed: a suspected
    /// record would delay the others. Otherwise the order stays: the windows of one instance are in few
    /// batches, and so few answers change the instance's value.
    fn of(mut records: Vec<OutgoingRecord>, limit: usize) -> Vec<Self> {
        let class = |record: &OutgoingRecord| {
            (record.refused_since.is_some(), Reverse(record.at_most.unwrap_or(u16::MAX)))
        };
        records.sort_by_key(class);
        let classes = records.chunk_by(|one, next| class(one) == class(next));
        classes.flat_map(|records| Self::of_class(records, limit)).collect()
    }

    fn of_class(records: &[OutgoingRecord], limit: usize) -> impl Iterator<Item = Self> {
        let bound = records.first().and_then(|record| record.at_most);
        let most = limit.min(bound.map_or(MAX_RECORDS, usize::from)).clamp(1, MAX_RECORDS);
        let batches = records.chunks(most);
        batches.map(move |records| Self { records: records.to_vec(), bound, code: None })
    }

    /// The batch in batches of at most `most` records.
    fn in_parts(self, most: usize) -> impl DoubleEndedIterator<Item = Self> {
        let Self { records, bound, code } = self;
        let parts: Vec<_> = records.chunks(most.max(1)).map(<[_]>::to_vec).collect();
        parts.into_iter().map(move |records| Self { records, bound, code: code.clone() })
    }

    /// The same batch. Its records may not be in larger batches any more.
    fn bounded(self) -> Self {
        Self { bound: u16::try_from(self.records.len()).ok(), ..self }
    }

    /// Every record waits.
    fn again(self, code: &str, at_most: Option<u16>) -> Vec<RecordOutcome> {
        let outcome = SendOutcome::Again { code: code.to_owned(), at_most };
        self.records.into_iter().map(|record| (record, outcome.clone())).collect()
    }
}
