//! The words of a message. They contain counts and times, and neither personal data nor IDs.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::kind::AlarmKind;
use super::schedule::{AlarmChange, AlarmMessage};

/// The language of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AlarmLanguage {
    /// English, with times in UTC.
    English,
    /// Chinese, with Beijing time.
    Chinese,
}

/// The text of a test message, in both languages.
pub const TEST: &str = "koohook: this is a test of the alarms; nothing is wrong\n\
                        koohook：这是告警的测试消息，一切正常";

/// The text of one post: a paragraph for each message.
pub fn alarm_text(messages: &[AlarmMessage], language: AlarmLanguage) -> String {
    let paragraphs = messages.iter().map(|message| paragraph(message, language));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// What is wrong, in one sentence.
pub const fn title(kind: AlarmKind, language: AlarmLanguage) -> &'static str {
    let (english, chinese) = match kind {
        AlarmKind::CallsFailed => (
            "koohook answers 000005 to calls of the marketplace",
            "koohook 对云商店的调用应答 000005",
        ),
        AlarmKind::StoreDown => ("the store does not work", "存储不可用"),
        AlarmKind::ProductDown => ("the product does not accept notices", "业务系统不接受通知"),
        AlarmKind::PurchasesPending => {
            ("purchases wait long for access data", "有新购订单长时间没有使用信息")
        }
        AlarmKind::PurchasesAbandoned => ("purchases were abandoned", "有新购订单被放弃"),
        AlarmKind::NoticesDead => ("notices were given up", "有通知已停止重试（死信）"),
        AlarmKind::UsageLate => ("usage is late", "话单迟报"),
        AlarmKind::UsageKey => {
            ("usage waits for a key that the marketplace accepts", "话单等待云商店接受的密钥")
        }
        AlarmKind::ClocksDiffer => {
            ("the clocks of koohook and of the store differ", "koohook 与存储的时钟不一致")
        }
    };
    language.choose(english, chinese)
}

/// The command that shows an operator more.
pub const fn what_to_type(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::CallsFailed => "koohook logs koohook.log --level error --since 1h",
        AlarmKind::StoreDown => "koohook store check",
        AlarmKind::ProductDown | AlarmKind::ClocksDiffer => "koohook check",
        AlarmKind::PurchasesPending => {
            "koohook instances list --state pending --older-than 30m --all"
        }
        AlarmKind::PurchasesAbandoned => "koohook instances list --state abandoned",
        AlarmKind::NoticesDead => "koohook notices list --state dead",
        AlarmKind::UsageLate => "koohook usage list --late",
        AlarmKind::UsageKey => "koohook usage list",
    }
}

/// The section of the pages that explains it.
pub fn section(kind: AlarmKind, language: AlarmLanguage) -> String {
    let page = language.choose("docs/alarms.md", "docs/alarms.zh-CN.md");
    format!("{page}#{}", kind.as_str())
}

