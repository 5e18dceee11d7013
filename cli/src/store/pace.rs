//! The progress of work with many values: one line on a terminal, with the rate and the time that is left.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use crate::local_time::span_text;
use crate::output;

/// A line that overwrites itself. It disappears when it is dropped. Without a terminal it prints nothing.
pub struct CopyPace {
    what: &'static str,
    total: Option<u64>,
    count: u64,
    begun: Instant,
    next: Option<Instant>,
}

impl CopyPace {
    /// A line that says how many values are `what`, for example `copied`.
    pub fn new(what: &'static str, total: Option<u64>) -> Self {
        let begun = Instant::now();
        let next = io::stderr().is_terminal().then(|| begun + INTERVAL);
        Self { what, total, count: 0, begun, next }
    }

    /// Counts more values.
    pub fn add(&mut self, count: usize) {
        self.count = self.count.saturating_add(u64::try_from(count).unwrap_or_default());
        let now = Instant::now();
        if self.next.is_some_and(|next| next <= now) {
            output::print_aside(format_args!("\r{CLEAR}{}", self.text(now - self.begun)));
            self.next = Some(now + INTERVAL);
        }
    }

    fn text(&self, elapsed: Duration) -> String {
        let Self { what, count, .. } = *self;
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = count.saturating_mul(1_000) / millis;
        let Some(total) = self.total else { return format!("{count} values {what}, {rate}/s") };
        let left = Duration::from_secs(total.saturating_sub(count) / rate.max(1));
        format!("{count} of {total} values {what}, {rate}/s, {} left", span_text(left))
    }
}

impl Drop for CopyPace {
    fn drop(&mut self) {
        if self.next.is_some() {
            output::print_aside(format_args!("\r{CLEAR}"));
        }
    }
}

/// How often the line changes.
const INTERVAL: Duration = Duration::from_millis(250);
/// Clears the line of a terminal.
const CLEAR: &str = "\u{1b}[2K";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_many_how_fast_and_how_long() {
        let pace = CopyPace { count: 500, ..CopyPace::new("restored", Some(2_000)) };
        let text = pace.text(Duration::from_secs(5));
        assert_eq!(text, "500 of 2000 values restored, 100/s, 15 s left");
        let pace = CopyPace { count: 500, ..CopyPace::new("copied", None) };
        assert_eq!(pace.text(Duration::ZERO), "500 values copied, 500000/s");
    }
}
