//! Which batch is sent next.

use std::collections::VecDeque;

use protocol::usage::MAX_RECORDS;

use super::{Batch, RecordOutcome};
use crate::usage::settle::SendOutcome;
use crate::usage::take::OutgoingRecord;

/// The records of a run that are not settled yet, and what the run has learned.
///
/// If a batch is rejected because of a record, its halves are sent, until the record at fault is
/// alone. Such a record is settled at the end of the run: it is rejected only if the marketplace
/// received another batch.
#[derive(Clone, Debug)]
pub struct BatchPlan {
    /// Batches that were not sent in this run.
    pub(super) fresh: VecDeque<Batch>,
    /// Parts of batches that were rejected. The last one is sent next, so that a record at fault is
    /// found early.
    pub(super) parts: Vec<Batch>,
    /// Records at fault that were sent alone, with the code.
    pub(super) alone: Vec<AtFault>,
    /// The most records of a batch.
    pub(super) limit: usize,
    requests_left: usize,
    /// Whether the marketplace received a batch within the last hour, under this key and host.
    pub(super) has_received: bool,
    /// Whether it received a batch in this run.
    pub(super) received_now: bool,
    /// How many batches it rejected in this run because of a record.
    pub(super) rejected: usize,
    /// How many answers of this run called a signature wrong.
    pub(super) wrong_signatures: usize,
    /// The code of the last batch that was rejected because of a record.
    pub(super) rejected_code: Option<String>,
    /// How many batches in a row got no answer, or one that says nothing about the records.
    pub(super) unanswered: usize,
    pub(super) stop: Option<StopCause>,
}

/// A record that was rejected when it was alone.
#[derive(Clone, Debug)]
pub(super) struct AtFault {
    pub record: OutgoingRecord,
    pub code: String,
    pub kind: FaultKind,
}

/// What may be wrong with a rejected record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FaultKind {
    /// The record itself.
    Record,
    /// Something that may go away: the marketplace may not know the instance yet.
    MayGoAway,
    /// The record's text, or the key: the seller may have changed the key in the console.
    Signature,
}

/// Why a run sends no more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StopCause {
    /// The marketplace does not answer, or fails.
    Down,
    /// The marketplace rejects the key. All records wait.
    KeyRefused,
    /// The signature is wrong, and the marketplace has not accepted one under this key for a day.
    /// Another key may be the right one.
    WrongBodySign,
    /// koohook does not know the answer. All records wait.
    UnknownAnswer,
    /// The marketplace rejects every batch. So the fault is not in the records, and all wait.
    AllRejected,
    /// The store does not answer.
    Store,
}

/// What is left at the end of a run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PlanEnd {
    /// The outcomes of records that were not settled before.
    pub outcomes: Vec<RecordOutcome>,
    /// The records that wait because the marketplace received no other batch.
    pub unproven: Option<UnprovenFault>,
    /// Whether batches were not sent.
    pub unfinished: bool,
}

/// Records that the marketplace rejects, while nothing shows that the fault is in them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnprovenFault {
    /// How many wait.
    pub count: usize,
    /// The code of an answer.
    pub code: String,
}

impl BatchPlan {
    /// A plan without records. `limit` is the most records of a batch; `has_received` is whether the
    /// marketplace received a batch within the last hour, under the key and host of this run.
    pub fn new(limit: usize, has_received: bool) -> Self {
        Self {
            fresh: VecDeque::new(),
            parts: Vec::new(),
            alone: Vec::new(),
            limit: limit.clamp(1, MAX_RECORDS),
            requests_left: MAX_REQUESTS,
            has_received,
            received_now: false,
            rejected: 0,
            wrong_signatures: 0,
            rejected_code: None,
            unanswered: 0,
            stop: None,
        }
    }

    /// Adds records to send.
    pub fn add(&mut self, records: Vec<OutgoingRecord>) {
        self.fresh.extend(Batch::of(records, self.limit));
    }

    /// The next batch to send. `None` if nothing is left, the run has sent enough requests, or it
    /// must stop.
    pub fn next_batch(&mut self) -> Option<Batch> {
        if !self.may_send() {
            return None;
        }
        // Records without a suspicion come first: they do not wait until the record at fault in
        // another batch is found, and they show whether the marketplace receives anything.
        let is_unsuspected = self.fresh.front().is_some_and(|batch| batch.bound.is_none());
        let first = if is_unsuspected { self.fresh.pop_front() } else { self.parts.pop() };
        let batch = first.or_else(|| self.fresh.pop_front())?;
        self.requests_left = self.requests_left.saturating_sub(1);
        let mut parts = batch.in_parts(self.limit);
        let first = parts.next();
        // The limit is lower than before.
        parts.rev().for_each(|part| self.fresh.push_front(part));
        first
    }

