//! The marketplace's answer about a window in words, and what an operator does about it
//! (decision J4).

use std::fmt;

use protocol::open_api::{AnswerCode, CodeFamily};
use protocol::usage::{RecordCode, message_of};

/// The code of an answer with its words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnswerWords {
    /// The code: the marketplace's, or koohook's own word.
    pub code: String,
    /// What the marketplace's guide says about the code.
    pub meaning: Option<&'static str>,
    /// What to do.
    pub advice: &'static str,
}

impl AnswerWords {
    /// The words of a stored code.
    pub fn of(code: &str) -> Self {
        let (meaning, advice) = if let Some(record) = RecordCode::parse(code) {
            (Some(record.meaning()), of_record(code))
        } else {
            match AnswerCode::parse(code) {
                Some(AnswerCode { family: CodeFamily::Marketplace, number }) => {
                    (message_of(number), of_marketplace(number))
                }
                Some(AnswerCode { family: CodeFamily::Gateway, number }) => {
                    (None, of_gateway(number))
                }
                Some(AnswerCode { family: CodeFamily::Unknown, .. }) => (None, UNKNOWN),
                None => (None, AGAIN),
            }
        };
        let meaning = meaning.map(|text| text.trim_end_matches('.'));
        Self { code: code.to_owned(), meaning, advice }
    }
}

/// For example `MKT.9001, Instance ID not found; check …`.
impl fmt::Display for AnswerWords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, meaning, advice } = self;
        match meaning {
            Some(meaning) => write!(formatter, "{code}, {meaning}; {advice}"),
            None => write!(formatter, "{code}; {advice}"),
        }
    }
}

/// The advice for a code of the marketplace's table.
const fn of_marketplace(number: u16) -> &'static str {
    match number {
        0 | 250 | 999 => AGAIN,
        102 | 151 | 154 => KEY,
        150 => NOT_OURS,
        9001 => NO_INSTANCE,
        100 | 101 | 199 | 9002 => RECORD,
        9003 => SMALLER,
        9004 => TOO_OLD,
        _ => UNKNOWN,
    }
}

/// The advice for a code of the API gateway.
const fn of_gateway(number: u16) -> &'static str {
    match number {
        301 | 303 | 305 | 307 | 1009 | 2201 => SELLER_KEY,
        202 | 203 | 308 | 601 | 606 | 608 | 610 | 613 => AGAIN,
        101 => HOST,
        _ => UNKNOWN,
    }
}

/// The advice for the code of one record.
fn of_record(code: &str) -> &'static str {
    match code {
        "001" => NO_INSTANCE,
        "002" | "003" | "004" => RECORD,
        "006" => "put the product on sale again, then run koohook usage again",
        "007" => TOO_OLD,
        "009" => NOT_OURS,
        "011" => "compare the window with the life of the instance in the console",
        "012" => "report no usage for this instance",
        "013" => "the instance must be in use; koohook sends the window again for 24 hours",
        _ => UNKNOWN,
    }
}

const AGAIN: &str = "koohook sends it again";
const KEY: &str = "compare KOOHOOK_BASE_KEY with the key in the console";
const SELLER_KEY: &str =
    "set KOOHOOK_USAGE_AKSK=also with KOOHOOK_OPENAPI_AK and KOOHOOK_OPENAPI_SK, or correct them";
const NOT_OURS: &str = "check that this seller published the product, and that KOOHOOK_BASE_KEY is this \
     seller's key; then run koohook usage again";
const NO_INSTANCE: &str = "find the instance in the console; if it exists, run koohook usage again";
const RECORD: &str = "check the value and the package; then run koohook usage again, with --value if the \
     value was wrong";
const SMALLER: &str = "koohook sends smaller batches";
const TOO_OLD: &str = "the window is too old for the marketplace; ask its support";
const HOST: &str = "check KOOHOOK_OPENAPI_HOST";
const UNKNOWN: &str =
    "ask the marketplace's support for this code; then run koohook usage now or again";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_words_of_the_guide_and_advice() {
        for (code, expected) in [
            ("MKT.9001", "MKT.9001, Instance ID not found; find the instance in the console"),
            ("MKT.0150", "MKT.0150, Illegal operation; check that this seller published"),
            ("MKT.0102", "MKT.0102, Invalid body sign; compare KOOHOOK_BASE_KEY"),
            ("MKT.0999", "MKT.0999, System internal error; koohook sends it again"),
            ("MKT.9005", "MKT.9005; ask the marketplace's support"),
            ("APIG.0301", "APIG.0301; set KOOHOOK_USAGE_AKSK=also"),
            ("APIG.0101", "APIG.0101; check KOOHOOK_OPENAPI_HOST"),
            ("APIG.0150", "APIG.0150; ask the marketplace's support"),
            ("012", "012, instance is not pay-per-use; report no usage"),
            ("008", "008, code is not in the guide's table; ask the marketplace's support"),
            ("no-answer", "no-answer; koohook sends it again"),
        ] {
            let text = AnswerWords::of(code).to_string();
            assert!(text.starts_with(expected), "{code}: {text}");
        }
    }
}
