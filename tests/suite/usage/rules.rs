//! The rules of usage records, without a store (decisions J1 to J6). [`messages`]: what the product
//! may send. [`accepted`]: which windows are accepted. [`sent`]: what the relay takes, and what an
//! answer changes. [`told`]: what an operator learns, and what an operator changes. [`forgotten`]:
//! when windows are deleted. [`model`]: random sequences, checked by a slow second implementation.
//!
//! These files use only `domain` and `protocol`, so that `tests/mutants` compiles them quickly.

mod accepted;
mod forgotten;
mod messages;
mod model;
mod sent;
mod told;

use domain::instance::ClockTrust;
use domain::usage::{
    InstanceUsage, OutgoingRecord, Quantity, RecordVerdict, ReportedRecord, TakeRules, UsageCycle,
    UsageLife, UsageWindow, WaitingRecord,
};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;

/// The rules of an hourly run that may send and may delete.
const HOURLY: TakeRules =
    TakeRules { cycle: UsageCycle::Hourly, clock: ClockTrust::Trusted, may_send: true };

/// A time from `yyyyMMddHHmmss`, with or without milliseconds.
fn at(digits: &str) -> UnixMillis {
    UnixMillis::from_utc_digits(digits).unwrap()
}

fn id(text: &str) -> InstanceId {
    InstanceId::parse(text).unwrap()
}

fn window(begin: &str, end: &str) -> UsageWindow {
    UsageWindow::new(at(begin), at(end)).unwrap()
}

fn reported(begin: &str, end: &str, value: &str) -> ReportedRecord {
    let quantity = Quantity::parse(value).unwrap();
    ReportedRecord { instance_id: id("i-1"), window: window(begin, end), quantity, package: None }
}

fn empty() -> InstanceUsage {
    InstanceUsage::new(id("i-1"))
}

/// Accepts a window of an hourly instance without a known life.
fn accept(usage: &mut InstanceUsage, record: &ReportedRecord, now: UnixMillis) -> RecordVerdict {
    usage.accept(record, UsageLife::default(), UsageCycle::Hourly, now)
}

/// The window from 10:00 to 11:00 of 1 March 2028, after a leap day.
const BEGIN: &str = "20280301100000";
const END: &str = "20280301110000";

/// An instance with that window, reported when it ended.
fn waiting() -> InstanceUsage {
    let mut usage = empty();
    let verdict = accept(&mut usage, &reported(BEGIN, END, "2.5"), at(END));
    assert_eq!(verdict, RecordVerdict::Accepted { is_late: false });
    usage
}

/// The only record, taken to be sent.
fn taken(usage: &mut InstanceUsage, now: &str) -> OutgoingRecord {
    let mut outgoing = usage.take(HOURLY, at(now)).outgoing;
    assert_eq!(outgoing.len(), 1, "at {now}");
    outgoing.remove(0)
}

fn only(usage: &InstanceUsage) -> &WaitingRecord {
    usage.records.first().and_then(|record| record.waiting()).unwrap()
}
