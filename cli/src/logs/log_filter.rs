//! The options that select lines of a log.

use std::time::SystemTime;

use clap::{Args, ValueEnum};
use domain::entity::Subject;
use protocol::message::InstanceId;
use protocol::time::UnixMillis;

use super::log_line::{LogEvent, LogLine};
use super::related_instances::RelatedInstances;
use crate::local_time::parse_span;
use crate::time_text::parse_since;

/// The options that select lines. A line must pass all of them.
#[derive(Args, Default)]
pub struct LogFilter {
    /// Only lines of this level, or of a more serious one.
    #[arg(long, value_enum, ignore_case = true)]
    level: Option<LogLevel>,
    /// Only lines about this order, or about one line of it: ORDER/LINE. Also the other lines about the
    /// instances that these lines name: a renewal has its own order.
    #[arg(long)]
    order: Option<String>,
    /// With --order, leave out lines that name only the instance.
    #[arg(long, requires = "order")]
    exact: bool,
    /// Only the lines of this request: its requestId.
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Only lines about this instance.
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Only lines about this enterprise.
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// Only lines about this call of the marketplace, for example newInstance.
    #[arg(long)]
    activity: Option<String>,
    /// Only lines since this time, like 2026-11-01 or 2026-11-01T16:00 (in this machine's time zone),
    /// or 2026-11-01T16:00:00+08:00, or of the last span, like 1h.
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    since: Option<UnixMillis>,
    /// Only lines before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    until: Option<UnixMillis>,
    /// Only lines that contain this text. Upper and lower case are the same.
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
}

/// A level, the most serious first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, ValueEnum)]
pub enum LogLevel {
    /// An operator must act.
    Error,
    /// An operator must read it.
    Warn,
    /// What happened.
    Info,
    /// Details for developers.
    Debug,
    /// More details.
    Trace,
}

impl LogLevel {
    /// The level with this name in a log.
    pub fn named(name: &str) -> Option<Self> {
        Self::from_str(name, true).ok()
    }
}

impl LogFilter {
    /// Whether the line passes. `related` learns the instances of the order, and counts the lines
    /// that pass only by their instance.
    pub fn selects(&self, line: &LogLine<'_>, related: &mut RelatedInstances) -> bool {
        let is_found = self.grep.as_ref().is_none_or(|text| contains(line.text, text));
        let Some(event) = &line.event else { return is_found && !self.needs_event() };
        let is_named = self.learn(event, related);
        let is_selected = is_found && self.passes(event) && (is_named || related.contains(event));
        related.added_lines += usize::from(is_selected && !is_named);
        is_selected
    }

    /// Whether the event names the wanted order. Without `--order` every event does. `related` learns
    /// its instance.
    pub fn learn(&self, event: &LogEvent<'_>, related: &mut RelatedInstances) -> bool {
        let Some(order) = self.order.as_deref() else { return true };
        let is_named = is_about_order(event, order);
        if is_named && !self.exact {
            related.learn(event);
        }
        is_named
    }

    /// A text that each line about the order contains, if the instances of an order are wanted.
    pub fn text_of_order(&self) -> Option<&str> {
        self.order.as_deref().filter(|_| !self.exact).and_then(|order| order.split('/').next())
    }

    /// Whether only an event can pass.
    fn needs_event(&self) -> bool {
        let names = [&self.order, &self.instance, &self.tenant, &self.activity, &self.request];
        let times = [self.since, self.until];
        self.level.is_some()
            || names.iter().any(|name| name.is_some())
            || times.iter().any(Option::is_some)
    }

    fn passes(&self, event: &LogEvent<'_>) -> bool {
        let is = |wanted: &Option<String>, name: &str| {
            wanted.as_deref().is_none_or(|wanted| event.text(name) == Some(wanted))
        };
        self.level.is_none_or(|most| level(event).is_none_or(|level| level <= most))
            && is(&self.tenant, "tenantId")
            && is(&self.activity, "activity")
            && is(&self.request, "requestId")
            && self.instance.as_deref().is_none_or(|id| is_about_instance(event, id))
            && self.since.is_none_or(|since| event.at().is_some_and(|at| since <= at))
            && self.until.is_none_or(|until| event.at().is_some_and(|at| at < until))
    }
}

fn level(event: &LogEvent<'_>) -> Option<LogLevel> {
    event.text("level").and_then(LogLevel::named)
}

