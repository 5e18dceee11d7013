//! The quiet time at the end of a history, and what must be true after it.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::usage::{Lateness, RecordState};
use protocol::time::UnixMillis;
use simulator::usage::{
    ReceivedRecord, RecordState as MarketState, SimulatedInstance, UsageMarketplace,
};
use tests::call::{BASE_KEY, run, v1, v2};

use super::market::{WindowName, WireRequest, seconds};
use super::processes::{Dangers, UsageTask};
use super::product::ProductRecord;
use super::scene::{NEW_KEY, SoldInstance};
use super::steps::body;
use super::{DAY, HOUR, MINUTE, PROCESSES, SECOND, UsageEnd, UsageSimulation};

const CALM: Dangers = Dangers { dies: false, freezes: None, store_fails: false };
const RUN: Duration = Duration::from_secs(50);

impl UsageSimulation {
    /// The marketplace does not answer for hours, and relays run every five minutes. Then an operator
    /// must have learned of each window that misses its deadline.
    pub(super) fn dark_hours(&mut self) {
        self.market.lock().is_dark = true;
        for _ in 0..30 {
            self.processes.pass(Duration::from_mins(5));
            for relay in 0..2 {
                self.play(vec![(relay, UsageTask::Relay(RUN), Vec::new())], CALM);
            }
        }
        self.market.lock().is_dark = false;
        let now = self.processes.now;
        for (name, seen) in self.notes.seen.iter().filter(|(_, seen)| !seen.is_gone) {
            let Some(waiting) = seen.record.waiting() else { continue };
            if deadline(name.2 * SECOND, self.is_daily) + 40 * MINUTE <= now {
                assert_eq!(waiting.told, Lateness::Missing, "invariant 27: {name:?} {seen:?}");
            }
        }
        self.trace.push("dark hours end".to_owned());
    }

    /// Without faults, everything ends. Returns the counts.
    pub(super) fn calm_down(&mut self) -> UsageEnd {
        self.end_faults();
        for _ in 0..2 {
            for _ in 0..2 {
                self.reports_everything();
                for _ in 0..12 {
                    self.processes.pass(Duration::from_mins(5));
                    self.play(vec![(0, UsageTask::Relay(RUN), Vec::new())], CALM);
                }
            }
            // A clock that was ahead may have put windows off for so long.
            self.processes.pass(Duration::from_millis(self.notes.farthest));
        }
        let now = self.processes.now;
        let mut market = self.market.lock();
        market.marketplace.run_background(now);
        market.marketplace.collect(now + 3 * DAY);
        drop(market);
        self.check_windows();
        self.check_sums();
        self.check_market();
        self.ended()
    }

    fn end_faults(&mut self) {
        let has_new_key = {
            let mut market = self.market.lock();
            market.bad_weather = None;
            for sold in self.instances.iter().filter(|it| it.has_usage) {
                match market.marketplace.instance_mut(&sold.id) {
                    Some(instance) => instance.abnormal = false,
                    None => {
                        let new = SimulatedInstance::new(&sold.id, sold.bought_at);
                        market
                            .marketplace
                            .know(SimulatedInstance { closed_at: sold.released_at, ..new });
                    }
                }
            }
            let rules = market.marketplace.rules_mut();
            let has_new_key = rules.key == NEW_KEY || self.has_new_key.contains(&true);
            rules.key = if has_new_key { NEW_KEY } else { BASE_KEY }.to_owned();
            has_new_key
        };
        self.has_new_key = [has_new_key; PROCESSES];
        self.trace.push("quiet".to_owned());
        for process in 0..PROCESSES {
            self.processes.skew(process, 0);
            self.processes.restart(process, &self.settings_of(process));
        }
    }

    /// The product reports what it must report again, and an hour of the last instance. So the
    /// marketplace has received something in the last hour.
    fn reports_everything(&mut self) {
        let mut records = std::mem::take(&mut self.notes.unanswered);
        let end = self.processes.now / HOUR * 3_600;
        let id = self.instances.last().unwrap().id.clone();
        records.push(ProductRecord::new(&id, [end - 3_600, end], 10_000, None));
        for records in records.chunks(900).map(<[_]>::to_vec) {
            let task = UsageTask::Report(body(&records));
            self.play(vec![(2, task, records)], CALM);
        }
    }

    /// Everything is settled.
    fn check_windows(&self) {
        assert!(self.notes.unanswered.is_empty());
        for (name, seen) in self.notes.seen.iter().filter(|(_, seen)| !seen.is_gone) {
            let waits = seen.record.waiting();
            assert!(waits.is_none(), "invariant 22: {name:?} waits for ever: {:?}", seen.record);
        }
    }

    /// `usageInfo` is the sum of what was accepted, without what was rejected or deleted.
    fn check_sums(&self) {
        for sold in self.instances.iter().filter(|it| it.released_at.is_none() && it.has_usage) {
            let counted =
                self.notes.seen.iter().filter(|(name, seen)| name.0 == sold.id && seen.counts());
            let sum: u64 = counted.map(|(name, _)| self.value_of(name)).sum();
            let info = self.usage_value(sold);
            let has_usage =
                sold.contract_is_v1 || self.notes.seen.keys().any(|name| name.0 == sold.id);
            let expected = has_usage.then_some(sum);
            assert_eq!(info, expected, "usageInfo of {sold:?}");
        }
    }

