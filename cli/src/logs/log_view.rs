//! A line of a log as it is printed: the time, the level and the message, then the IDs, then what went
//! wrong, then the rest.

use std::fmt::Write;

use protocol::time::UnixMillis;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::log_filter::LogLevel;
use super::log_line::{LogEvent, LogLine};
use crate::local_time::local_time;
use crate::shown::shown;

/// A name and its printed value.
type Field<'e> = (&'e str, String);

/// How lines are printed.
#[derive(Clone, Copy, Debug)]
pub struct LogView {
    /// Whether the JSON of the events is printed, and nothing else.
    pub is_json: bool,
    /// Whether colours are used.
    pub is_coloured: bool,
    /// Whether the technical fields are printed, too.
    pub has_all_fields: bool,
    /// The width of the terminal in columns; `None` if the output is not a terminal.
    pub width: Option<usize>,
}

impl LogView {
    /// Adds a line to a text. Returns `false` if the view has nothing for this line: a line without
    /// an event is not JSON.
    pub fn add(self, line: &LogLine<'_>, text: &mut String) -> bool {
        match &line.event {
            Some(event) if self.is_json => text.push_str(&event.json),
            Some(event) => self.add_event(event, text),
            None if self.is_json => return false,
            None => text.push_str(&shown(line.text)),
        }
        text.push('\n');
        true
    }

    fn add_event(self, event: &LogEvent<'_>, text: &mut String) {
        let level = event.text("level").unwrap_or_default();
        let colour = match LogLevel::named(level) {
            Some(LogLevel::Error) => RED,
            Some(LogLevel::Warn) => YELLOW,
            Some(LogLevel::Info) => GREEN,
            Some(LogLevel::Debug | LogLevel::Trace) | None => DIM,
        };
        self.paint(text, DIM, &time(event));
        text.push(' ');
        self.paint(text, colour, &format!("{:<5}", shown(level)));
        text.push(' ');
        self.paint(text, BOLD, &shown(event.text("message").unwrap_or_default()));
        let (ids, rest) = self.fields(event);
        let (aside, rest): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|(name, _)| self.width.is_some() && is_aside(name));
        let all = [&ids, &aside, &rest].into_iter().flatten();
        let len: usize = all.map(|(name, value)| name.width() + value.width() + "  =".len()).sum();
        if self.width.is_some_and(|width| HEAD_WIDTH + len > width) && !aside.is_empty() {
            self.add_fields(ids.iter().chain(&rest), text);
            text.push_str("\n  ");
            self.add_fields(aside.iter(), text);
        } else {
            self.add_fields(ids.iter().chain(&aside).chain(&rest), text);
        }
    }

    /// The names and values in the order of their printing: the IDs, and the others. Unknown names
    /// come after the known ones, in the order of the alphabet. Advice is last.
    fn fields<'e>(self, event: &'e LogEvent<'_>) -> (Vec<Field<'e>>, Vec<Field<'e>>) {
        let place = |name: &str| ORDER.iter().position(|known| *known == name);
        let members = event.members.iter().map(|(name, value)| (name.as_str(), value));
        let mut fields: Vec<Field<'e>> = members
            .filter(|(name, _)| !HEAD.contains(name))
            .filter(|(name, _)| self.has_all_fields || !TECHNICAL.contains(name))
            .map(|(name, value)| (name, value_text(value)))
            .collect();
        fields.sort_by_key(|(name, _)| (*name == ADVICE, place(name).unwrap_or(ORDER.len())));
        fields.into_iter().partition(|(name, _)| IDS.contains(name))
    }

    fn add_fields<'e>(self, fields: impl Iterator<Item = &'e Field<'e>>, text: &mut String) {
        for (name, value) in fields {
            text.push_str("  ");
            self.paint(text, DIM, &format!("{}=", shown(name)));
            self.paint(text, if IDS.contains(name) { CYAN } else { "" }, value);
        }
    }

    fn paint(self, text: &mut String, colour: &str, part: &str) {
        let _ = match self.is_coloured && !colour.is_empty() {
            true => write!(text, "{colour}{part}{RESET}"),
            false => write!(text, "{part}"),
        };
    }
}

/// Whether a field may get its own line.
fn is_aside(name: &str) -> bool {
    [ADVICE, "fault"].contains(&name)
}

/// The local time with milliseconds; the text of the log if it is not a time.
fn time(event: &LogEvent<'_>) -> String {
    let Some(at) = event.at() else {
        return shown(event.text("timestamp").unwrap_or("(no time)")).into_owned();
    };
    with_millis(&local_time(at), at)
}

