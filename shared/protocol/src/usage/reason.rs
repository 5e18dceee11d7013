//! Why a usage push has its verdict, for a log and for the operator.

use std::fmt;

use crate::open_api::{AnswerCode, CodeFamily};

/// Why a push has its verdict: koohook's word, the HTTP status and the code. It contains no text of
/// the answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PushReason {
    word: &'static str,
    status: u16,
    code: Option<AnswerCode>,
}

impl PushReason {
    pub(super) const fn new(word: &'static str, status: u16, code: Option<AnswerCode>) -> Self {
        Self { word, status, code }
    }

    /// koohook's word for the reason.
    pub const fn word(&self) -> &'static str {
        self.word
    }

    /// The HTTP status of the answer.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The code of the answer. `None` if the answer has no readable code.
    pub const fn code(&self) -> Option<AnswerCode> {
        self.code
    }

    /// The guide's own message for the code of the marketplace.
    pub fn message(&self) -> Option<&'static str> {
        let of_marketplace = self.code.filter(|code| code.family == CodeFamily::Marketplace);
        of_marketplace.and_then(|code| message_of(code.number))
    }
}

/// For example `record-at-fault (status 401, MKT.0150: Illegal operation)`.
impl fmt::Display for PushReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (status {}", self.word, self.status)?;
        if let Some(code) = self.code {
            write!(formatter, ", {code}")?;
        }
        if let Some(message) = self.message() {
            write!(formatter, ": {}", message.trim_end_matches('.'))?;
        }
        formatter.write_str(")")
    }
}

/// The guide's own message for a number of the marketplace's table, spelled as the guide spells it
/// (both guides, page "error codes"). The page mentions 9005 without a message.
pub const fn message_of(number: u16) -> Option<&'static str> {
    Some(match number {
        0 => "Success.",
        100 => "Failure of input parameter",
        101 => "Invalid parameter",
        102 => "Invalid body sign",
        150 => "Illegal operation",
        151 => "No authority",
        154 => "Illegal token",
        199 => "Request parameter error",
        250 => "Access frequency overlimit",
        999 => "System internal error.",
        9001 => "Instance ID not found.",
        9002 => "Invalid usage enties.",
        9003 => "Usage records extends size limit.",
        9004 => "Record beginTime extends Limit.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_the_message_of_the_guide() {
        let rows = [
            ("0000", Some("Success.")),
            ("0999", Some("System internal error.")),
            ("0100", Some("Failure of input parameter")),
            ("0101", Some("Invalid parameter")),
            ("0102", Some("Invalid body sign")),
            ("0199", Some("Request parameter error")),
            ("0150", Some("Illegal operation")),
            ("0151", Some("No authority")),
            ("0154", Some("Illegal token")),
            ("0250", Some("Access frequency overlimit")),
            ("9001", Some("Instance ID not found.")),
            ("9002", Some("Invalid usage enties.")),
            ("9003", Some("Usage records extends size limit.")),
            ("9004", Some("Record beginTime extends Limit.")),
            ("9005", None),
            ("0777", None),
        ];
        for (digits, message) in rows {
            assert_eq!(message_of(digits.parse().unwrap()), message, "{digits}");
            let reason = |prefix| {
                PushReason::new("word", 200, AnswerCode::parse(&format!("{prefix}.{digits}")))
            };
            assert_eq!([reason("MKT"), reason("CBC")].map(|it| it.message()), [message; 2]);
            assert_eq!([reason("APIG"), reason("X")].map(|it| it.message()), [None; 2]);
        }
    }

    #[test]
    fn a_reason_shows_its_word_status_code_and_message() {
        let shown = |code| PushReason::new("refused", 401, AnswerCode::parse(code)).to_string();
        assert_eq!(shown("CBC.0150"), "refused (status 401, MKT.0150: Illegal operation)");
        assert_eq!(shown("MKT.9001"), "refused (status 401, MKT.9001: Instance ID not found)");
        assert_eq!(shown("MKT.9005"), "refused (status 401, MKT.9005)");
        assert_eq!(shown("APIGW.0150"), "refused (status 401, APIG.0150)");
        assert_eq!(shown("X.0150"), "refused (status 401, 0150)");
        assert_eq!(shown(""), "refused (status 401)");
    }
}
