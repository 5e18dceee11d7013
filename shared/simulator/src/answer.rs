//! The marketplace's checks of a seller's answer, as its debugging pages make them.
//!
//! Each check has two forms. [`Answer::judge`] and [`judge_body_sign`] are as lenient as the
//! marketplace and collect remarks. [`Answer::read`] and [`verify_body_sign`] accept only the form
//! that koohook writes (decision B9). Both check only the form of the answer.
//! [`Step::check`](crate::scenario::Step::check) checks whether it is the right answer.

mod body_sign;
mod members;
mod usage_info;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value};
use thiserror::Error;

pub use self::body_sign::{judge_body_sign, verify_body_sign};
use self::members::Members;
pub use self::usage_info::UsageInfo;
use crate::v1::Strength;

/// An answer that the debugging page can read.
///
/// An empty text counts as an absent text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// `resultCode`, 6 characters. Only `000000` is success.
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

/// The access data of the buyer, `appInfo`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppInfo {
    /// `frontEndUrl`, at most 512 characters.
    pub front_end_url: String,
    /// `adminUrl`, at most 512 characters.
    pub admin_url: Option<String>,
    /// `userName`, at most 128 characters: ciphertext under V1, plain text under V2.
    pub user_name: Option<String>,
    /// `password`, at most 128 characters: ciphertext under V1, plain text under V2.
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
    /// `usageInfo`: empty if the answer has none.
    pub usage_info: Vec<UsageInfo>,
}

/// Why the marketplace counts a call as failed, with any result code.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum AnswerError {
    /// The HTTP status is not 200.
    #[error("HTTP status is {0}")]
    Status(StatusCode),
    /// The `Content-Type` is not `application/json`. The field is its text; it is empty if there is
    /// no such header or more than one.
    #[error("{}", seen_content_type(.0))]
    ContentType(String),
    /// The body is not one JSON object. The field is its beginning.
    #[error("{}", seen_body(.0))]
    NotAnObject(String),
    /// A mandatory member is absent, null or empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A member does not have the JSON type of the guide.
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
        /// The greatest number of characters.
        limit: usize,
    },
    /// `resultCode` is not 6 digits.
    #[error("resultCode is not 6 digits")]
    Code,
    /// The header `Body-Sign` is missing.
    #[error("Body-Sign is missing")]
    BodySignMissing,
    /// The header `Body-Sign` exists more than once, or does not have the documented form.
    #[error("Body-Sign does not have the documented form")]
    BodySignForm,
    /// `Body-Sign` has the documented form but is not the signature of this body with this key.
    #[error("Body-Sign is not the signature of the body")]
    BodySign,
    /// The name of the header has other capitals. The field is the name that was sent.
    #[error("header name is {0}")]
    BodySignName(String),
    /// The marketplace accepts the answer, but koohook would not write it in this form.
    #[error(transparent)]
    Remarked(#[from] Remark),
}

/// A fault that the marketplace accepts in an answer, and that the seller should still know.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Remark {
    /// `Content-Type` has capitals or parameters, such as a charset.
    #[error("Content-Type is not exactly application/json, as the guide writes it")]
    ContentType,
    /// A character of the body is not ASCII. The guide requires `\uXXXX`.
    #[error("body has characters outside ASCII; the guide requires \\uXXXX")]
    NotAscii,
    /// `resultMsg` is absent or empty. The tables allow this; the frequently asked questions do
    /// not.
    #[error("resultMsg is missing; the guide's FAQ asks for both resultCode and resultMsg")]
    MessageMissing,
    /// `Body-Sign` does not have the blanks of the signature page.
    #[error("Body-Sign has other blanks than in the guide: sign_type=\"…\", signature= \"…\"")]
    BodySignBlanks,
    /// `usageValue` is not a number with 4 decimals at most, or `statisticalTime` is not 17 digits.
    #[error(
        "usageInfo has another form than in the guide: usageValue as a number with at most 8 \
         digits and 4 decimals, statisticalTime as 17 digits"
    )]
    UsageForm,
}

impl Answer {
    /// Parses an answer that must have the form of koohook: no fault and no remark.
    ///
    /// # Errors
    ///
    /// The first fault, or the first remark.
    pub fn read(response: &Response<Vec<u8>>) -> Result<Self, AnswerError> {
        let (answer, remarks) = Self::judge(response)?;
        remarks.first().map_or(Ok(answer), |remark| Err((*remark).into()))
    }

    /// Parses an answer as the debugging page does, and returns remarks about faults that the page
    /// accepts.
    ///
    /// Restates *Interface debugging* and the response tables of both access guides. ASCII is
    /// required by decision B9.
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
        let mut usage = answer.info.iter().flat_map(|one| &one.usage_info);
        if usage.any(|entry| !entry.has_the_tables_form()) {
            remarks.push(Remark::UsageForm);
        }
        Ok((answer, remarks))
    }

    /// The strength with which V1's credentials are encrypted; AES-256 if the answer has no
    /// `encryptType`.
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
        let usage = members.list("usageInfo")?.into_iter().map(UsageInfo::read);
        Ok(Self {
            usage_info: usage.collect::<Result<_, _>>()?,
            instance_id: members.mandatory("instanceId", 64)?,
            app_info: AppInfo::within(&members)?,
        })
    }
}

fn code(members: &Members) -> Result<String, AnswerError> {
    let code = members.mandatory("resultCode", 6)?;
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    if digits && code.len() == 6 { Ok(code) } else { Err(AnswerError::Code) }
}

/// Checks the media type. Its capitals do not count, and parameters may follow it.
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
        "Content-Type is missing or exists more than once".to_owned()
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

/// The beginning of a body that cannot be parsed.
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
/// The number of characters that is enough to recognise an error page.
const BEGINNING: usize = 40;

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
