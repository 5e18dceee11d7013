//! The code of an answer. The marketplace and its API gateway have separate tables with partly the
//! same numbers.

use std::fmt;

use crate::json::{Json, Members};

/// The code in an answer of an open API, such as `MKT.0150` or `APIG.0301`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AnswerCode {
    /// The table of the number.
    pub family: CodeFamily,
    /// The four digits.
    pub number: u16,
}

/// The table of a code's number. The prefix of the code decides it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CodeFamily {
    /// `MKT.` or `CBC.`: the marketplace. Its pages print the same numbers with both prefixes.
    Marketplace,
    /// `APIG.` or `APIGW.`: the API gateway before the marketplace.
    Gateway,
    /// Another prefix, or none.
    Unknown,
}

impl AnswerCode {
    /// Finds the code of an answer: the text of `resultCode`, or of `error_code` if there is no
    /// `resultCode`.
    pub fn of(answer: &Members) -> Option<Self> {
        let code = member(answer, "resultCode").or_else(|| member(answer, "error_code"))?;
        Self::parse(code.as_text()?)
    }

    /// Parses a prefix, a dot, and exactly four ASCII digits. White space around the digits is
    /// ignored: the guides once print `MKT. 0250`.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, digits) = text.rsplit_once('.').unwrap_or(("", text));
        let digits = digits.trim();
        let four = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| four)?;
        Some(Self { family: CodeFamily::of(prefix), number })
    }
}

impl CodeFamily {
    fn of(prefix: &str) -> Self {
        match prefix {
            "MKT" | "CBC" => Self::Marketplace,
            "APIG" | "APIGW" => Self::Gateway,
            _ => Self::Unknown,
        }
    }
}

/// The prefix of the table's own page, and the digits. A code of no table shows its digits alone.
impl fmt::Display for AnswerCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.family {
            CodeFamily::Marketplace => "MKT.",
            CodeFamily::Gateway => "APIG.",
            CodeFamily::Unknown => "",
        };
        write!(formatter, "{prefix}{:04}", self.number)
    }
}

/// The value of a member. A member that is `null` counts as absent.
fn member<'a>(members: &'a Members, name: &str) -> Option<&'a Json> {
    let of_name = members.iter().find(|(named, value)| named == name && *value != Json::Null);
    of_name.map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    #[test]
    fn a_code_is_a_prefix_and_four_digits() {
        use CodeFamily::{Gateway, Marketplace, Unknown};
        let cases = [
            ("MKT.0000", Some((Marketplace, 0, "MKT.0000"))),
            ("CBC.0151", Some((Marketplace, 151, "MKT.0151"))),
            ("MKT. 0250", Some((Marketplace, 250, "MKT.0250"))),
            ("APIG.0301", Some((Gateway, 301, "APIG.0301"))),
            ("APIGW.2201", Some((Gateway, 2201, "APIG.2201"))),
            ("mkt.0150", Some((Unknown, 150, "0150"))),
            ("X.MKT.0150", Some((Unknown, 150, "0150"))),
            ("MKT.X.0150", Some((Unknown, 150, "0150"))),
            (" MKT.0150", Some((Unknown, 150, "0150"))),
            ("MKT .0150", Some((Unknown, 150, "0150"))),
            (".0150", Some((Unknown, 150, "0150"))),
            ("9001", Some((Unknown, 9001, "9001"))),
            ("MKT.150", None),
            ("MKT.00150", None),
            ("MKT.0 50", None),
            ("MKT.+150", None),
            ("MKT.０１５０", None),
            ("MKT.", None),
            ("MKT", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let read = AnswerCode::parse(text);
            let shown = read.map(|code| (code.family, code.number, code.to_string()));
            let expected = expected.map(|(family, number, shown)| (family, number, shown.into()));
            assert_eq!(shown, expected, "{text:?}");
        }
    }

    #[test]
    fn an_answer_has_the_code_of_its_first_known_member() {
        let cases = [
            (r#"{"resultCode":"MKT.0150"}"#, Some(150)),
            (r#"{"error_code":"MKT.0150"}"#, Some(150)),
            (r#"{"error_code":"MKT.0150","resultCode":"MKT.0151"}"#, Some(151)),
            (r#"{"error_code":"MKT.0150","resultCode":null}"#, Some(150)),
            (r#"{"resultCode":["MKT.0150"]}"#, None),
            (r#"{"result":{"resultCode":"MKT.0150"}}"#, None),
            (r#"{"errorCode":"MKT.0150"}"#, None),
            ("{}", None),
        ];
        for (body, number) in cases {
            let answer = Document::parse(body.as_bytes()).unwrap().members;
            assert_eq!(AnswerCode::of(&answer).map(|code| code.number), number, "{body}");
        }
    }
}
