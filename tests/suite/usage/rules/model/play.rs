//! Plays a sequence on an instance's usage and on the model.

use std::collections::{BTreeMap, BTreeSet};

use domain::instance::ClockTrust;
use domain::usage::{
    InstanceUsage, Lateness, OutgoingRecord, Quantity, RecordState, RecordVerdict, ReportedRecord,
    SendOutcome, TakeRules, UsageCycle, UsageLife, UsageWindow,
};
use proptest::sample::Index;
use protocol::time::UnixMillis;

use super::super::{empty, id};
use super::expected::{ExpectedWindow, UsageModel, WindowPhase};
use super::{Answer, Step};

pub struct Play {
    usage: InstanceUsage,
    model: UsageModel,
    /// Milliseconds.
    now: u64,
    /// Every sending so far.
    sendings: Vec<OutgoingRecord>,
    /// The members of every record that was ever sent, by its window and number.
    fixed: BTreeMap<(u64, u32), (String, u64, String)>,
    /// When runs looked at the value with a trusted clock.
    looks: Vec<u64>,
}

fn millis(at: UnixMillis) -> u64 {
    at.millis()
}

/// A value in ten-thousandths, by text.
fn units(value: &str) -> u64 {
    let (whole, places) = value.split_once('.').unwrap_or((value, ""));
    format!("{whole}{places:0<4}").parse().unwrap()
}

fn level(lateness: Lateness) -> Option<u8> {
    match lateness {
        Lateness::InTime => None,
        Lateness::Late => Some(1),
        Lateness::Missing => Some(2),
    }
}

impl Play {
    pub fn new() -> Self {
        Self {
            usage: empty(),
            model: UsageModel::default(),
            // Some weeks after a leap day.
            now: 1_837_000_000_123,
            sendings: Vec::new(),
            fixed: BTreeMap::new(),
            looks: Vec::new(),
        }
    }

    pub fn step(&mut self, step: &Step) {
        match step {
            Step::Report { quarters_ago, seconds, value, package } => {
                let latest = self.now / 1_000 / 900 * 900;
                let begin = latest - u64::from(*quarters_ago) * 900;
                self.report([begin, begin + u64::from(*seconds)], value, *package);
            }
            Step::Take { may_send, trusted } => self.take(*may_send, *trusted),
            Step::Settle { sending, answer } => self.settle(sending, *answer),
            Step::Again { window, value } => self.again(window, *value),
            Step::Wait { millis } => self.now = self.now.checked_add_signed(*millis).unwrap(),
            Step::Look { days } => {
                self.now += u64::from(*days) * 24 * 60 * 60 * 1_000;
                self.take(true, true);
                self.now += 10 * 60 * 1_000;
                self.take(true, true);
            }
        }
    }

    fn report(&mut self, seconds: [u64; 2], value: &str, package: Option<u8>) {
        let [begin, end] = seconds.map(|second| UnixMillis::new(second * 1_000));
        let reported = ReportedRecord {
            instance_id: id("i-1"),
            window: UsageWindow::new(begin, end).unwrap(),
            quantity: Quantity::parse(value).unwrap(),
            package: package.map(|package| id(&format!("p-{package}"))),
        };
        let (life, now) = (UsageLife::default(), UnixMillis::new(self.now));
        let before = self.usage.clone();
        let verdict = self.usage.accept(&reported, life, UsageCycle::Hourly, now);
        let expected = self.model.report(seconds, units(value), package, self.now);
        assert_eq!(verdict, expected, "{reported:?}");
        if !matches!(verdict, RecordVerdict::Accepted { .. }) {
            assert_eq!(self.usage, before);
        }
    }

