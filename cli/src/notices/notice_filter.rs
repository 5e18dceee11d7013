//! The options that select notices.

use std::time::Duration;

use clap::Args;
use protocol::time::UnixMillis;

use super::notice_line::NoticeLine;
use super::notice_types::{self, NoticeTypes};
use crate::local_time::parse_span;
use crate::time_text::parse_since;

/// The options that select notices. A notice must pass all of them.
#[derive(Args, Default)]
pub struct NoticeFilter {
    /// Only notices of this instance [default: all instances].
    #[arg(long)]
    pub instance: Option<String>,
    /// Only notices about this order, and notices of an instance that this order bought.
    #[arg(long)]
    pub order: Option<String>,
    /// Only the notice with this sequence number.
    #[arg(long, value_name = "NUMBER")]
    pub sequence: Option<u64>,
    /// Only notices of this type, or of this call of the marketplace, like refreshInstance.
    #[arg(long = "type", value_name = "TYPE", value_parser = notice_types::parser())]
    pub kinds: Option<NoticeTypes>,
    /// Only notices since this time, like 2026-11-01 or 2026-11-01T16:00 (in this machine's time
    /// zone), or 2026-11-01T16:00:00+08:00. The time of a notice is the time of its change.
    #[arg(long, value_parser = parse_since)]
    pub since: Option<UnixMillis>,
    /// Only notices whose time is longer ago than this span, like 30m, 1h or 2d.
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    pub older_than: Option<Duration>,
}

impl NoticeFilter {
    /// Whether a notice passes.
    pub fn selects(&self, line: &NoticeLine, now: UnixMillis) -> bool {
        self.is_about(line)
            && self.sequence.is_none_or(|sequence| line.sequence == Some(sequence))
            && self
                .kinds
                .as_ref()
                .is_none_or(|kinds| line.kind.is_some_and(|it| kinds.0.contains(&it)))
            && self.since.is_none_or(|since| since <= line.since)
            && self.older_than.is_none_or(|span| line.since.after(span) <= now)
    }

    /// Whether a line is about the wanted order. Without `--order` every line is.
    pub fn is_about(&self, line: &NoticeLine) -> bool {
        self.order.as_ref().is_none_or(|order| line.is_about_order(order))
    }
}
