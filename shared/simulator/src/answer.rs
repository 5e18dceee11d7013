//! What the marketplace makes of a seller's answer: the checks of its debugging pages.
//!
//! Each check has two forms. [`Answer::judge`] and [`judge_body_sign`] are as lenient as the
//! marketplace and collect remarks. [`Answer::read`] and [`verify_body_sign`] accept only what
//! koohook writes (decision B9). Neither asks whether the answer is the right one;
//! [`Step::check`](crate::scenario::Step::check) does.

mod body_sign;
mod members;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value};
use thiserror::Error;

pub use self::body_sign::{judge_body_sign, verify_body_sign};
use self::members::Members;
use crate::v1::Strength;

/// An answer that the debugging page could read.
///
/// An empty text counts as an absent one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// `resultCode`, 6 characters; `000000` is success and everything else is not.
    pub code: String,
    /// `resultMsg`, at most 255 characters; empty if the answer has none.
    pub message: String,
    /// `instanceId` of newInstance, at most 64 characters.
    pub instance_id: Option<String>,
    /// `encryptType`: `1` is AES-256 and the default, `2` is AES-128. V1 only.
    pub encrypt_type: Option<String>,
    /// `appInfo` of V1's newInstance.
    pub app_info: Option<AppInfo>,
    /// `info` of queryInstance: empty if the answer has none.
    pub info: Vec<InstanceInfo>,
}

/// How the buyer gets into the product, `appInfo`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppInfo {
    /// `frontEndUrl`, at most 512 characters.
    pub front_end_url: String,
    /// `adminUrl`, at most 512 characters.
    pub admin_url: Option<String>,
    /// `userName`, at most 128 characters: ciphertext under V1, plain under V2.
    pub user_name: Option<String>,
    /// `password`, at most 128 characters: ciphertext under V1, plain under V2.
    pub password: Option<String>,
    /// `memo`, at most 1,024 characters.
    pub memo: Option<String>,
}

/// One instance in the `info` of queryInstance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstanceInfo {
    /// `instanceId`, at most 64 characters.
    pub instance_id: String,
    /// `appInfo`.
    pub app_info: Option<AppInfo>,
}

/// Why the marketplace counts a call as failed, whatever its result code.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum AnswerError {
    /// The HTTP status is not 200.
    #[error("HTTP status is {0}")]
    Status(StatusCode),
    /// There is not one `Content-Type`, or it is not `application/json`; its text.
    #[error("{}", seen_content_type(.0))]
    ContentType(String),
    /// The body is not one JSON object; how it begins.
    #[error("{}", seen_body(.0))]
    NotAnObject(String),
    /// A member that must be there is absent, null or empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A member has another JSON type than the guide gives it.
    #[error("{name} is {found}")]
    WrongType {
        /// The member, in the guide's spelling.
        name: &'static str,
        /// The JSON type that it has.
        found: &'static str,
    },
    /// A member has more characters than the guide allows.
    #[error("{name} is longer than {limit} characters")]
    TooLong {
        /// The member, in the guide's spelling.
        name: &'static str,
        /// The most characters that it may have.
        limit: usize,
    },
    /// `resultCode` is not 6 digits.
    #[error("resultCode is not 6 digits")]
    Code,
    /// There is no `Body-Sign`.
    #[error("Body-Sign is missing")]
    BodySignMissing,
    /// There are several `Body-Sign`s, or it does not have the documented form.
    #[error("Body-Sign is not of the documented form")]
    BodySignForm,
    /// `Body-Sign` has the documented form and does not sign these bytes with this key.
    #[error("Body-Sign does not sign the body")]
    BodySign,
    /// The header's name has other capitals; the name as it was sent.
    #[error("header name is {0}")]
    BodySignName(String),
    /// What the marketplace accepts and koohook does not write.
    #[error(transparent)]
    Remarked(#[from] Remark),
}

/// What the marketplace accepts in an answer, and a seller should know all the same.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Remark {
    /// `Content-Type` has capitals or parameters, such as a charset.
    #[error("Content-Type is not the bare application/json of the guide")]
    ContentType,
    /// A character of the body is not ASCII: the guide asks for `\uXXXX`.
    #[error("body has characters beyond ASCII; the guide asks for \\uXXXX")]
    NotAscii,
    /// `resultMsg` is absent or empty: the tables allow it, the frequently asked questions do not.
    #[error("resultMsg is missing; the page's own checks name it beside resultCode")]
    MessageMissing,
    /// `Body-Sign` has other blanks than the signature page prints.
    #[error("Body-Sign has other blanks than the guide's sign_type=\"…\", signature= \"…\"")]
    BodySignBlanks,
}

