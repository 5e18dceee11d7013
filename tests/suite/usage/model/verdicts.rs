//! Whether koohook's answer to a report is right, as far as the product can know.

use serde_json::Value;

use super::product::ProductRecord;
use super::scene::SoldInstance;
use super::{DAY, HOUR, SECOND, UsageSimulation};
use crate::usage::calls::outcomes;

const LIMIT: u64 = 20 * DAY + 20 * HOUR;
/// How long koohook works on a report.
const REPORT_MILLIS: u64 = 18_000;
const AHEAD: u64 = 5 * SECOND;

/// A report that was answered. The words are the reason or the status of each record, and `span` is the
/// time of the process before and after.
pub struct ReportAnswered {
    records: Vec<ProductRecord>,
    words: Vec<String>,
    span: [u64; 2],
}

impl ReportAnswered {
    /// The answer names each record in the order of the report.
    pub fn new(
        records: Vec<ProductRecord>,
        (status, answer): (u16, &Value),
        span: [u64; 2],
    ) -> Self {
        let words = outcomes(answer);
        let ids = answer["records"].as_array().unwrap().iter().map(|it| it["recordId"].clone());
        let expected = (0..records.len()).map(|place| Value::from(format!("r-{place}")));
        assert!(ids.eq(expected), "{answer}");
        let has_retry = words.iter().any(|word| word == "retry");
        assert_eq!(status, if has_retry { 503 } else { 200 });
        Self { records, words, span }
    }
}

impl UsageSimulation {
    /// Notes what is about to be reported.
    pub(super) fn note_reported(&mut self, records: &[ProductRecord]) {
        for ProductRecord { name, told, .. } in records {
            let variants = self.notes.reported.entry(name.clone()).or_default();
            if !variants.contains(told) {
                variants.push(told.clone());
            }
        }
    }

    /// Checks answers of concurrent reports. `may_fail` is whether a record may need another try. What
    /// one process accepted, another one may have repeated.
    pub(super) fn check_answers(&mut self, answers: &[ReportAnswered], may_fail: bool) {
        for is_accepted in [true, false] {
            for answered in answers {
                for (record, word) in answered.records.iter().zip(&answered.words) {
                    if (word == "accepted") == is_accepted {
                        self.check_verdict(record, word, answered.span, may_fail);
                    }
                }
            }
        }
    }

    fn check_verdict(
        &mut self,
        record: &ProductRecord,
        word: &str,
        span: [u64; 2],
        may_fail: bool,
    ) {
        *self.notes.words.entry(word.to_owned()).or_default() += 1;
        let sold = self.instances.iter().find(|it| it.id == record.name.0).cloned();
        let known = self.notes.accepted.get(&record.name);
        match word {
            "accepted" => {
                assert_eq!(known, None, "invariant 22: {record:?} was accepted before");
                self.check_accepted(record, &sold.unwrap(), span);
                self.notes.accepted.insert(record.name.clone(), record.told.clone());
            }
            "repeated" => {
                let is_same = known.is_none_or(|known| *known == record.told);
                assert!(
                    is_same && self.notes.reported[&record.name].contains(&record.told),
                    "{record:?}"
                );
                self.notes.accepted.insert(record.name.clone(), record.told.clone());
            }
            "retry" => {
                // Other processes can hold a report up until its time is over.
                let is_slow = span[1].saturating_sub(span[0]) >= REPORT_MILLIS;
                assert!(may_fail || is_slow, "{record:?} is not stored, without a fault");
                self.notes.unanswered.push(record.clone());
            }
            word => {
                let is_known = known.is_some_and(|known| *known == record.told);
                assert!(!is_known || word == "too-old", "invariant 22: {record:?} is {word}");
                let is_right = self.is_right(record, word, sold.as_ref(), span);
                assert!(is_right, "{record:?} is {word}; {sold:?}, {span:?}");
            }
        }
    }

    fn check_accepted(&self, record: &ProductRecord, sold: &SoldInstance, [from, to]: [u64; 2]) {
        let (_, begin, end) = record.name;
        let [begin, end] = [begin, end].map(|second| second * SECOND);
        let whole = |millis: u64| millis / SECOND * SECOND;
        assert!(from <= begin + LIMIT, "too old: {record:?}");
        assert!(end <= to + AHEAD, "in the future: {record:?}");
        assert!(whole(sold.bought_at) <= begin, "before the purchase: {record:?}");
        assert!(
            sold.released_at.is_none_or(|at| end <= whole(at)),
            "after the release: {record:?}"
        );
        assert!(sold.has_usage, "not pay-per-use: {record:?}");
        assert!(!self.overlaps(record, true), "overlaps: {record:?}");
    }

    /// Whether a reason is true.
    fn is_right(
        &self,
        record: &ProductRecord,
        reason: &str,
        sold: Option<&SoldInstance>,
        [from, to]: [u64; 2],
    ) -> bool {
        let (_, begin, end) = record.name;
        let [begin, end] = [begin, end].map(|second| second * SECOND);
        let Some(sold) = sold else { return reason == "instance-unknown" };
        match reason {
            "not-pay-per-use" => !sold.has_usage,
            "begins-before-instance" => begin < sold.bought_at,
            "ends-after-release" => sold.released_at.is_some_and(|at| end > at / SECOND * SECOND),
            "ends-in-future" => end > from + AHEAD,
            "too-old" => to > begin + LIMIT,
            "overlaps" => self.overlaps(record, false),
            "other-value" => self.notes.reported[&record.name].len() > 1,
            _ => false,
        }
    }

    /// Whether another window overlaps a record: an accepted one, or any that was reported.
    fn overlaps(&self, record: &ProductRecord, only_accepted: bool) -> bool {
        let (id, begin, end) = &record.name;
        let meets = |(other, from, to): &(String, u64, u64)| {
            other == id && (from, to) != (begin, end) && from < end && begin < to
        };
        if only_accepted {
            let stays = |name| self.notes.seen.get(name).is_none_or(|seen| !seen.is_gone);
            self.notes.accepted.keys().any(|name| meets(name) && stays(name))
        } else {
            self.notes.reported.keys().any(meets)
        }
    }
}
