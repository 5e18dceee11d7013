//! The text of a post, for people and for programs.

use domain::alarm::{
    AlarmChange, AlarmLanguage, AlarmMessage, TEST, alarm_text, section, title, what_to_type,
};
use serde_json::{Value, json};

use crate::alarm_robot::{AlarmFormat, AlarmPost};

/// The post of some messages.
pub(super) fn post_of(messages: &[AlarmMessage], format: AlarmFormat) -> AlarmPost {
    let alarms = messages.iter().map(alarm).collect::<Vec<_>>();
    AlarmPost { text: alarm_text(messages, format.language()), alarms: Value::from(alarms) }
}

/// The post of `koohook alarms test`.
pub fn test_post() -> AlarmPost {
    AlarmPost { text: TEST.to_owned(), alarms: Value::Array(Vec::new()) }
}

/// One message in the format `json`.
fn alarm(message: &AlarmMessage) -> Value {
    let AlarmMessage { kind, change, since, now, count, oldest } = *message;
    json!({
        "kind": kind.as_str(),
        "change": word(change),
        "title": title(kind, AlarmLanguage::English),
        "since": since.to_rfc3339(),
        "at": now.to_rfc3339(),
        "count": count,
        "oldestSeconds": oldest.map(|oldest| oldest.as_secs()),
        "command": what_to_type(kind),
        "section": section(kind, AlarmLanguage::English),
    })
}

/// The word of a change, in the format `json` and in the log.
pub(super) const fn word(change: AlarmChange) -> &'static str {
    match change {
        AlarmChange::Began => "began",
        AlarmChange::Lasts => "lasts",
        AlarmChange::Ended => "ended",
    }
}