impl Answer {
    /// Reads an answer as koohook must write it: without a fault and without a remark.
    ///
    /// # Errors
    ///
    /// The first fault, or the first remark.
    pub fn read(response: &Response<Vec<u8>>) -> Result<Self, AnswerError> {
        let (answer, remarks) = Self::judge(response)?;
        remarks.first().map_or(Ok(answer), |remark| Err((*remark).into()))
    }

    /// Reads an answer as the debugging page does, and remarks what it forgives.
    ///
    /// Restates *Interface debugging* and the response tables of both access guides; that all is
    /// ASCII is decision B9.
    ///
    /// # Errors
    ///
    /// The first fault, in the order in which [`AnswerError`] lists them.
    pub fn judge(response: &Response<Vec<u8>>) -> Result<(Self, Vec<Remark>), AnswerError> {
        if response.status() != StatusCode::OK {
            return Err(AnswerError::Status(response.status()));
        }
        let mut remarks = Vec::from_iter(content_type(response.headers())?);
        let body: Map<String, Value> = serde_json::from_slice(response.body())
            .map_err(|_| AnswerError::NotAnObject(beginning(response.body())))?;
        let answer = Self::from_members(&Members(&body))?;
        if !response.body().is_ascii() {
            remarks.push(Remark::NotAscii);
        }
        if answer.message.is_empty() {
            remarks.push(Remark::MessageMissing);
        }
        Ok((answer, remarks))
    }

    /// The strength that V1's credentials are encrypted with; AES-256 if the answer does not say.
    #[must_use]
    pub fn strength(&self) -> Strength {
        match self.encrypt_type.as_deref() {
            Some("2") => Strength::Aes128,
            _ => Strength::Aes256,
        }
    }

    fn from_members(members: &Members) -> Result<Self, AnswerError> {
        Ok(Self {
            code: code(members)?,
            message: members.optional("resultMsg", 255)?.unwrap_or_default(),
            instance_id: members.optional("instanceId", 64)?,
            encrypt_type: members.optional("encryptType", 3)?,
            app_info: AppInfo::within(members)?,
            info: members
                .list("info")?
                .into_iter()
                .map(InstanceInfo::read)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl AppInfo {
    fn within(members: &Members) -> Result<Option<Self>, AnswerError> {
        let Some(members) = members.object("appInfo")? else {
            return Ok(None);
        };
        Ok(Some(Self {
            front_end_url: members.mandatory("frontEndUrl", 512)?,
            admin_url: members.optional("adminUrl", 512)?,
            user_name: members.optional("userName", 128)?,
            password: members.optional("password", 128)?,
            memo: members.optional("memo", 1024)?,
        }))
    }
}

impl InstanceInfo {
    fn read(value: &Value) -> Result<Self, AnswerError> {
        let members = Members::of("info", value)?;
        for usage in members.list("usageInfo")? {
            check_usage(&Members::of("usageInfo", usage)?)?;
        }
        Ok(Self {
            instance_id: members.mandatory("instanceId", 64)?,
            app_info: AppInfo::within(&members)?,
        })
    }
}

/// Restates *Interface debugging*: a usage needs its value and its time.
fn check_usage(usage: &Members) -> Result<(), AnswerError> {
    usage.get("usageValue").ok_or(AnswerError::Missing("usageValue"))?;
    usage.mandatory("statisticalTime", 20)?;
    Ok(())
}

fn code(members: &Members) -> Result<String, AnswerError> {
    let code = members.mandatory("resultCode", 6)?;
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    if digits && code.len() == 6 { Ok(code) } else { Err(AnswerError::Code) }
}

/// A media type has no case, and parameters may follow it.
fn content_type(headers: &HeaderMap) -> Result<Option<Remark>, AnswerError> {
    let text = only(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(JSON) {
        return Err(AnswerError::ContentType(text.to_owned()));
    }
    Ok((text != JSON).then_some(Remark::ContentType))
}

fn seen_content_type(text: &str) -> String {
    if text.is_empty() {
        "there is not one Content-Type".to_owned()
    } else {
        format!("Content-Type is {text}")
    }
}

fn seen_body(beginning: &str) -> String {
    if beginning.is_empty() {
        "body is empty".to_owned()
    } else if beginning.starts_with('\u{feff}') {
        "body begins with a byte order mark".to_owned()
    } else {
        format!("body is not a JSON object; it begins with {beginning:?}")
    }
}

/// The start of a body that cannot be read.
fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(BEGINNING).collect()
}

/// The header's text, if there is exactly one.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok()
}

const JSON: &str = "application/json";
/// Characters of a body that are enough to recognise an error page.
const BEGINNING: usize = 40;

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
