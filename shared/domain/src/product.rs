//! What the product says: its answers to notices, and what it tells us by itself (decision E3).

use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::notice::NoticeType;
use protocol::app_info::{self, AppInfo};
use protocol::message::InstanceId;
use protocol::result_code::OrderRefused;

/// What an answer to a notice amounts to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// The product has the notice, and may have said what becomes of a purchase.
    Taken(Option<Told>),
    /// Not this time.
    Failed(Fault),
    /// The product never wants it.
    Gone,
}

/// What the product says of a purchase.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Told {
    /// The buyer gets in with this.
    Ready(AppInfo),
    /// It will not serve the order.
    Refused(OrderRefused),
    /// The same access data as for everybody, or else it will say later.
    AsTemplate,
    /// It will say later.
    Later,
}

/// Why an answer, or a message, is not one that can be used. Says what is wrong with it, and
/// nothing of what it is.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Fault {
    /// Not a status of success.
    #[error("status says no")]
    Status,
    /// No JSON object.
    #[error("body is no json object")]
    NotAnObject,
    /// Access data that cannot go over the wire.
    #[error(transparent)]
    AppInfo(#[from] app_info::Fault),
    /// No reason of the marketplace's table.
    #[error("refuse is no code from 000100 to 000107")]
    Reason,
    /// Access data and a refusal at once.
    #[error("appInfo and refuse at once")]
    Contradiction,
    /// Neither access data nor a refusal.
    #[error("neither appInfo nor refuse")]
    Nothing,
    /// Another type of message, or of another instance: one that was signed for something else.
    #[error("message of another type or instance")]
    Misdirected,
}

/// What servers and gateways say of themselves where they fail.
const SERVERS_WORDS: [&str; 32] = [
    "access",
    "apache",
    "bad",
    "busy",
    "cloudflare",
    "conflict",
    "connection",
    "denied",
    "error",
    "exceeded",
    "expired",
    "failed",
    "forbidden",
    "found",
    "gateway",
    "internal",
    "invalid",
    "limit",
    "maintenance",
    "method",
    "moved",
    "nginx",
    "not",
    "rate",
    "server",
    "service",
    "signature",
    "timeout",
    "too",
    "unauthorized",
    "unavailable",
    "upstream",
];
/// How much is kept of how an answer began, in characters.
const MAX_EXCERPT: usize = 80;

impl Answer {
    /// Reads the product's answer to a notice.
    pub fn read(kind: NoticeType, status: u16, body: &[u8]) -> Self {
        match status {
            200..=299 if kind != NoticeType::Created => Self::Taken(None),
            202 => Self::Taken(Some(Told::Later)),
            200..=299 => match created(body) {
                Ok(told) => Self::Taken(Some(told)),
                Err(fault) => Self::Failed(fault),
            },
            410 => Self::Gone,
            _ => Self::Failed(Fault::Status),
        }
    }
}

/// How an answer begins, with all left out that could be a secret or somebody's name: of an object
/// the names of its members, of a text the words that servers say of themselves.
pub fn excerpt(body: &[u8]) -> Option<String> {
    let words = match serde_json::from_slice::<Map<String, Value>>(body) {
        Ok(members) => members.into_iter().map(|(name, _)| name).collect(),
        Err(_) => known_words(&String::from_utf8_lossy(body)),
    };
    let text = words.join(" ");
    let text: String = text.chars().take(MAX_EXCERPT).collect();
    Some(text).filter(|text| !text.is_empty())
}

/// Any other word might be a password, or a buyer that the answer quotes.
fn known_words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphabetic()).map(str::to_lowercase);
    let mut said = Vec::new();
    for word in words.filter(|word| SERVERS_WORDS.contains(&word.as_str())) {
        if !said.contains(&word) {
            said.push(word);
        }
    }
    said
}

/// What the product tells us by itself: a Standard Webhook whose signature covers no path, so that
/// the body must name the instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstanceAccess {
    /// Of which instance.
    pub instance_id: InstanceId,
    /// What becomes of it.
    pub told: Told,
}

impl InstanceAccess {
    /// The one type of message that the product sends.
    pub const TYPE: &str = "instance.access";

    /// Reads a message that came to an instance's path.
    ///
    /// # Errors
    /// Where it is none, or was signed for something else: a notice of ours that somebody sends
    /// back, say.
    pub fn read(path_id: &InstanceId, body: &[u8]) -> Result<Self, Fault> {
        #[derive(Deserialize)]
        struct Message {
            #[serde(rename = "type")]
            kind: String,
            data: Map<String, Value>,
        }
        let Message { kind, data } =
            serde_json::from_slice(unmarked(body)).map_err(|_| Fault::NotAnObject)?;
        let named = data.get("instanceId").and_then(Value::as_str);
        if kind != Self::TYPE || named != Some(path_id.as_str()) {
            return Err(Fault::Misdirected);
        }
        match told(&data)? {
            Told::AsTemplate | Told::Later => Err(Fault::Nothing),
            told @ (Told::Ready(_) | Told::Refused(_)) => {
                Ok(Self { instance_id: path_id.clone(), told })
            }
        }
    }
}

