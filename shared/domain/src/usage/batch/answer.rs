//! What an answer of the marketplace does to a batch (decision J4).

use protocol::usage::{PushVerdict, RecordCodeVerdict, UsageAnswer};

use super::plan::{AtFault, FaultKind};
use super::{Batch, BatchPlan, RecordOutcome, StopCause};
use crate::usage::settle::SendOutcome;
use crate::usage::take::OutgoingRecord;

impl BatchPlan {
    /// Applies an answer. Returns the outcomes that are known now. `believed` is whether the
    /// marketplace accepted a signature under this key within the last day.
    pub fn answered(
        &mut self,
        batch: Batch,
        answer: &UsageAnswer,
        believed: bool,
    ) -> Vec<RecordOutcome> {
        let code = code_of(answer);
        let batch = Batch { code: Some(code.clone()), ..batch };
        if answer.verdict != PushVerdict::Retry {
            self.unanswered = 0;
        }
        if answer.verdict == PushVerdict::WrongBodySign {
            self.wrong_signatures = self.wrong_signatures.saturating_add(1);
        }
        match answer.verdict {
            PushVerdict::Received => self.received(batch, answer),
            PushVerdict::Retry => self.unanswered(batch, &code),
            PushVerdict::TooMany if batch.records.len() > 1 => self.halve_limit(batch),
            PushVerdict::RecordAtFault => self.at_fault(batch, answer, FaultKind::Record),
            PushVerdict::InstanceNotFound => self.at_fault(batch, answer, FaultKind::MayGoAway),
            PushVerdict::WrongBodySign if believed => {
                self.at_fault(batch, answer, FaultKind::Signature)
            }
            PushVerdict::WrongBodySign => self.stop_after(batch, StopCause::WrongBodySign),
            PushVerdict::KeyRefused => self.stop_after(batch, StopCause::KeyRefused),
            PushVerdict::TooMany | PushVerdict::Unknown => {
                self.stop_after(batch, StopCause::UnknownAnswer)
            }
        }
    }

    /// Applies the lack of an answer, or an answer that says nothing about the records. `code` is
    /// the answer's code, or koohook's own word. All records are sent again later.
    ///
    /// If the marketplace received another batch in this run, it is not down. Then smaller batches
    /// keep a record that it cannot answer from delaying the others.
    pub fn unanswered(&mut self, batch: Batch, code: &str) -> Vec<RecordOutcome> {
        self.unanswered = self.unanswered.saturating_add(1);
        if self.unanswered >= MAX_UNANSWERED {
            self.stop = Some(StopCause::Down);
        }
        let half = batch.records.len().div_ceil(2);
        let bound = if self.received_now { u16::try_from(half).ok() } else { batch.bound };
        batch.again(code, bound)
    }

    fn received(&mut self, batch: Batch, answer: &UsageAnswer) -> Vec<RecordOutcome> {
        (self.has_received, self.received_now) = (true, true);
        let outcome = |record: &OutgoingRecord| match named(record, answer) {
            None | Some((RecordCodeVerdict::AlreadyThere, _)) => SendOutcome::Sent,
            Some((RecordCodeVerdict::Wait, code)) => {
                SendOutcome::Refused { code, may_reject: true }
            }
            Some((RecordCodeVerdict::Rejected, code)) => SendOutcome::Rejected { code },
        };
        batch.records.into_iter().map(|record| (record.clone(), outcome(&record))).collect()
    }

    fn halve_limit(&mut self, batch: Batch) -> Vec<RecordOutcome> {
        self.limit = batch.records.len() / 2;
        self.put_back(batch);
        Vec::new()
    }

    fn stop_after(&mut self, batch: Batch, cause: StopCause) -> Vec<RecordOutcome> {
        self.stop_before(batch, cause);
        Vec::new()
    }

    /// One of the records is at fault. If the answer names records, they are known. Otherwise the
    /// halves of the batch are sent.
    fn at_fault(
        &mut self,
        batch: Batch,
        answer: &UsageAnswer,
        kind: FaultKind,
    ) -> Vec<RecordOutcome> {
        self.rejected = self.rejected.saturating_add(1);
        let is_full =
            self.rejected >= MAX_REJECTED || self.wrong_signatures >= MAX_WRONG_SIGNATURES;
        if !self.received_now && is_full {
            self.stop = Some(StopCause::AllRejected);
        }
        let Batch { records, code, .. } = batch;
        self.rejected_code.clone_from(&code);
        let (named, rest): (Vec<_>, Vec<_>) =
            records.into_iter().partition(|record| named(record, answer).is_some());
        let are_named = !named.is_empty();
        let known = named.into_iter().filter_map(|record| self.at_fault_by_name(record, answer));
        let known = known.collect();
        match <[_; 1]>::try_from(rest) {
            Ok([record]) if !are_named => {
                let code = code.unwrap_or_default();
                self.alone.push(AtFault { record, code, kind });
            }
            Ok([record]) => self.send_parts(Batch { records: vec![record], bound: None, code }, 1),
            Err(records) => {
                let parts = if are_named { 1 } else { 2 };
                let most = records.len().div_ceil(parts);
                self.send_parts(Batch { records, bound: None, code }, most);
            }
        }
        known
    }

    /// Sends a batch in parts, the first part first.
    fn send_parts(&mut self, batch: Batch, most: usize) {
        self.parts.extend(batch.in_parts(most).map(Batch::bounded).rev());
    }

    /// A record that the answer names. It is settled at the end of the run, unless the marketplace
    /// has it already.
    fn at_fault_by_name(
        &mut self,
        record: OutgoingRecord,
        answer: &UsageAnswer,
    ) -> Option<RecordOutcome> {
        let (verdict, code) = named(&record, answer)?;
        let kind = match verdict {
            RecordCodeVerdict::AlreadyThere => return Some((record, SendOutcome::Sent)),
            RecordCodeVerdict::Wait => FaultKind::MayGoAway,
            RecordCodeVerdict::Rejected => FaultKind::Record,
        };
        self.alone.push(AtFault { record, code, kind });
        None
    }
}

/// What the answer says about one record, and its code.
fn named(record: &OutgoingRecord, answer: &UsageAnswer) -> Option<(RecordCodeVerdict, String)> {
    if answer.records.is_empty() {
        return None;
    }
    let sn = record.metering_sn();
    let of_record = answer.records.iter().find(|it| it.metering_sn == sn);
    let code = of_record.map(|it| it.code)?;
    Some((code.verdict(), code.to_string()))
}

/// The marketplace's code, or koohook's word if the answer has none.
fn code_of(answer: &UsageAnswer) -> String {
    let word = || answer.reason.word().to_owned();
    answer.reason.code().map_or_else(word, |code| code.to_string())
}

/// The number of batches in a row without a useful answer after which the run stops.
const MAX_UNANSWERED: usize = 3;

/// The number of rejected batches after which the run stops, if the marketplace received none in this
/// run.
const MAX_REJECTED: usize = 16;

/// The number of wrong signatures after which the run stops, if the marketplace received no batch in
/// this run. The marketplace may lock the key after more than five.
const MAX_WRONG_SIGNATURES: usize = 3;
