//! What the store has, and how it may change from one step to the next.

use std::collections::BTreeMap;

use domain::store_keys::usage_key;
use domain::usage::{InstanceUsage, Lateness, RecordState, UsageRecord, WaitingRecord};
use protocol::time::UnixMillis;
use shell::store::{Queue, Store};
use tests::call::run;

use super::market::{WindowName, WireRequest, read_stored};
use super::{HOUR, MINUTE, UsageSimulation};

/// A window that was stored, as it was last seen.
#[derive(Clone, Debug)]
pub struct SeenWindow {
    pub record: UsageRecord,
    /// Whether it was deleted.
    pub is_gone: bool,
}

/// What an operator had to learn, as far as the store shows it.
#[derive(Debug, Default)]
pub struct ExpectedAlarms {
    pub rejected: usize,
    pub dropped: usize,
    /// The windows of which the store says that an operator learned that they miss their deadline.
    pub missing: usize,
}

impl SeenWindow {
    /// Whether the marketplace received it, as far as koohook knows.
    pub const fn is_sent(&self) -> bool {
        matches!(self.record.state, RecordState::Sent)
    }

    /// Whether it counts in the sum of the instance.
    pub const fn counts(&self) -> bool {
        match self.record.state {
            RecordState::Zero | RecordState::Sent => true,
            RecordState::Rejected { .. } => false,
            RecordState::Waiting(_) => !self.is_gone,
        }
    }
}

fn name_of(id: &str, record: &UsageRecord) -> WindowName {
    let [begin, end] = [record.window.begin(), record.window.end()].map(|at| at.millis() / 1_000);
    (id.to_owned(), begin, end)
}

impl UsageSimulation {
    /// Checks everything that is stored, and how it changed.
    pub(super) fn check_stored(&mut self) {
        let agenda = run(self.store.agenda(Queue::Usage, UnixMillis::EPOCH..=UnixMillis::MAX, 99));
        let agenda: BTreeMap<_, _> =
            agenda.unwrap().into_iter().map(|entry| (entry.key, entry.at)).collect();
        let ids: Vec<_> = self.instances.iter().map(|it| it.id.clone()).collect();
        for id in ids {
            let Some(usage) = run(read_stored(&self.store, &id)) else { continue };
            let key = usage_key(&usage.instance_id);
            if let Some(due) = usage.due() {
                let at = agenda.get(&key);
                assert!(
                    at.is_some_and(|at| *at <= due),
                    "invariant 26: due at {due:?}, not {at:?}"
                );
            }
            for pair in usage.records.windows(2) {
                assert!(
                    pair[0].window.end() <= pair[1].window.begin(),
                    "windows overlap: {pair:?}"
                );
            }
            self.check_instance(&id, &usage);
        }
        for (name, told) in &self.notes.accepted {
            let seen =
                self.notes.seen.get(name).map(|seen| (&seen.record.quantity, &seen.record.package));
            let is_same = seen == Some((&told.quantity, &told.package));
            assert!(is_same, "invariant 22: {name:?} was accepted as {told:?}; stored is {seen:?}");
        }
    }

