//! The length of the stored usage of one instance: after a year, and when it is full.

use std::time::Duration;

use domain::instance::ClockTrust;
use domain::record::MAX_VALUE_LEN;
use domain::usage::{InstanceUsage, MAX_WINDOWS, SendOutcome, TakeRules, UsageCycle, UsageWindow};
use protocol::time::UnixMillis;

use super::stored::{accept, instance_id};
use crate::outcome::Result;
use crate::table::{FigureTable, FigureTarget};

/// 2027-01-01T00:00:00Z.
const YEAR: UnixMillis = UnixMillis::new(1_798_761_600_000);
const HOUR: Duration = Duration::from_hours(1);
const QUARTER: Duration = Duration::from_mins(15);
const RULES: TakeRules =
    TakeRules { cycle: UsageCycle::Hourly, clock: ClockTrust::Trusted, may_send: true };

/// Measures both, against the longest value of a store.
pub fn measure(table: &mut FigureTable) -> Result<()> {
    let limit = length(MAX_VALUE_LEN)?;
    for (figure, length) in [
        ("usage of a year of hours / longest value, bytes", length(a_year()?)?),
        ("  of as many quarter hours as fit, all unsent", length(full()?)?),
    ] {
        table.add(figure, [length, limit], length / limit, FigureTarget::RatioAtMost(1.0));
    }
    Ok(())
}

/// The greatest length in a year in which each hour is sent at once.
fn a_year() -> Result<usize> {
    let (mut usage, mut longest, mut begin) = (InstanceUsage::new(instance_id(0)?), 0, YEAR);
    for _ in 0..365 * 24 {
        let end = begin.after(HOUR);
        accept(&mut usage, window(begin, end)?, end)?;
        longest = longest.max(usage.to_bytes()?.len());
        // A run deletes what the run before found old.
        for now in [end, end.after(QUARTER)] {
            for sent in usage.take(RULES, now).outgoing {
                usage.settle(&sent, &SendOutcome::Sent, RULES.cycle, now);
            }
        }
        begin = end;
    }
    Ok(longest)
}

/// The length if the marketplace has refused every window so far.
fn full() -> Result<usize> {
    let (mut usage, mut begin) = (InstanceUsage::new(instance_id(0)?), YEAR);
    let outcome = SendOutcome::Refused { code: "MKT.9001".to_owned(), may_reject: false };
    for _ in 0..MAX_WINDOWS {
        let end = begin.after(QUARTER);
        accept(&mut usage, window(begin, end)?, end)?;
        let now = end.after(HOUR);
        for sent in usage.take(TakeRules { clock: ClockTrust::Doubted, ..RULES }, now).outgoing {
            usage.settle(&sent, &outcome, RULES.cycle, now);
        }
        begin = end;
    }
    Ok(usage.to_bytes()?.len())
}

fn window(begin: UnixMillis, end: UnixMillis) -> Result<UsageWindow> {
    UsageWindow::new(begin, end).ok_or_else(|| "a window has whole seconds".into())
}

fn length(bytes: usize) -> Result<f64> {
    Ok(f64::from(u32::try_from(bytes)?))
}
