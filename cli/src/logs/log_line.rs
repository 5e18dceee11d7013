//! One line of a log: an event of koohook, or other text.

use std::borrow::Cow;

use protocol::time::UnixMillis;
use serde_json::{Map, Value};

use crate::time_text;

/// One line of a log.
#[derive(Debug, PartialEq)]
pub struct LogLine<'a> {
    /// The whole line.
    pub text: &'a str,
    /// The event, if the line has one.
    pub event: Option<LogEvent<'a>>,
}

/// An event of koohook.
#[derive(Debug, PartialEq)]
pub struct LogEvent<'a> {
    /// Its JSON as the line has it.
    pub json: Cow<'a, str>,
    /// Its members.
    pub members: Map<String, Value>,
}

impl<'a> LogLine<'a> {
    /// Reads a line. Platforms write text before the JSON, or put the JSON as a text into their own
    /// JSON.
    pub fn parse(text: &'a str) -> Self {
        let starts = text.match_indices('{').take(MAX_STARTS).map(|(at, _)| at);
        let event = starts.filter_map(|at| text.get(at..)).find_map(LogEvent::parse);
        Self { text, event }
    }
}

impl<'a> LogEvent<'a> {
    fn parse(json: &'a str) -> Option<Self> {
        let members: Map<String, Value> = serde_json::from_str(json.trim_end()).ok()?;
        if is_event(&members) {
            return Some(Self { json: Cow::Borrowed(json.trim_end()), members });
        }
        let inner = WRAPPERS.into_iter().find_map(|name| members.get(name)?.as_str())?;
        let inner = inner.get(inner.find('{')?..)?.trim_end();
        let members = serde_json::from_str(inner).ok().filter(is_event)?;
        Some(Self { json: Cow::Owned(inner.to_owned()), members })
    }

    /// A member that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    /// When the event happened.
    pub fn at(&self) -> Option<UnixMillis> {
        time_text::parse(self.text("timestamp")?)
    }
}

/// Whether members are an event of koohook.
fn is_event(members: &Map<String, Value>) -> bool {
    ["level", "message"].iter().all(|name| members.get(*name).is_some_and(Value::is_string))
}

/// The members in which platforms put a line: Docker's files, journald, CloudWatch.
const WRAPPERS: [&str; 4] = ["log", "MESSAGE", "message", "@message"];
/// The most places of a line where its JSON may begin.
const MAX_STARTS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"timestamp":"2026-11-26T18:31:42.923398Z","level":"INFO","message":"callback","code":"000000"}"#;

    #[test]
    fn the_event_is_found_in_the_lines_of_platforms() {
        let quoted = serde_json::to_string(&format!("{EVENT}\n")).unwrap();
        for line in [
            EVENT.to_owned(),
            format!("{EVENT}\r"),
            format!("koohook-1  | {EVENT}"),
            format!("Nov 26 18:31:42 host koohook[12]: {EVENT}"),
            format!("2026-11-26T18:31:42.923Z 2026/11/26/[$LATEST]0a1b {{x}} {EVENT}"),
            format!(r#"{{"log":{quoted},"stream":"stdout","time":"2026-11-26T18:31:42Z"}}"#),
            format!(r#"{{"MESSAGE":{quoted},"_PID":"12"}}"#),
            format!(r#"{{"timestamp":1795700403999,"message":{quoted}}}"#),
        ] {
            let parsed = LogLine::parse(&line).event.expect(&line);
            assert_eq!(parsed.json, EVENT);
            assert_eq!(parsed.at(), Some(UnixMillis::new(1_795_717_902_923)));
        }
    }

    #[test]
    fn other_lines_have_no_event() {
        for line in [
            "",
            "{",
            "panicked at main.rs",
            r#"{"level":"INFO"}"#,
            r#"{"level":1,"message":"x"}"#,
            r#"{"type":"platform.start","record":{"level":"x"}}"#,
            r#"{"log":"no event {"}"#,
            "{{{{{{{{",
        ] {
            assert_eq!(LogLine::parse(line).event, None, "{line}");
        }
    }
}
