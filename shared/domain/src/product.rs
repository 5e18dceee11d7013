//! What the product says: its answers to notices, and what it tells us by itself (decision E3).

use protocol::app_info::{self, AppInfo};
use protocol::message::InstanceId;
use protocol::result_code::OrderRefused;
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::notice::NoticeType;

/// What an answer to a notice amounts to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// The product has the notice, and may have said what becomes of a purchase.
    Taken(Option<PurchaseAnswer>),
    /// Not this time.
    Failed(ProductError),
    /// The product never wants it.
    Gone,
}

/// What the product says of a purchase.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PurchaseAnswer {
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
pub enum ProductError {
    /// Not a status of success.
    #[error("status says no")]
    Status,
    /// No JSON object.
    #[error("body is no json object")]
    NotAnObject,
    /// Access data that cannot go over the wire.
    #[error(transparent)]
    AppInfo(#[from] app_info::AppInfoError),
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
            202 => Self::Taken(Some(PurchaseAnswer::Later)),
            200..=299 => match created(body) {
                Ok(told) => Self::Taken(Some(told)),
                Err(fault) => Self::Failed(fault),
            },
            410 => Self::Gone,
            _ => Self::Failed(ProductError::Status),
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
    pub told: PurchaseAnswer,
}

impl InstanceAccess {
    /// The one type of message that the product sends.
    pub const TYPE: &str = "instance.access";

    /// Reads a message that came to an instance's path.
    ///
    /// # Errors
    /// Where it is none, or was signed for something else: a notice of ours that somebody sends
    /// back, say.
    pub fn read(path_id: &InstanceId, body: &[u8]) -> Result<Self, ProductError> {
        #[derive(Deserialize)]
        struct Message {
            #[serde(rename = "type")]
            kind: String,
            data: Map<String, Value>,
        }
        let Message { kind, data } =
            serde_json::from_slice(unmarked(body)).map_err(|_| ProductError::NotAnObject)?;
        let named = data.get("instanceId").and_then(Value::as_str);
        if kind != Self::TYPE || named != Some(path_id.as_str()) {
            return Err(ProductError::Misdirected);
        }
        match told(&data)? {
            PurchaseAnswer::AsTemplate | PurchaseAnswer::Later => Err(ProductError::Nothing),
            told @ (PurchaseAnswer::Ready(_) | PurchaseAnswer::Refused(_)) => {
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
fn created(body: &[u8]) -> Result<PurchaseAnswer, ProductError> {
    let body = unmarked(body);
    if body.trim_ascii().is_empty() {
        return Ok(PurchaseAnswer::AsTemplate);
    }
    let members: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| ProductError::NotAnObject)?;
    told(&members)
}

fn told(members: &Map<String, Value>) -> Result<PurchaseAnswer, ProductError> {
    let said = |name: &str| members.get(name).filter(|value| !value.is_null());
    match (said("appInfo"), said("refuse")) {
        (Some(_), Some(_)) => Err(ProductError::Contradiction),
        (Some(Value::Object(info)), None) if !info.contains_key("frontEndUrl") => {
            Err(ProductError::AppInfo(app_info::AppInfoError::FrontEndUrl))
        }
        (Some(info), None) => {
            let info: AppInfo = serde_json::from_value(info.clone())
                .map_err(|_| ProductError::AppInfo(app_info::AppInfoError::NotAnObject))?;
            Ok(PurchaseAnswer::Ready(info.check()?))
        }
        (None, Some(reason)) => {
            let reason =
                serde_json::from_value(reason.clone()).map_err(|_| ProductError::Reason)?;
            Ok(PurchaseAnswer::Refused(reason))
        }
        (None, None) => Ok(PurchaseAnswer::AsTemplate),
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
            (
                200,
                format!(r#"{{"appInfo":{info}}}"#),
                Answer::Taken(Some(PurchaseAnswer::Ready(ready))),
            ),
            (
                201,
                r#"{"refuse":"000106"}"#.to_owned(),
                Answer::Taken(Some(PurchaseAnswer::Refused(OrderRefused::SoldOut))),
            ),
            (202, "whatever".to_owned(), Answer::Taken(Some(PurchaseAnswer::Later))),
            (200, "{}".to_owned(), Answer::Taken(Some(PurchaseAnswer::AsTemplate))),
            (204, " \n".to_owned(), Answer::Taken(Some(PurchaseAnswer::AsTemplate))),
            (200, "\u{feff}{}".to_owned(), Answer::Taken(Some(PurchaseAnswer::AsTemplate))),
            (
                200,
                "\u{feff}{\"refuse\":\"000106\"}\n".to_owned(),
                Answer::Taken(Some(PurchaseAnswer::Refused(OrderRefused::SoldOut))),
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
            (500, "{}", ProductError::Status),
            (302, "{}", ProductError::Status),
            (404, "", ProductError::Status),
            (200, "[]", ProductError::NotAnObject),
            (200, "ok", ProductError::NotAnObject),
            (200, r#"{"appInfo":{}}"#, ProductError::AppInfo(app_info::AppInfoError::FrontEndUrl)),
            (200, r#"{"appInfo":"x"}"#, ProductError::AppInfo(app_info::AppInfoError::NotAnObject)),
            (200, r#"{"refuse":"000108"}"#, ProductError::Reason),
            (200, r#"{"refuse":106}"#, ProductError::Reason),
            (
                200,
                r#"{"refuse":"000106","appInfo":{"frontEndUrl":"https://a.example"}}"#,
                ProductError::Contradiction,
            ),
        ];
        for (status, body, fault) in cases {
            assert_eq!(created(status, body), Answer::Failed(fault), "{status} {body}");
        }
        let wide =
            format!(r#"{{"appInfo":{{"frontEndUrl":"https://a.example","password":"{long}"}}}}"#);
        let fault = ProductError::AppInfo(app_info::AppInfoError::TooLong("password"));
        assert_eq!(created(200, &wide), Answer::Failed(fault));
    }

    #[test]
    fn other_notices_are_taken_whatever_the_body_says() {
        let frozen = |status| Answer::read(NoticeType::Frozen, status, b"ok");
        assert_eq!(frozen(200), Answer::Taken(None));
        assert_eq!(frozen(202), Answer::Taken(None));
        assert_eq!(frozen(410), Answer::Gone);
        assert_eq!(frozen(304), Answer::Failed(ProductError::Status));
    }

    #[test]
    fn a_message_is_for_the_instance_that_it_names() {
        let id = InstanceId::parse("i-1").unwrap();
        let read = |body: &str| InstanceAccess::read(&id, body.as_bytes());
        let refused = r#"{"type":"instance.access","data":{"instanceId":"i-1","refuse":"000100"}}"#;
        assert_eq!(
            read(refused).map(|it| it.told),
            Ok(PurchaseAnswer::Refused(OrderRefused::NoResource))
        );
        let cases = [
            (refused.replace("i-1", "i-2"), ProductError::Misdirected),
            (refused.replace("instance.access", "instance.created"), ProductError::Misdirected),
            (refused.replace("refuse", "reuse"), ProductError::Nothing),
            ("{}".to_owned(), ProductError::NotAnObject),
            (String::new(), ProductError::NotAnObject),
        ];
        for (body, fault) in cases {
            assert_eq!(read(&body), Err(fault), "{body}");
        }
    }
}