/// A body without the byte-order mark that some frameworks write before it.
fn unmarked(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// The answer to a purchase; an empty body says as little as an empty object.
fn created(body: &[u8]) -> Result<Told, Fault> {
    let body = unmarked(body);
    if body.trim_ascii().is_empty() {
        return Ok(Told::AsTemplate);
    }
    let members: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| Fault::NotAnObject)?;
    told(&members)
}

fn told(members: &Map<String, Value>) -> Result<Told, Fault> {
    let said = |name: &str| members.get(name).filter(|value| !value.is_null());
    match (said("appInfo"), said("refuse")) {
        (Some(_), Some(_)) => Err(Fault::Contradiction),
        (Some(Value::Object(info)), None) if !info.contains_key("frontEndUrl") => {
            Err(Fault::AppInfo(app_info::Fault::FrontEndUrl))
        }
        (Some(info), None) => {
            let info: AppInfo = serde_json::from_value(info.clone())
                .map_err(|_| Fault::AppInfo(app_info::Fault::NotAnObject))?;
            Ok(Told::Ready(info.check()?))
        }
        (None, Some(reason)) => {
            let reason = serde_json::from_value(reason.clone()).map_err(|_| Fault::Reason)?;
            Ok(Told::Refused(reason))
        }
        (None, None) => Ok(Told::AsTemplate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(status: u16, body: &str) -> Answer {
        Answer::read(NoticeType::Created, status, body.as_bytes())
    }

    #[test]
    fn a_purchase_is_answered_in_one_of_five_ways() {
        let info = r#"{"frontEndUrl":"https://a.example","userName":"u"}"#;
        let ready = AppInfo::parse(info).unwrap();
        let cases = [
            (200, format!(r#"{{"appInfo":{info}}}"#), Answer::Taken(Some(Told::Ready(ready)))),
            (
                201,
                r#"{"refuse":"000106"}"#.to_owned(),
                Answer::Taken(Some(Told::Refused(OrderRefused::SoldOut))),
            ),
            (202, "whatever".to_owned(), Answer::Taken(Some(Told::Later))),
            (200, "{}".to_owned(), Answer::Taken(Some(Told::AsTemplate))),
            (204, " \n".to_owned(), Answer::Taken(Some(Told::AsTemplate))),
            (200, "\u{feff}{}".to_owned(), Answer::Taken(Some(Told::AsTemplate))),
            (
                200,
                "\u{feff}{\"refuse\":\"000106\"}\n".to_owned(),
                Answer::Taken(Some(Told::Refused(OrderRefused::SoldOut))),
            ),
            (410, String::new(), Answer::Gone),
        ];
        for (status, body, answer) in cases {
            assert_eq!(created(status, &body), answer, "{status} {body}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_a_failed_attempt() {
        let long = "x".repeat(80);
        let cases = [
            (500, "{}", Fault::Status),
            (302, "{}", Fault::Status),
            (404, "", Fault::Status),
            (200, "[]", Fault::NotAnObject),
            (200, "ok", Fault::NotAnObject),
            (200, r#"{"appInfo":{}}"#, Fault::AppInfo(app_info::Fault::FrontEndUrl)),
            (200, r#"{"appInfo":"x"}"#, Fault::AppInfo(app_info::Fault::NotAnObject)),
            (200, r#"{"refuse":"000108"}"#, Fault::Reason),
            (200, r#"{"refuse":106}"#, Fault::Reason),
            (
                200,
                r#"{"refuse":"000106","appInfo":{"frontEndUrl":"https://a.example"}}"#,
                Fault::Contradiction,
            ),
        ];
        for (status, body, fault) in cases {
            assert_eq!(created(status, body), Answer::Failed(fault), "{status} {body}");
        }
        let wide =
            format!(r#"{{"appInfo":{{"frontEndUrl":"https://a.example","password":"{long}"}}}}"#);
        let fault = Fault::AppInfo(app_info::Fault::TooLong("password"));
        assert_eq!(created(200, &wide), Answer::Failed(fault));
    }

    #[test]
    fn other_notices_are_taken_whatever_the_body_says() {
        let frozen = |status| Answer::read(NoticeType::Frozen, status, b"ok");
        assert_eq!(frozen(200), Answer::Taken(None));
        assert_eq!(frozen(202), Answer::Taken(None));
        assert_eq!(frozen(410), Answer::Gone);
        assert_eq!(frozen(304), Answer::Failed(Fault::Status));
    }

    #[test]
    fn a_message_is_for_the_instance_that_it_names() {
        let id = InstanceId::parse("i-1").unwrap();
        let read = |body: &str| InstanceAccess::read(&id, body.as_bytes());
        let refused = r#"{"type":"instance.access","data":{"instanceId":"i-1","refuse":"000100"}}"#;
        assert_eq!(read(refused).map(|it| it.told), Ok(Told::Refused(OrderRefused::NoResource)));
        let cases = [
            (refused.replace("i-1", "i-2"), Fault::Misdirected),
            (refused.replace("instance.access", "instance.created"), Fault::Misdirected),
            (refused.replace("refuse", "reuse"), Fault::Nothing),
            ("{}".to_owned(), Fault::NotAnObject),
            (String::new(), Fault::NotAnObject),
        ];
        for (body, fault) in cases {
            assert_eq!(read(&body), Err(fault), "{body}");
        }
    }
}