    fn take(&mut self, may_send: bool, trusted: bool) {
        let clock = if trusted { ClockTrust::Trusted } else { ClockTrust::Doubted };
        let rules = TakeRules { cycle: UsageCycle::Hourly, clock, may_send };
        let taken = self.usage.take(rules, UnixMillis::new(self.now));
        if trusted {
            self.looks.push(self.now);
        }
        self.check_deleted(&taken.dropped.iter().map(|it| it.window).collect::<Vec<_>>());
        for (window, lateness) in taken.late {
            self.tell(window, lateness);
        }
        for sent in taken.outgoing {
            assert!(may_send);
            assert!(sent.record_time >= sent.window.end(), "fixed before its end");
            self.check_fixed(&sent);
            self.sendings.push(sent);
        }
        // A window that has not ended by this clock is left.
        let ended = self.usage.records.iter().filter(|it| millis(it.window.end()) <= self.now);
        for record in ended.filter_map(|record| record.waiting()) {
            let next = millis(record.next);
            assert!(next > self.now && next <= self.now + 70 * 60 * 1_000, "{record:?}");
        }
    }

    /// A window is deleted only if an earlier run, 10 minutes to 24 hours ago, found it old, too.
    fn check_deleted(&mut self, dropped: &[UsageWindow]) {
        let left: BTreeSet<u64> = self.usage.records.iter().map(|it| begin(it.window)).collect();
        let known = self.model.windows.iter().map(|window| window.begin);
        let gone: Vec<u64> = known.filter(|begin| !left.contains(begin)).collect();
        let mut waited = Vec::new();
        for begin in gone {
            let window = self.model.forget(begin);
            // If the clock goes back, the product may report it again, as a new one.
            self.fixed.retain(|(fixed, _), _| *fixed != begin);
            let old_at = (window.begin + window.lasts()) * 1_000;
            let span = 10 * 60 * 1_000..=24 * 60 * 60 * 1_000;
            let is_first = |look: &u64| {
                *look >= old_at && self.now.checked_sub(*look).is_some_and(|it| span.contains(&it))
            };
            assert!(self.looks.iter().any(is_first), "{window:?} was deleted by one look");
            if window.phase == WindowPhase::Waiting {
                waited.push(begin);
            }
        }
        waited.sort_unstable();
        assert_eq!(dropped.iter().map(|it| begin(*it)).collect::<Vec<_>>(), waited);
    }

    fn tell(&mut self, window: UsageWindow, lateness: Lateness) {
        let (expected, now) = (self.model.window(begin(window)).unwrap(), self.now);
        assert_eq!(expected.phase, WindowPhase::Waiting);
        level(lateness).into_iter().for_each(|level| expected.tell(level, now));
    }

    fn check_fixed(&mut self, sent: &OutgoingRecord) {
        let expected = self.model.window(begin(sent.window)).unwrap();
        let package = sent.package.as_ref().map(|package| package.to_string());
        let wanted = expected.package.map(|package| format!("p-{package}"));
        assert_eq!((expected.phase, package), (WindowPhase::Waiting, wanted));
        assert_eq!((expected.number, expected.value), (sent.number, units_of(sent.quantity)));
        let members = (sent.metering_sn(), millis(sent.record_time), sent.quantity.to_string());
        let key = (begin(sent.window), sent.number);
        let same_sn = |((_, number), (sn, ..)): (&(u64, u32), &(String, u64, String))| {
            *sn == members.0 && *number != sent.number
        };
        assert!(!self.fixed.iter().any(same_sn), "a number has an ID of its own");
        let first = self.fixed.entry(key).or_insert_with(|| members.clone());
        assert_eq!(*first, members, "a retry has other members");
    }

    fn settle(&mut self, sending: &Index, answer: Answer) {
        if self.sendings.is_empty() {
            return;
        }
        let sent = sending.get(&self.sendings).clone();
        let code = "MKT.0101".to_owned();
        let outcome = match answer {
            Answer::Sent => SendOutcome::Sent,
            Answer::Again(at_most) => SendOutcome::Again { code, at_most },
            Answer::Refused(may_reject) => SendOutcome::Refused { code, may_reject },
            Answer::Rejected => SendOutcome::Rejected { code },
        };
        let now = UnixMillis::new(self.now);
        let before = self.usage.clone();
        let settled = self.usage.settle(&sent, &outcome, UsageCycle::Hourly, now);
        assert_eq!(settled.changed, self.usage != before || self.is_waiting(&sent));
        let rejects = self.expect(&sent, answer);
        assert_eq!(settled.rejected, rejects, "{answer:?}");
        if level(settled.late).is_some() {
            self.tell(sent.window, settled.late);
        }
    }