    /// Whether the marketplace received a batch in this run, so that a wrong signature is the fault
    /// of a record.
    pub const fn has_received_now(&self) -> bool {
        self.received_now
    }

    /// Whether the run may send more.
    pub const fn may_send(&self) -> bool {
        self.stop.is_none() && self.requests_left > 0
    }

    /// Why the run stops; `None` if it does not.
    pub const fn stop(&self) -> Option<StopCause> {
        self.stop
    }

    /// The most records of a batch. The marketplace may have lowered it.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Stops before a batch that was not sent.
    pub fn stop_before(&mut self, batch: Batch, cause: StopCause) {
        self.put_back(batch);
        self.stop = Some(cause);
    }

    /// Puts a batch back that was not sent.
    pub fn put_back(&mut self, batch: Batch) {
        self.fresh.push_front(batch);
    }

    /// Continues under another key after [`StopCause::WrongBodySign`]. `has_received` is as in
    /// [`BatchPlan::new`]. What was rejected under the first key waits.
    pub fn change_key(&mut self, has_received: bool) -> Vec<RecordOutcome> {
        self.stop = None;
        let outcomes = self.settle_alone(|_| false);
        (self.has_received, self.received_now) = (has_received, false);
        outcomes
    }

    /// Ends the run, and settles what is left. A batch that was not sent keeps what is known about
    /// it.
    pub fn end(mut self) -> PlanEnd {
        let is_proven = |kind| self.stop != Some(StopCause::AllRejected) && self.proves(kind);
        let [record, signature] = [FaultKind::Record, FaultKind::Signature].map(is_proven);
        let is_proven = |kind| match kind {
            FaultKind::Record | FaultKind::MayGoAway => record,
            FaultKind::Signature => signature,
        };
        let mut unproven = self.unproven(is_proven);
        let mut outcomes = self.settle_alone(is_proven);
        let left: Vec<_> = self.fresh.into_iter().chain(self.parts).collect();
        let unfinished = self.stop.is_none() && !left.is_empty();
        for batch in left {
            let (code, bound) = (batch.code.clone(), batch.bound);
            outcomes.extend(code.map_or_else(Vec::new, |code| batch.again(&code, bound)));
        }
        if self.stop == Some(StopCause::AllRejected) {
            let code = self.rejected_code.unwrap_or_default();
            unproven = Some(UnprovenFault { count: outcomes.len(), code });
        }
        PlanEnd { outcomes, unproven, unfinished }
    }

    fn unproven(&self, is_proven: impl Fn(FaultKind) -> bool) -> Option<UnprovenFault> {
        let mut unproven = self.alone.iter().filter(|fault| !is_proven(fault.kind));
        let code = unproven.next()?.code.clone();
        Some(UnprovenFault { count: unproven.count().saturating_add(1), code })
    }

    /// Whether the fault is known to be in one record: the marketplace received another batch. A
    /// batch before this run says nothing about the key of now.
    pub(super) const fn proves(&self, kind: FaultKind) -> bool {
        match kind {
            FaultKind::Record | FaultKind::MayGoAway => self.has_received,
            FaultKind::Signature => self.received_now,
        }
    }

    fn settle_alone(&mut self, is_proven: impl Fn(FaultKind) -> bool) -> Vec<RecordOutcome> {
        let outcome = |code, kind| match (kind, is_proven(kind)) {
            (FaultKind::MayGoAway, may_reject) => SendOutcome::Refused { code, may_reject },
            (FaultKind::Record | FaultKind::Signature, true) => SendOutcome::Rejected { code },
            (FaultKind::Record | FaultKind::Signature, false) => {
                SendOutcome::Again { code, at_most: Some(1) }
            }
        };
        let alone = std::mem::take(&mut self.alone).into_iter();
        alone.map(|AtFault { record, code, kind }| (record, outcome(code, kind))).collect()
    }
}

/// The most requests of a run (decision J3).
const MAX_REQUESTS: usize = 64;
