//! The received records, the check in the background, and the bills.

use std::collections::{BTreeMap, BTreeSet};

use super::amount::Amount;
use super::cycle::BillingCycle;
use super::instance::SimulatedInstance;
use super::record::{ReceivedRecord, RecordCode, RecordState, Window};
use super::stamp;

/// The instances by ID.
pub(super) type Instances = BTreeMap<String, SimulatedInstance>;

/// The records in the order of arrival. An index is the place of a record.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) records: Vec<ReceivedRecord>,
    /// How many records the check has seen.
    checked: usize,
    /// The record that counts for each window.
    windows: BTreeMap<Window, usize>,
    /// The record that counts for each `metering_sn`.
    sns: BTreeMap<String, usize>,
    /// Records that repeat a window with other fields.
    pub(super) altered: Vec<usize>,
    /// Records whose window overlaps another one of the instance.
    pub(super) overlapping: Vec<usize>,
    billable: BTreeSet<usize>,
}

impl Ledger {
    /// Keeps the records of one request. Returns the place of the first.
    pub(super) fn keep(&mut self, records: Vec<ReceivedRecord>) -> usize {
        let first = self.records.len();
        self.records.extend(records);
        first
    }

    /// Checks the records that no check has seen. Each is billable or rejected afterwards.
    pub(super) fn check(&mut self, instances: &Instances, now: u64) {
        while let Some(record) = self.records.get(self.checked) {
            let state = match self.judge(record, instances) {
                Ok(window) => {
                    self.accept(window);
                    RecordState::Billable { since: now }
                }
                Err(code) => {
                    self.note_altered(code);
                    RecordState::Rejected(code)
                }
            };
            self.settle(self.checked, state);
            self.checked += 1;
        }
    }

    /// Makes every bill up to `now`. Returns how many records are new in a bill.
    pub(super) fn collect(&mut self, cycle: BillingCycle, now: u64) -> usize {
        let bill = |at: &usize| {
            let RecordState::Billable { since } = self.records.get(*at)?.state else {
                return None;
            };
            Some((*at, cycle.next_bill(since))).filter(|(_, bill)| *bill <= now)
        };
        let billed: Vec<(usize, u64)> = self.billable.iter().filter_map(bill).collect();
        for (at, bill) in &billed {
            self.settle(*at, RecordState::Billed { at: *bill });
        }
        billed.len()
    }

    /// Takes back a record that is not in a bill yet.
    pub(super) fn reverse(&mut self, metering_sn: &str) -> bool {
        let Some(at) = self.sns.get(metering_sn).copied().filter(|at| self.billable.contains(at))
        else {
            return false;
        };
        self.windows.retain(|_, place| *place != at);
        self.sns.remove(metering_sn);
        self.settle(at, RecordState::Reversed);
        true
    }

    /// The sum of an instance's records in a state.
    pub(super) fn sum(&self, instance_id: &str, counts: impl Fn(RecordState) -> bool) -> Amount {
        let first = (instance_id.to_owned(), 0, 0);
        self.windows
            .range(first..)
            .take_while(|((id, ..), _)| id == instance_id)
            .filter_map(|(_, at)| self.records.get(*at))
            .filter(|record| counts(record.state))
            .filter_map(ReceivedRecord::amount)
            .fold(Amount::default(), Amount::plus)
    }

    /// The first records of their windows that came after the deadline.
    pub(super) fn late(&self, cycle: BillingCycle) -> Vec<&ReceivedRecord> {
        let mut seen = BTreeSet::new();
        let is_first = |record: &&ReceivedRecord| record.window().is_some_and(|w| seen.insert(w));
        let is_late = |record: &&ReceivedRecord| {
            let end = stamp::seconds(&record.end_time);
            end.is_some_and(|end| record.received_at > cycle.deadline(end))
        };
        self.records.iter().filter(is_first).filter(is_late).collect()
    }

    /// Decides about one record, in the order of the record-level codes' causes.
    fn judge(&self, record: &ReceivedRecord, instances: &Instances) -> Result<Window, RecordCode> {
        let made = stamp::seconds(&record.record_time).ok_or(RecordCode::TimeFormat)?;
        let window = record.window().ok_or(RecordCode::TimeFormat)?;
        record.amount().ok_or(RecordCode::Value)?;
        if record.metering_sn.is_empty() {
            return Err(RecordCode::NoSn);
        }
        let instance = instances.get(&record.instance_id).ok_or(RecordCode::NoInstance)?;
        check_instance(instance)?;
        let package = record.relate_pkg_instance.as_ref();
        if package.is_some_and(|id| !instances.contains_key(id)) {
            return Err(RecordCode::NoInstance);
        }
        let (_, begin, end) = window;
        let reported = made.min(record.received_at / 1_000);
        if end < begin || end > reported || !instance.lived(begin, end) {
            return Err(RecordCode::Range);
        }
        if is_too_old(begin, record.received_at) {
            return Err(RecordCode::Expired);
        }
        if self.windows.contains_key(&window) {
            return Err(RecordCode::WindowRepeated);
        }
        let is_used = self.sns.contains_key(&record.metering_sn);
        if is_used { Err(RecordCode::SnRepeated) } else { Ok(window) }
    }

    /// Notes the record under check as the one that counts for its window.
    fn accept(&mut self, window: Window) {
        let at = self.checked;
        let (id, begin, end) = &window;
        let same = |other: &Window| other.0 == *id;
        let before = self.windows.range(..window.clone()).next_back();
        let after = self.windows.range(window.clone()..).next();
        let is_into = before.is_some_and(|(other, _)| same(other) && other.2 > *begin);
        let is_over = after.is_some_and(|(other, _)| same(other) && other.1 < *end);
        if is_into || is_over {
            self.overlapping.push(at);
        }
        self.windows.insert(window, at);
        if let Some(record) = self.records.get(at) {
            self.sns.insert(record.metering_sn.clone(), at);
        }
    }

    /// Notes the record under check if it repeats a window with other fields.
    fn note_altered(&mut self, code: RecordCode) {
        let record = self.records.get(self.checked);
        let window = record.and_then(ReceivedRecord::window);
        let first = window.and_then(|window| self.records.get(*self.windows.get(&window)?));
        let is_altered = record.zip(first).is_some_and(|(record, first)| !record.is_same_as(first));
        if code == RecordCode::WindowRepeated && is_altered {
            self.altered.push(self.checked);
        }
    }

    fn settle(&mut self, at: usize, state: RecordState) {
        if matches!(state, RecordState::Billable { .. }) {
            self.billable.insert(at);
        } else {
            self.billable.remove(&at);
        }
        if let Some(record) = self.records.get_mut(at) {
            record.state = state;
        }
    }
}

fn check_instance(instance: &SimulatedInstance) -> Result<(), RecordCode> {
    let faults = [
        (!instance.ours, RecordCode::NotOurs),
        (!instance.on_demand, RecordCode::NotPayPerUse),
        (instance.delisted, RecordCode::Delisted),
        (instance.abnormal, RecordCode::Abnormal),
    ];
    let fault = faults.into_iter().find(|(is_so, _)| *is_so);
    fault.map_or(Ok(()), |(_, code)| Err(code))
}

/// Whether a time in seconds is more than 21 days before `now`.
pub(super) const fn is_too_old(seconds: u64, now: u64) -> bool {
    1_000 * seconds + OLDEST_MILLIS < now
}

/// *Pushing usage*: a `begin_time` more than 21 days ago is refused.
const OLDEST_MILLIS: u64 = 21 * 24 * 3_600_000;