    fn check_instance(&mut self, id: &str, usage: &InstanceUsage) {
        let stored: BTreeMap<_, _> =
            usage.records.iter().map(|record| (name_of(id, record), record)).collect();
        for (name, record) in &stored {
            let before = self.notes.seen.get(name).cloned();
            match before {
                None => self.check_new(name, record),
                Some(before) => self.check_change(name, &before, record),
            }
            self.notes
                .seen
                .insert(name.clone(), SeenWindow { record: (*record).clone(), is_gone: false });
        }
        let gone: Vec<_> = self
            .notes
            .seen
            .iter()
            .filter(|(name, seen)| name.0 == id && !seen.is_gone && !stored.contains_key(name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            self.check_gone(&name);
        }
    }

    /// Only what the product reported is stored.
    fn check_new(&mut self, name: &WindowName, record: &UsageRecord) {
        let variants = self.notes.reported.get(name).map(Vec::as_slice).unwrap_or_default();
        let is_reported = variants
            .iter()
            .any(|it| it.quantity == record.quantity && it.package == record.package);
        assert!(is_reported, "invariant 25: {name:?} was never reported: {record:?}");
        if let RecordState::Rejected { code, .. } = &record.state {
            self.check_rejection(name, code);
        }
    }

    fn check_change(&mut self, name: &WindowName, before: &SeenWindow, after: &UsageRecord) {
        let old = &before.record;
        assert!(!before.is_gone, "{name:?} was deleted, and is stored again: {after:?}");
        let is_again = after.number > old.number;
        assert!(old.quantity == after.quantity && old.package == after.package, "{name:?} changed");
        assert!(!is_again || self.notes.again.contains(name), "{name:?} has a new number");
        match (&old.state, &after.state) {
            (RecordState::Waiting(old), RecordState::Waiting(new)) => {
                let is_fixed = old.record_time.is_none() || old.record_time == new.record_time;
                assert!(is_fixed || is_again, "invariant 24: {old:?} is now {new:?}");
                self.count_missing(old, new);
            }
            (RecordState::Waiting(_), RecordState::Rejected { code, .. }) => {
                self.check_rejection(name, code);
            }
            (old, new) => {
                let is_receipt = matches!(
                    (old, new),
                    (RecordState::Rejected { .. } | RecordState::Waiting(_), RecordState::Sent)
                );
                assert!(old == new || is_receipt || is_again, "{name:?}: {old:?} became {new:?}");
                if old != new && is_receipt {
                    self.check_receipt(name);
                }
            }
        }
    }

    fn count_missing(&mut self, old: &WaitingRecord, new: &WaitingRecord) {
        if old.told < Lateness::Missing && new.told == Lateness::Missing {
            self.notes.alarms.missing += 1;
        }
    }

    /// A window is settled as sent only if the marketplace said so.
    fn check_receipt(&self, name: &WindowName) {
        let market = self.market.lock();
        let is_received = market.requests.iter().any(|request| {
            let code = request.code_of(name);
            code.is_some_and(|code| code.ends_with(".0000") || ["005", "010"].contains(&code))
        });
        assert!(is_received, "invariant 23: {name:?} is sent, and no answer says so");
    }

    /// The law of rejections (decision J4).
    fn check_rejection(&mut self, name: &WindowName, code: &str) {
        self.notes.alarms.rejected += 1;
        let market = self.market.lock();
        let number = code.rsplit('.').next().unwrap();
        let answers: Vec<_> = market
            .requests
            .iter()
            .filter(|it| it.code_of(name).is_some_and(|it| it.ends_with(number)))
            .collect();
        let last = answers.last().unwrap_or_else(|| panic!("no answer {code} for {name:?}"));
        if ["001", "013", "9001"].contains(&number) {
            // The first refusal may have had another of these codes.
            let is_refusal = |it: &&WireRequest| {
                let code = it.code_of(name).map(|code| code.rsplit('.').next().unwrap());
                code.is_some_and(|code| ["001", "013", "9001"].contains(&code))
            };
            let first = market.requests.iter().filter(is_refusal).map(|it| it.at).min();
            let waited = last.at.saturating_sub(first.unwrap());
            assert!(waited + 2 * MINUTE >= 24 * HOUR, "{name:?} is rejected {waited} ms later");
        }
        if number.len() == 4 {
            let codes = ["0100", "0101", "0102", "0150", "0199", "9001", "9002", "9004"];
            assert!(codes.contains(&number), "{code} rejects nothing");
            let proven = market
                .requests
                .iter()
                .any(|it| it.is_received() && it.at.abs_diff(last.at) <= HOUR + 2 * MINUTE);
            assert!(proven, "{name:?} is rejected with {code}, and nothing was received");
        }
    }

    /// A window is deleted only after two runs of the relay found it old (decision D12).
    fn check_gone(&mut self, name: &WindowName) {
        let seen = self.notes.seen.get_mut(name).unwrap();
        let is_waiting = seen.record.waiting().is_some();
        let market = self.market.lock();
        let requests = &market.requests[self.notes.sent_before..];
        let is_received = requests.iter().any(|it| it.is_received() && it.windows.contains(name));
        if is_waiting && is_received {
            // It was settled and deleted within one step.
            seen.record.state = RecordState::Sent;
        }
        let overlapped = name.2 * 1_000 + (20 * 24 + 20) * HOUR;
        let refused = name.1 * 1_000 + 21 * 24 * HOUR;
        let is_waiting = seen.record.waiting().is_some();
        let old = if is_waiting { overlapped.max(refused) } else { overlapped };
        let runs = &self.notes.runs;
        let is_twice = runs.iter().any(|(step, first)| {
            let is_later = |(later, second): &(usize, [u64; 2])| {
                later >= step && second[1] >= first[0] + 10 * MINUTE
            };
            first[1] >= old && runs.iter().any(is_later)
        });
        assert!(is_twice, "{name:?} is deleted too early: {:?}", seen.record);
        seen.is_gone = true;
        if seen.record.waiting().is_some() {
            self.notes.alarms.dropped += 1;
        }
    }
}
