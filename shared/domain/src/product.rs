//! The product's answers to notices, and its own messages (decision E3).

mod excerpt;
mod instance_access;

use protocol::app_info::{AppInfo, AppInfoError};
use protocol::result_code::OrderRefused;
use serde_json::{Map, Value};
use thiserror::Error;

pub use self::excerpt::excerpt;
pub use self::instance_access::InstanceAccess;
use crate::notice::NoticeType;

/// The product's answer to a purchase.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PurchaseAnswer {
    /// The instance is ready, with this access data.
    Ready(AppInfo),
    /// The product refuses the order.
    Refused(OrderRefused),
    /// The instance is ready with the template's access data. Without a template, the product sends
    /// the access data later.
    AsTemplate,
    /// The product sends the access data later.
    Later,
}

/// Why an answer or a message of the product cannot be used. The text quotes no part of it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ProductError {
    /// The product answered 410 Gone: it will never accept the notice.
    #[error("product answered 410 Gone")]
    Gone,
    /// The status is not a success.
    #[error("status is not a success")]
    Status,
    /// The body is not a JSON object.
    #[error("body is not a JSON object")]
    NotAnObject,
    /// The message has no type or no data.
    #[error(
        "type or data is missing or malformed; send type as a text and data as an object, each once"
    )]
    NotAMessage,
    /// The access data cannot be sent to the marketplace.
    #[error(transparent)]
    AppInfo(#[from] AppInfoError),
    /// `refuse` is not a code of the marketplace's table.
    #[error("refuse is not a code from 000100 to 000107")]
    Reason,
    /// The message has both access data and a refusal.
    #[error("both appInfo and refuse are set; send only one")]
    Contradiction,
    /// The message has neither access data nor a refusal.
    #[error("neither appInfo nor refuse is set; send one")]
    Nothing,
    /// The message has another type or names another instance, so it was not signed for this
    /// request.
    #[error("type is not instance.access, or instanceId is not the one in the path")]
    Misdirected,
}

/// Parses the product's answer to a notice. Only the answer to a purchase has a [`PurchaseAnswer`].
///
/// # Errors
/// [`ProductError::Gone`] if the product will never accept the notice. Any other error if koohook
/// must offer the notice again.
pub fn read_answer(
    kind: NoticeType,
    status: u16,
    body: &[u8],
) -> Result<Option<PurchaseAnswer>, ProductError> {
    match status {
        200..=299 if kind != NoticeType::Created => Ok(None),
        202 => Ok(Some(PurchaseAnswer::Later)),
        200..=299 => created(body).map(Some),
        410 => Err(ProductError::Gone),
        _ => Err(ProductError::Status),
    }
}

/// The body without its byte-order mark, which some frameworks write.
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// Parses the answer to a purchase. An empty body means the same as an empty object.
fn created(body: &[u8]) -> Result<PurchaseAnswer, ProductError> {
    let body = without_mark(body);
    if body.trim_ascii().is_empty() {
        return Ok(PurchaseAnswer::AsTemplate);
    }
    let members: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| ProductError::NotAnObject)?;
    purchase_answer(&members)
}

fn purchase_answer(members: &Map<String, Value>) -> Result<PurchaseAnswer, ProductError> {
    let member = |name: &str| members.get(name).filter(|value| !value.is_null());
    match (member("appInfo"), member("refuse")) {
        (Some(_), Some(_)) => Err(ProductError::Contradiction),
        (Some(Value::Object(info)), None) if !info.contains_key("frontEndUrl") => {
            Err(ProductError::AppInfo(AppInfoError::FrontEndUrl))
        }
        (Some(info), None) => {
            let info: AppInfo = serde_json::from_value(info.clone())
                .map_err(|_| ProductError::AppInfo(AppInfoError::NotAnObject))?;
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

    fn created(status: u16, body: &str) -> Result<Option<PurchaseAnswer>, ProductError> {
        read_answer(NoticeType::Created, status, body.as_bytes())
    }

    #[test]
    fn the_answer_to_a_purchase_has_five_meanings() {
        let info = r#"{"frontEndUrl":"https://a.example","userName":"u"}"#;
        let ready = AppInfo::parse(info).unwrap();
        let cases = [
            (200, format!(r#"{{"appInfo":{info}}}"#), Ok(Some(PurchaseAnswer::Ready(ready)))),
            (
                201,
                r#"{"refuse":"000106"}"#.to_owned(),
                Ok(Some(PurchaseAnswer::Refused(OrderRefused::SoldOut))),
            ),
            (202, "whatever".to_owned(), Ok(Some(PurchaseAnswer::Later))),
            (200, "{}".to_owned(), Ok(Some(PurchaseAnswer::AsTemplate))),
            (204, " \n".to_owned(), Ok(Some(PurchaseAnswer::AsTemplate))),
            (200, "\u{feff}{}".to_owned(), Ok(Some(PurchaseAnswer::AsTemplate))),
            (
                200,
                "\u{feff}{\"refuse\":\"000106\"}\n".to_owned(),
                Ok(Some(PurchaseAnswer::Refused(OrderRefused::SoldOut))),
            ),
            (410, String::new(), Err(ProductError::Gone)),
        ];
        for (status, body, answer) in cases {
            assert_eq!(created(status, &body), answer, "{status} {body}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_used_is_an_error() {
        let long = "x".repeat(80);
        let cases = [
            (500, "{}", ProductError::Status),
            (302, "{}", ProductError::Status),
            (404, "", ProductError::Status),
            (200, "[]", ProductError::NotAnObject),
            (200, "ok", ProductError::NotAnObject),
            (200, r#"{"appInfo":{}}"#, ProductError::AppInfo(AppInfoError::FrontEndUrl)),
            (200, r#"{"appInfo":"x"}"#, ProductError::AppInfo(AppInfoError::NotAnObject)),
            (200, r#"{"refuse":"000108"}"#, ProductError::Reason),
            (200, r#"{"refuse":106}"#, ProductError::Reason),
            (
                200,
                r#"{"refuse":"000106","appInfo":{"frontEndUrl":"https://a.example"}}"#,
                ProductError::Contradiction,
            ),
        ];
        for (status, body, fault) in cases {
            assert_eq!(created(status, body), Err(fault), "{status} {body}");
        }
        let wide =
            format!(r#"{{"appInfo":{{"frontEndUrl":"https://a.example","password":"{long}"}}}}"#);
        let fault = ProductError::AppInfo(AppInfoError::TooLong("password"));
        assert_eq!(created(200, &wide), Err(fault));
    }

    #[test]
    fn the_body_of_an_answer_to_another_notice_does_not_count() {
        let frozen = |status| read_answer(NoticeType::Frozen, status, b"ok");
        assert_eq!(frozen(200), Ok(None));
        assert_eq!(frozen(202), Ok(None));
        assert_eq!(frozen(410), Err(ProductError::Gone));
        assert_eq!(frozen(304), Err(ProductError::Status));
    }
}
