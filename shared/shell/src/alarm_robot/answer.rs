//! What a robot answered. The chats answer HTTP 200 also if they did not post, with a code in the body.

use serde::Deserialize;
use thiserror::Error;

use super::format::AlarmFormat;
use crate::web::Unanswered;

/// Why a robot did not post a message. The log shows only [`RobotFault::word`] and its number.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum RobotFault {
    /// There was no answer.
    #[error("robot did not answer: {0}")]
    Unanswered(Unanswered),
    /// The answer's status is an error.
    #[error("robot answered HTTP {status}{}", shown(.text))]
    Status {
        /// The status.
        status: u16,
        /// The beginning of the answer.
        text: String,
    },
    /// The answer has an error code.
    #[error("robot answered code {code}{}", shown(.text))]
    Code {
        /// The chat's code.
        code: i64,
        /// The chat's words for it.
        text: String,
    },
    /// The answer is not one of this format's.
    #[error("robot's answer is not one of this format{}", shown(.text))]
    NotOfFormat {
        /// The beginning of the answer.
        text: String,
    },
    /// The address and the signature make no request.
    #[error("address makes no request")]
    Unsendable,
}

/// The members of all chats' answers.
#[derive(Deserialize)]
struct ChatAnswer {
    /// DingTalk and WeCom.
    errcode: Option<i64>,
    errmsg: Option<String>,
    /// Feishu.
    code: Option<i64>,
    msg: Option<String>,
    /// Older robots of Feishu.
    #[serde(rename = "StatusCode")]
    status_code: Option<i64>,
}

impl AlarmFormat {
    /// Judges an answer.
    ///
    /// # Errors
    /// If the robot did not accept the message.
    pub(super) fn judge(self, status: u16, body: &[u8]) -> Result<(), RobotFault> {
        let text = beginning(body);
        let is_success = (200..300).contains(&status);
        if let Some((code, words)) = self.code(body) {
            // Feishu also answers HTTP 400 with a code, which says more than the status.
            let text = words.map(|words| beginning(words.as_bytes())).unwrap_or_default();
            let is_accepted = code == 0 && is_success;
            return if is_accepted { Ok(()) } else { Err(RobotFault::Code { code, text }) };
        }
        let is_known = match self {
            Self::Json => true,
            Self::Slack => body.trim_ascii() == b"ok",
            Self::Dingtalk | Self::Wecom | Self::Feishu => false,
        };
        match (is_success, is_known) {
            (false, _) => Err(RobotFault::Status { status, text }),
            (true, false) => Err(RobotFault::NotOfFormat { text }),
            (true, true) => Ok(()),
        }
    }

    /// The code in a chat's answer, with its words.
    fn code(self, body: &[u8]) -> Option<(i64, Option<String>)> {
        let parse = || serde_json::from_slice::<ChatAnswer>(body).ok();
        match self {
            Self::Json | Self::Slack => None,
            Self::Dingtalk | Self::Wecom => {
                parse().and_then(|answer| Some((answer.errcode?, answer.errmsg)))
            }
            Self::Feishu => {
                parse().and_then(|answer| Some((answer.code.or(answer.status_code)?, answer.msg)))
            }
        }
    }
}

impl RobotFault {
    /// Its words in the log: nothing that the robot sent.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unanswered(cause) => cause.as_str(),
            Self::Status { .. } => "status is not a success",
            Self::Code { .. } => "answer has an error code",
            Self::NotOfFormat { .. } => "answer is not one of this format",
            Self::Unsendable => "not sent",
        }
    }

    /// The status or the code, if the robot gave one.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Status { status, .. } => Some(i64::from(*status)),
            Self::Code { code, .. } => Some(*code),
            Self::Unanswered(_) | Self::NotOfFormat { .. } | Self::Unsendable => None,
        }
    }
}

fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(MAX_SHOWN).collect()
}

fn shown(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// How many letters of an answer are shown.
const MAX_SHOWN: usize = 200;
