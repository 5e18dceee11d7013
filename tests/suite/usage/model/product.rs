//! What the product reports: windows at both sides of every limit, repeated, with other spellings,
//! overlapping, and out of order.

use domain::usage::Quantity;
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use serde_json::{Value, json};

use super::market::WindowName;
use super::scene::{PACKAGE, SoldInstance};
use super::{DAY, HOUR, MINUTE, SECOND, UsageSimulation};

/// A value and a package that were reported for a window.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ToldWindow {
    /// The value in ten-thousandths.
    pub value: u64,
    pub quantity: Quantity,
    pub package: Option<InstanceId>,
}

/// One record of a report.
#[derive(Clone, Debug)]
pub struct ProductRecord {
    pub name: WindowName,
    pub told: ToldWindow,
    /// The spelling of value and times.
    pub spelling: u64,
}

const LIMIT: u64 = 20 * DAY + 20 * HOUR;
/// Values in ten-thousandths.
const VALUES: [u64; 7] = [0, 1, 10_000, 25_000, 10_100, 123_456, 999_999_999_999];

impl ProductRecord {
    pub fn new(id: &str, [begin, end]: [u64; 2], value: u64, package: Option<&str>) -> Self {
        let quantity = Quantity::parse(&spelled(value, 0)).unwrap();
        let package = package.map(|package| InstanceId::parse(package).unwrap());
        let name = (id.to_owned(), begin, end);
        Self { name, told: ToldWindow { value, quantity, package }, spelling: 0 }
    }

    /// The record in the product's message.
    pub fn to_json(&self, place: usize) -> Value {
        let (id, begin, end) = &self.name;
        let ToldWindow { value, package, .. } = &self.told;
        let [begin, end] = [begin, end].map(|second| time(*second, self.spelling));
        let mut record = json!({
            "recordId": format!("r-{place}"), "instanceId": id, "beginTime": begin, "endTime": end,
            "value": spelled(*value, self.spelling),
        });
        if self.spelling % 5 == 3 {
            record["value"] = serde_json::from_str(&spelled(*value, 0)).unwrap();
        }
        if let Some(package) = package {
            record["relatedPackageInstanceId"] = package.as_str().into();
        }
        record
    }
}

/// A decimal with its shortest fraction, with four places, or with an exponent.
fn spelled(value: u64, spelling: u64) -> String {
    let (whole, fraction) = (value / 10_000, value % 10_000);
    let plain = format!("{whole}.{fraction:04}");
    match spelling % 5 {
        1 => plain,
        2 if value > 0 => format!("{value}e-4"),
        _ => plain.trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

/// RFC 3339 in UTC, or in Beijing.
fn time(second: u64, spelling: u64) -> String {
    let millis = second * 1_000;
    if spelling % 3 == 1 {
        let shifted = UnixMillis::new(millis + 8 * HOUR).to_rfc3339();
        return shifted.replace(".000Z", "+08:00");
    }
    let utc = UnixMillis::new(millis).to_rfc3339();
    if spelling % 3 == 2 { utc.replace(".000Z", "Z") } else { utc }
}

impl UsageSimulation {
    /// The records of one report.
    pub(super) fn records(&mut self, process: usize) -> Vec<ProductRecord> {
        let mut records = Vec::new();
        if !self.notes.unanswered.is_empty() && self.chance.one_in(2) {
            records.append(&mut self.notes.unanswered);
        }
        for _ in 0..=self.chance.below(12) {
            let record = if self.chance.one_in(5) { self.repeated() } else { None };
            records.push(record.unwrap_or_else(|| self.new_record(process)));
        }
        records
    }

    /// A window that was reported before, spelled differently, and sometimes with another value.
    fn repeated(&mut self) -> Option<ProductRecord> {
        let names: Vec<_> = self.notes.reported.keys().cloned().collect();
        if names.is_empty() {
            return None;
        }
        let name = self.chance.pick(&names).clone();
        let told = self.notes.reported[&name][0].clone();
        let mut record = ProductRecord { name, told, spelling: self.chance.below(15) };
        if self.chance.one_in(4) {
            let value = *self.chance.pick(&VALUES);
            let quantity = Quantity::parse(&spelled(value, 0)).unwrap();
            record.told = ToldWindow { value, quantity, ..record.told };
        }
        Some(record)
    }

    fn new_record(&mut self, process: usize) -> ProductRecord {
        let last = self.instances.len() - 1;
        let sold = self.instances[self.chance.place(last)].clone();
        let unknown = self.chance.one_in(60);
        let id = if unknown { "made-up-unknown".to_owned() } else { sold.id.clone() };
        let window = self.window(&sold, self.processes.time_of(process) / SECOND * SECOND);
        let value = *self.chance.pick(&VALUES);
        let value = if self.chance.one_in(2) { self.chance.below(1_000_000) } else { value };
        let package = self.chance.one_in(8).then_some(PACKAGE);
        let mut record =
            ProductRecord::new(&id, window.map(|millis| millis / SECOND), value, package);
        record.spelling = self.chance.below(15);
        record
    }

    /// The begin and the end of a window in milliseconds.
    fn window(&mut self, sold: &SoldInstance, now: u64) -> [u64; 2] {
        // A product's clock is right. If koohook's is not, the product reports only what has ended.
        let now = if self.has_wrong_clocks { self.processes.now / SECOND * SECOND } else { now };
        let hour = now / HOUR * HOUR;
        let near = self.chance.below(5) * SECOND;
        let begin_at = |begin: u64, len: u64| [begin, begin + len];
        let end_at = |end: u64, len: u64| [end - len, end];
        match self.chance.below(16) {
            0..=4 => end_at(hour - self.chance.below(5) * HOUR, HOUR),
            5 => end_at(now / (15 * MINUTE) * 15 * MINUTE, 15 * MINUTE),
            6 => end_at(hour - self.chance.below(120) * MINUTE, 90 * MINUTE),
            7 | 8 if self.has_wrong_clocks => end_at(hour, HOUR),
            7 => begin_at(now + 2 * SECOND - near - LIMIT, HOUR),
            8 => begin_at(now + 2 * SECOND - near - 21 * DAY, MINUTE),
            9 if self.has_wrong_clocks => end_at(now - near, MINUTE),
            9 => end_at(now + 3 * SECOND + near, MINUTE),
            10 => end_at(self.midnight(now), self.chance.below(24 * 60) * MINUTE + MINUTE),
            11 => end_at(
                sold.released_at.unwrap_or(now) / SECOND * SECOND + SECOND - near.min(2 * SECOND),
                HOUR,
            ),
            12 => {
                begin_at(sold.bought_at / SECOND * SECOND + SECOND - near.min(2 * SECOND), MINUTE)
            }
            13 => end_at(
                now + SECOND - near - *self.chance.pick(&[60, 90, 120]) * MINUTE,
                10 * MINUTE,
            ),
            14 => end_at(hour - self.chance.below(19 * 24) * HOUR, 24 * HOUR),
            _ => end_at(hour - self.chance.below(19 * 24 * 4) * 15 * MINUTE, 15 * MINUTE),
        }
    }

    /// The last midnight in UTC or in Beijing.
    fn midnight(&mut self, now: u64) -> u64 {
        let ahead = if self.chance.one_in(2) { 8 * HOUR } else { 0 };
        (now + ahead) / DAY * DAY - ahead
    }
}