impl AlarmLanguage {
    const fn choose(self, english: &'static str, chinese: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// A time to the minute.
    fn time(self, at: UnixMillis) -> String {
        let (ahead, name) = match self {
            Self::English => (Duration::ZERO, "UTC"),
            Self::Chinese => (BEIJING, "北京时间"),
        };
        let minute: String = at.after(ahead).to_rfc3339().chars().take(MINUTE_LEN).collect();
        format!("{} {name}", minute.replace('T', " "))
    }

    /// A span, in its two largest units.
    fn span(self, span: Duration) -> String {
        let minutes = span.as_secs() / 60;
        let (hours, days) = (minutes / 60, minutes / (24 * 60));
        let [d, h, min] = match self {
            Self::English => ["d", "h", "min"],
            Self::Chinese => ["天", "小时", "分钟"],
        };
        match (days, hours) {
            (0, 0) => format!("{minutes} {min}"),
            (0, _) => format!("{hours} {h} {} {min}", minutes % 60),
            (_, _) => format!("{days} {d} {} {h}", hours % 24),
        }
    }
}

/// Title, times and count, the command, and the section.
fn paragraph(message: &AlarmMessage, language: AlarmLanguage) -> String {
    let title = title(message.kind, language);
    let (separator, head) = match (message.change, language) {
        (AlarmChange::Began, AlarmLanguage::English) => (": ", "koohook"),
        (AlarmChange::Began, AlarmLanguage::Chinese) => ("：", "koohook"),
        (AlarmChange::Lasts, AlarmLanguage::English) => (": ", "koohook, still"),
        (AlarmChange::Lasts, AlarmLanguage::Chinese) => ("：", "koohook（仍在持续）"),
        (AlarmChange::Ended, AlarmLanguage::English) => (": ", "koohook, over"),
        (AlarmChange::Ended, AlarmLanguage::Chinese) => ("：", "koohook（已结束）"),
    };
    let mut lines = vec![format!("{head}{separator}{title}"), times(message, language)];
    lines.extend(count(message, language));
    if message.change != AlarmChange::Ended {
        let (type_this, command) =
            (language.choose("type: ", "请执行："), what_to_type(message.kind));
        lines.push(format!("{type_this}{command}"));
    }
    let read = language.choose("read: ", "说明：");
    lines.push(format!("{read}{}", section(message.kind, language)));
    lines.join("\n")
}

fn times(message: &AlarmMessage, language: AlarmLanguage) -> String {
    let since = language.time(message.since);
    let lasted = language.span(message.now.since(message.since));
    let now = || language.time(message.now);
    match (message.change, language) {
        (AlarmChange::Began, AlarmLanguage::English) => format!("since {since}"),
        (AlarmChange::Began, AlarmLanguage::Chinese) => format!("开始于 {since}"),
        (AlarmChange::Lasts, AlarmLanguage::English) => format!("since {since}, for {lasted}"),
        (AlarmChange::Lasts, AlarmLanguage::Chinese) => {
            format!("开始于 {since}，已持续 {lasted}")
        }
        (AlarmChange::Ended, AlarmLanguage::English) => {
            format!("from {since} to {}, {lasted}", now())
        }
        (AlarmChange::Ended, AlarmLanguage::Chinese) => {
            format!("从 {since} 到 {}，共 {lasted}", now())
        }
    }
}

/// How many. At the end there is no count of what exists now.
fn count(message: &AlarmMessage, language: AlarmLanguage) -> Option<String> {
    let AlarmMessage { kind, count, .. } = *message;
    if message.change == AlarmChange::Ended && !kind.adds_up() {
        return None;
    }
    let (english, chinese) = match kind {
        AlarmKind::CallsFailed => ("calls answered 000005: ", "应答 000005 的调用数："),
        AlarmKind::StoreDown => ("failed attempts to use it: ", "访问失败次数："),
        AlarmKind::ProductDown => ("failed attempts: ", "投递失败次数："),
        AlarmKind::PurchasesPending => ("purchases that wait: ", "等待的订单数："),
        AlarmKind::PurchasesAbandoned => ("purchases: ", "订单数："),
        AlarmKind::NoticesDead => ("entities with dead letters: ", "有死信的对象数："),
        AlarmKind::UsageLate => ("windows: ", "时段数："),
        AlarmKind::UsageKey => ("times: ", "次数："),
        AlarmKind::ClocksDiffer => ("seconds: ", "相差秒数："),
    };
    let most = count >= MOST_COUNTED && !kind.adds_up();
    let at_least = if most { language.choose("at least ", "至少 ") } else { "" };
    let oldest = message.oldest.map(|oldest| {
        let words = language.choose("; the oldest for at least ", "；最早的已等待至少 ");
        format!("{words}{}", language.span(oldest))
    });
    let name = language.choose(english, chinese);
    Some(format!("{name}{at_least}{count}{}", oldest.unwrap_or_default()))
}

const BEIJING: Duration = Duration::from_hours(8);
/// The length of `2026-10-05T21:09`.
const MINUTE_LEN: usize = 16;
/// The relay counts no more.
const MOST_COUNTED: u64 = 10_000;

#[cfg(test)]
mod tests {
    use super::super::schedule::MAX_MESSAGES;
    use super::*;

    fn message(kind: AlarmKind, change: AlarmChange) -> AlarmMessage {
        // `date -u -d @1791234567` prints 2026-10-05 21:09:27.
        let since = UnixMillis::new(1_791_234_567_000);
        let now = since.after(Duration::from_mins(125));
        AlarmMessage { kind, change, since, now, count: 3, oldest: None }
    }

    #[test]
    fn a_message_says_what_since_when_how_many_and_what_to_type() {
        let kind = AlarmKind::PurchasesPending;
        let oldest = Some(Duration::from_mins(47));
        let began = AlarmMessage { oldest, ..message(kind, AlarmChange::Began) };
        let lines: Vec<_> = [
            "koohook: purchases wait long for access data",
            "since 2026-10-05 21:09 UTC",
            "purchases that wait: 3; the oldest for at least 47 min",
            "type: koohook instances list --state pending --older-than 30m --all",
            "read: docs/alarms.md#purchases-pending",
        ]
        .into();
        assert_eq!(alarm_text(&[began], AlarmLanguage::English), lines.join("\n"));
    }

    #[test]
    fn chinese_messages_have_beijing_time() {
        let kind = AlarmKind::ProductDown;
        let [lasts, ended] = [AlarmChange::Lasts, AlarmChange::Ended].map(|it| message(kind, it));
        let text = alarm_text(&[lasts, ended], AlarmLanguage::Chinese);
        let expected = "koohook（仍在持续）：业务系统不接受通知\n\
                        开始于 2026-10-06 05:09 北京时间，已持续 2 小时 5 分钟\n\
                        投递失败次数：3\n\
                        请执行：koohook check\n\
                        说明：docs/alarms.zh-CN.md#product-down\n\n\
                        koohook（已结束）：业务系统不接受通知\n\
                        从 2026-10-06 05:09 北京时间 到 2026-10-06 07:14 北京时间，共 2 小时 5 分钟\n\
                        投递失败次数：3\n\
                        说明：docs/alarms.zh-CN.md#product-down";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_messages_of_a_post_are_short_and_plain() {
        // A text of WeCom's robot has at most 2,048 bytes. Some channels read `<`, `*` and `@`.
        for language in [AlarmLanguage::English, AlarmLanguage::Chinese] {
            let mut lens = AlarmKind::ALL.map(|kind| {
                let oldest = Some(Duration::from_hours(61));
                let count = u64::MAX;
                let message = AlarmMessage { count, oldest, ..message(kind, AlarmChange::Lasts) };
                let text = alarm_text(&[message], language);
                assert!(!text.contains(['<', '>', '&', '*', '@', '`', '[']), "{text}");
                text.len()
            });
            lens.sort_unstable();
            let longest: usize = lens.iter().rev().take(MAX_MESSAGES).map(|len| len + 2).sum();
            assert!(longest <= 2_048, "{longest}");
        }
    }
}
