//! The options that select notices.

use std::time::Duration;

use clap::Args;
use domain::notice::NoticeType;
use protocol::time::UnixMillis;
use serde_json::Value;

use super::notice_line::NoticeLine;
use crate::local_time::parse_span;
use crate::time_text::parse_since;

/// The options that select notices. A notice must pass all of them.
#[derive(Args)]
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
    /// Only notices of this type, for example instance.created.
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_type)]
    pub kind: Option<NoticeType>,
    /// Only notices since this time, like 2026-11-01 (UTC) or 2026-11-01T16:00:00+08:00. The time of a
    /// waiting notice is the time of its change. The time of a dead letter is the time when it was
    /// given up.
    #[arg(long, value_parser = parse_since)]
    pub since: Option<UnixMillis>,
    /// Only notices whose time is longer ago than this span, like 30m, 1h or 2d.
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    pub older_than: Option<Duration>,
}

impl NoticeFilter {
    /// Whether a notice passes.
    pub fn selects(&self, line: &NoticeLine, now: UnixMillis) -> bool {
        self.order.as_ref().is_none_or(|order| line.is_about_order(order))
            && self.sequence.is_none_or(|sequence| line.sequence == Some(sequence))
            && self.kind.is_none_or(|kind| line.kind == Some(kind))
            && self.since.is_none_or(|since| since <= line.since)
            && self.older_than.is_none_or(|span| line.since.after(span) <= now)
    }
}

fn parse_type(text: &str) -> Result<NoticeType, String> {
    serde_json::from_value(Value::from(text)).map_err(|_| {
        "not a type of notices; write one like instance.created. docs/product.md lists all"
            .to_owned()
    })
}