    /// A window that waits is always written: its next time is moved.
    fn is_waiting(&self, sent: &OutgoingRecord) -> bool {
        let record = self.usage.record(sent.window);
        record.is_some_and(|it| it.number == sent.number && it.waiting().is_some())
    }

    /// Applies an answer to the model. Returns whether the window is rejected now.
    fn expect(&mut self, sent: &OutgoingRecord, answer: Answer) -> bool {
        let expected = self.model.window(begin(sent.window));
        // A window that was deleted may have been followed by another one that begins with it.
        let end = millis(sent.window.end()) / 1_000;
        let is_its = |it: &&mut ExpectedWindow| (it.end, it.number) == (end, sent.number);
        expected.filter(is_its).is_some_and(|it| it.answer(answer, self.now))
    }

    fn again(&mut self, window: &Index, value: Option<&str>) {
        if self.model.windows.is_empty() {
            return;
        }
        let place = window.index(self.model.windows.len());
        let expected = &mut self.model.windows[place];
        let [begin, end] = [expected.begin, expected.end].map(|it| UnixMillis::new(it * 1_000));
        let window = UsageWindow::new(begin, end).unwrap();
        let new = value.map_or(expected.value, units);
        let is_old = self.now > (expected.begin + 21 * super::expected::DAY) * 1_000;
        let can = !is_old && new > 0 && expected.phase != WindowPhase::Waiting;
        let quantity = value.and_then(Quantity::parse);
        let done = self.usage.send_again(window, quantity, UnixMillis::new(self.now));
        assert_eq!(done.is_ok(), can, "{done:?} for {expected:?}");
        if can {
            expected.value = new;
            expected.number += 1;
            expected.phase = WindowPhase::Waiting;
            expected.untold.clear();
            expected.refused = None;
        }
    }

    /// The value is as the model predicts, and its stored form contains all of it.
    pub fn check(&mut self) {
        let bytes = self.usage.to_bytes().unwrap();
        let read = InstanceUsage::from_bytes(&bytes).unwrap();
        assert_eq!(read, self.usage, "the stored form");
        self.usage = read;
        let mut windows: Vec<&ExpectedWindow> = self.model.windows.iter().collect();
        windows.sort_by_key(|window| window.begin);
        let wanted: Vec<_> = windows.iter().map(|it| (it.begin, it.end, it.phase)).collect();
        let records = &self.usage.records;
        let found: Vec<_> = records.iter().map(|it| seconds(it.window, phase(&it.state))).collect();
        assert_eq!(found, wanted);
        assert!(wanted.is_sorted_by(|first, second| first.1 <= second.0), "an overlap");
        assert_eq!(units(&self.usage.total().to_string()), self.model.sum(), "the sum");
        let due = self.usage.due();
        for record in records {
            let wanted = record.waiting().map(|it| it.next.max(record.window.end()));
            assert!(wanted.is_none() || due <= wanted && due.is_some(), "{due:?} {record:?}");
        }
    }

    /// Runs for 22 days, and for the sighting. Nothing is left.
    pub fn end(&mut self) {
        let newest = self.usage.records.iter().map(|it| millis(it.window.end())).max();
        self.now = self.now.max(newest.unwrap_or_default());
        for hours in [24 * 22, 1, 1] {
            self.now += hours * 60 * 60 * 1_000;
            self.take(true, true);
            self.check();
        }
        assert!(self.usage.records.is_empty() && self.usage.due().is_none());
    }
}

fn units_of(quantity: Quantity) -> u64 {
    units(&quantity.to_string())
}

fn begin(window: UsageWindow) -> u64 {
    millis(window.begin()) / 1_000
}

fn seconds(window: UsageWindow, phase: WindowPhase) -> (u64, u64, WindowPhase) {
    (begin(window), millis(window.end()) / 1_000, phase)
}

const fn phase(state: &RecordState) -> WindowPhase {
    match state {
        RecordState::Zero => WindowPhase::Zero,
        RecordState::Waiting(_) => WindowPhase::Waiting,
        RecordState::Sent => WindowPhase::Sent,
        RecordState::Rejected { .. } => WindowPhase::Rejected,
    }
}
