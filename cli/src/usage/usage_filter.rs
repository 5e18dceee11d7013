//! The options that select windows.

use std::time::Duration;

use clap::Args;
use domain::usage::Lateness;
use protocol::time::UnixMillis;

use super::usage_line::UsageLine;
use super::usage_state::UsageStateOption;
use crate::local_time::parse_span;

/// The options that select windows. A window must pass all of them.
#[derive(Args, Default)]
pub struct UsageFilter {
    /// Only in these states, separated by commas [default: waiting, sending, rejected].
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STATES")]
    state: Vec<UsageStateOption>,
    /// Only windows that are late.
    #[arg(long)]
    late: bool,
    /// Only windows of this instance [default: all instances].
    #[arg(long)]
    pub instance: Option<String>,
    /// Only windows that ended longer ago than this span, like 30m, 1h or 2d.
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    older_than: Option<Duration>,
}

/// How many windows a command prints.
#[derive(Args, Clone, Copy)]
pub struct UsageLimit {
    /// The most windows that are printed.
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
    /// Print all of them.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl UsageFilter {
    /// Whether a window passes.
    pub fn selects(&self, line: &UsageLine, now: UnixMillis) -> bool {
        let states = if self.state.is_empty() { &UsageStateOption::OPEN[..] } else { &self.state };
        states.contains(&line.state())
            && (!self.late || line.lateness > Lateness::InTime)
            && self.older_than.is_none_or(|span| line.window().end().after(span) <= now)
    }
}

impl UsageLimit {
    /// The most windows that are printed.
    pub const fn most(self) -> usize {
        if self.all { usize::MAX } else { self.limit }
    }
}