fn with_millis(time: &str, at: UnixMillis) -> String {
    match time.rsplit_once(' ') {
        Some((clock, offset)) => format!("{clock}.{:03} {offset}", at.millis() % 1_000),
        None => time.to_owned(),
    }
}

/// A value without quotes, if they are not needed.
fn value_text(value: &Value) -> String {
    let is_plain = |text: &str| !text.is_empty() && !text.contains([' ', '"', '=']);
    match value {
        Value::String(text) if is_plain(text) => shown(text).into_owned(),
        value => shown(&value.to_string()).into_owned(),
    }
}

/// The members before all others.
const HEAD: [&str; 3] = ["timestamp", "level", "message"];
const IDS: [&str; 7] =
    ["orderId", "orderLineId", "noticeOrderId", "instanceId", "tenantId", "appId", "businessId"];
/// The members that only a developer of koohook needs.
const TECHNICAL: [&str; 9] = [
    "form",
    "key",
    "function",
    "reads",
    "writes",
    "storeMillis",
    "address",
    "businessId",
    "contract",
];
/// The usual width of the time, the level and the message.
const HEAD_WIDTH: usize = 55;
/// The members that a reader needs first.
const ORDER: [&str; 23] = [
    "orderId",
    "orderLineId",
    "noticeOrderId",
    "instanceId",
    "tenantId",
    "appId",
    "businessId",
    "entity",
    "activity",
    "code",
    "outcome",
    "type",
    "sequence",
    "attempt",
    "status",
    "cause",
    "fault",
    "reason",
    "error",
    "remarks",
    "remark",
    "notice",
    "count",
];
const ADVICE: &str = "advice";

const RESET: &str = "\u{1b}[0m";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const CYAN: &str = "\u{1b}[36m";

#[cfg(test)]
mod tests {
    use super::*;

    fn view(is_json: bool, is_coloured: bool, line: &str) -> String {
        let mut text = String::new();
        let view = LogView { is_json, is_coloured, has_all_fields: false, width: None };
        view.add(&LogLine::parse(line), &mut text);
        text
    }

    #[test]
    fn ids_come_first_and_advice_last() {
        let line = r#"{"level":"WARN","message":"notice offered","advice":"look there","millis":2,"cause":"timed out","instanceId":"i-1","orderId":"CS1","attempt":3}"#;
        let expected = "(no time) WARN  notice offered  orderId=CS1  instanceId=i-1  attempt=3  \
                        cause=\"timed out\"  millis=2  advice=\"look there\"\n";
        assert_eq!(view(false, false, line), expected);
        let coloured = view(false, true, line);
        assert!(coloured.contains("\u{1b}[33mWARN \u{1b}[0m"), "{coloured:?}");
    }

    #[test]
    fn a_terminal_shows_what_is_wrong_before_the_other_fields() {
        let line = r#"{"level":"WARN","message":"m","advice":"look","fault":"f","millis":2,"orderId":"CS1","reads":1}"#;
        let view = |width, has_all_fields| {
            let (is_json, is_coloured, mut text) = (false, false, String::new());
            let view = LogView { is_json, is_coloured, has_all_fields, width: Some(width) };
            view.add(&LogLine::parse(line), &mut text);
            text
        };
        let head = "(no time) WARN  m  orderId=CS1";
        assert_eq!(view(200, false), format!("{head}  fault=f  advice=look  millis=2\n"));
        assert_eq!(
            view(80, true),
            format!("{head}  millis=2  reads=1\n    fault=f  advice=look\n")
        );
    }

    #[test]
    fn no_value_can_control_the_terminal() {
        let event = "{\"level\":\"IN\\u001bFO\",\"message\":\"a\\u202eb\",\"timestamp\":\"\\u001b[2J\",\
                     \"\\u0007k\":\"v\\u001b[31m\",\"n\":{\"x\":\"\u{202e}\"}}";
        for line in [event, "text \u{1b}[31m \u{202e}"] {
            let printed = view(false, false, line);
            let hidden = |letter: char| letter.is_control() || letter == '\u{202e}';
            assert!(!printed.trim_end().contains(hidden), "{printed:?}");
        }
    }

    #[test]
    fn json_is_passed_on_unchanged_and_other_text_is_left_out() {
        let json = r#"{"message": "x",  "level":"INFO", "b":1.0, "a":"\u4e2d"}"#;
        assert_eq!(view(true, true, &format!("app | {json}")), format!("{json}\n"));
        assert_eq!(view(true, true, "panic"), "");
    }

    #[test]
    fn the_time_has_milliseconds() {
        let time = with_millis("2026-11-26 21:40:03 +08:00", UnixMillis::new(1_795_700_403_042));
        assert_eq!(time, "2026-11-26 21:40:03.042 +08:00");
    }
}