    /// The value of a window that was stored, in ten-thousandths.
    fn value_of(&self, name: &WindowName) -> u64 {
        let quantity = self.notes.seen[name].record.quantity;
        let told = self.notes.reported[name].iter().find(|told| told.quantity == quantity);
        told.unwrap().value
    }

    /// The `usageValue` of a query, in ten-thousandths.
    fn usage_value(&self, sold: &SoldInstance) -> Option<u64> {
        let root = self.processes.root();
        let members = [("activity", "queryInstance"), ("instanceId", sold.id.as_str())];
        let now = root.world().now_millis();
        let request = if sold.contract_is_v1 { v1(now, &members) } else { v2(now, &members) };
        let body = String::from_utf8(run(root.answer(request)).into_body()).unwrap();
        let (_, rest) = body.split_once(r#""usageValue":"#)?;
        rest.split(',').next().map(ten_thousandths)
    }

    /// The bills are the sum of what koohook accepted, each window once.
    fn check_market(&self) {
        let market = self.market.lock();
        let marketplace = &market.marketplace;
        let billed = self.billed(marketplace);
        for (name, seen) in &self.notes.seen {
            let is_billed = billed.contains(name);
            if seen.is_sent() {
                let of_window = |it: &&ReceivedRecord| window_of(it) == *name;
                let received: Vec<_> =
                    marketplace.received_records().iter().filter(of_window).collect();
                let is_known = is_billed || self.ends_after_release(name);
                assert!(is_known, "invariant 23: {name:?} {seen:?} is not billed: {received:?}");
            } else if is_billed {
                let is_lost = self.is_receipt_lost(name, &market.requests);
                assert!(is_lost, "invariant 23: {name:?} is billed, and is {:?}", seen.record);
            }
        }
        assert_eq!(marketplace.overlaps().count(), 0, "invariant 23");
        for record in marketplace.altered_duplicates() {
            let is_wanted = self.notes.again.contains(&window_of(record));
            assert!(is_wanted, "invariant 24: {record:?}");
        }
        assert_eq!(marketplace.nonce_repeats(), 0);
        assert_eq!(marketplace.signature_disagreements(), 0);
    }

    /// The windows in the bills. Each has the value that was stored.
    fn billed(&self, marketplace: &UsageMarketplace) -> BTreeSet<WindowName> {
        let mut billed = BTreeSet::new();
        let records = marketplace.received_records().iter();
        for record in records.filter(|it| matches!(it.state, MarketState::Billed { .. })) {
            let name = window_of(record);
            assert!(billed.insert(name.clone()), "invariant 23: {name:?} is billed twice");
            assert!(self.notes.seen.contains_key(&name), "invariant 25: {name:?} was never stored");
            let value = ten_thousandths(&record.usage_value);
            assert_eq!(value, self.value_of(&name), "invariant 23: {name:?}");
        }
        billed
    }

    /// A window may end a few seconds after the release, if the product's clock was ahead.
    fn ends_after_release(&self, name: &WindowName) -> bool {
        let sold = self.instances.iter().find(|it| it.id == name.0).unwrap();
        sold.released_at.is_some_and(|at| name.2 > at / SECOND)
    }

    /// Whether koohook may not know that the marketplace received a window: no answer arrived, or it
    /// could not be stored.
    fn is_receipt_lost(&self, name: &WindowName, requests: &[WireRequest]) -> bool {
        let is_disturbed =
            self.notes.has_died || self.dangers.store_fails || self.dangers.freezes.is_some();
        is_disturbed || !requests.iter().any(|it| it.is_received() && it.windows.contains(name))
    }

    fn ended(&mut self) -> UsageEnd {
        let rejected = |state: &RecordState| matches!(state, RecordState::Rejected { .. });
        let billed = self
            .market
            .lock()
            .marketplace
            .received_records()
            .iter()
            .filter(|record| matches!(record.state, MarketState::Billed { .. }))
            .count();
        UsageEnd {
            accepted: self.notes.accepted.len(),
            billed,
            rejected: self.notes.seen.values().filter(|seen| rejected(&seen.record.state)).count(),
            dropped: self.notes.alarms.dropped,
            requests: self.market.lock().requests.len(),
            died: self.notes.died,
            alarms: self.check_alarms(),
            words: std::mem::take(&mut self.notes.words),
        }
    }
}

fn window_of(record: &ReceivedRecord) -> WindowName {
    let [begin, end] = [&record.begin_time, &record.end_time].map(|it| seconds(it));
    (record.instance_id.clone(), begin, end)
}

/// A decimal in ten-thousandths.
fn ten_thousandths(text: &str) -> u64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<4}").parse().unwrap()
}

/// When a window misses its deadline: 90 minutes after its end, or at 00:45 Beijing time of the next
/// day.
fn deadline(end: u64, is_daily: bool) -> u64 {
    if is_daily {
        let last = UnixMillis::new(end + 8 * HOUR - 1).millis();
        last / DAY * DAY + DAY - 8 * HOUR + 45 * MINUTE
    } else {
        end + 90 * MINUTE
    }
}