/// An order's ID may contain a slash, so both readings count.
fn is_about_order(event: &LogEvent<'_>, wanted: &str) -> bool {
    if event.text("noticeOrderId") == Some(wanted) {
        return true;
    }
    let Some(order) = event.text("orderId") else { return false };
    let line = wanted.strip_prefix(order).and_then(|rest| rest.strip_prefix('/'));
    order == wanted || line.is_some_and(|line| event.text("orderLineId") == Some(line))
}

/// Some lines have no ID, but the key of the entity's record: lines of older versions as `key`, and
/// lines about a record that cannot be read as `entity`.
fn is_about_instance(event: &LogEvent<'_>, wanted: &str) -> bool {
    let has_key = |key: &str| {
        let id = InstanceId::parse(wanted).ok();
        id.is_some_and(|id| Subject::Instance(id).key() == key)
    };
    event.text("instanceId") == Some(wanted)
        || ["key", "entity"].iter().any(|name| event.text(name).is_some_and(has_key))
}

fn contains(text: &str, wanted: &str) -> bool {
    text.contains(wanted) || text.to_lowercase().contains(&wanted.to_lowercase())
}

/// Reads a time, or a span before now.
fn parse_moment(text: &str) -> Result<UnixMillis, String> {
    let fault = match parse_since(text) {
        Ok(moment) => return Ok(moment),
        Err(fault) => fault,
    };
    let span = parse_span(text).map_err(|_| format!("{fault}, or a span like 1h"))?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let millis = now.saturating_sub(span).as_millis();
    Ok(UnixMillis::new(u64::try_from(millis).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"x {"timestamp":"2026-11-26T18:31:42Z","level":"WARN","message":"callback",
        "activity":"newInstance","orderId":"CS/1","orderLineId":"7","instanceId":"i-1","tenantId":"t"}"#;

    fn selects(filter: LogFilter, text: &str) -> bool {
        filter.selects(&LogLine::parse(text), &mut RelatedInstances::default())
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn each_option_selects_and_rejects() {
        let none = LogFilter::default;
        let at = |text| parse_since(text).ok();
        let key = Subject::Instance(InstanceId::parse("i-1").unwrap()).key();
        let older = format!(r#"{{"level":"INFO","message":"x","key":"{key}"}}"#);
        for (filter, line, expected) in [
            (none(), LINE, true),
            (none(), "other", true),
            (LogFilter { level: Some(LogLevel::Warn), ..none() }, LINE, true),
            (LogFilter { level: Some(LogLevel::Warn), ..none() }, "other", false),
            (LogFilter { level: Some(LogLevel::Error), ..none() }, LINE, false),
            (LogFilter { order: text("CS/1"), ..none() }, LINE, true),
            (LogFilter { order: text("CS/1/7"), ..none() }, LINE, true),
            (LogFilter { order: text("CS/1/8"), ..none() }, LINE, false),
            (LogFilter { order: text("CS/17"), ..none() }, LINE, false),
            (LogFilter { order: text("CS"), ..none() }, LINE, false),
            (LogFilter { instance: text("i-1"), ..none() }, LINE, true),
            (LogFilter { instance: text("i-1"), ..none() }, older.as_str(), true),
            (LogFilter { instance: text("i-2"), ..none() }, older.as_str(), false),
            (LogFilter { tenant: text("t"), ..none() }, LINE, true),
            (LogFilter { tenant: text("t2"), ..none() }, LINE, false),
            (LogFilter { activity: text("newInstance"), ..none() }, LINE, true),
            (LogFilter { activity: text("releaseInstance"), ..none() }, LINE, false),
            (LogFilter { since: at("2026-11-26T18:31:42Z"), ..none() }, LINE, true),
            (LogFilter { since: at("2026-11-26T18:31:43Z"), ..none() }, LINE, false),
            (LogFilter { until: at("2026-11-26T18:31:42Z"), ..none() }, LINE, false),
            (LogFilter { until: at("2026-11-26T18:31:43Z"), ..none() }, LINE, true),
            (LogFilter { grep: text("NEWinstance"), ..none() }, LINE, true),
            (LogFilter { grep: text("OTHER"), ..none() }, "other", true),
            (LogFilter { grep: text("absent"), ..none() }, LINE, false),
        ] {
            assert_eq!(selects(filter, line), expected, "{line}");
        }
    }

    #[test]
    fn a_moment_is_a_time_or_a_span_before_now() {
        assert_eq!(parse_moment("20261126"), parse_since("20261126"));
        assert!(parse_moment("1h").unwrap() > parse_moment("2h").unwrap());
        assert!(parse_moment("soon").unwrap_err().ends_with("or a span like 1h"));
    }
}
