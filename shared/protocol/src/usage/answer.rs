//! Reads the answer to a usage push. The number in the code counts before the HTTP status: the
//! marketplace also answers 500 to records that it will never accept. Sources: both guides, page
//! "error codes"; the API gateway's manual; decision J4.

use super::reason::PushReason;
use super::record_code::RecordCode;
use crate::json::{Document, Json, Members};
use crate::open_api::{AnswerCode, CodeFamily};

/// The answer to a usage push.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageAnswer {
    /// What the answer means for the batch.
    pub verdict: PushVerdict,
    /// Why the batch has this verdict.
    pub reason: PushReason,
    /// The codes of single records, in the order of the answer. It is empty if the answer has none,
    /// and if the API gateway answered: only the marketplace can reject a record.
    pub records: Vec<RecordAnswer>,
}

/// What an answer means for a batch (decision J4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PushVerdict {
    /// The marketplace has the records. It checks and bills them later.
    Received,
    /// The push failed. The same records may succeed later.
    Retry,
    /// The batch has too many records.
    TooMany,
    /// The marketplace rejects the batch because of one of its records.
    RecordAtFault,
    /// The marketplace does not know the instance of one of the records. It may know it later.
    InstanceNotFound,
    /// The signature is wrong: because of the key, or because of a record's text.
    WrongBodySign,
    /// The marketplace or its gateway rejects the key. All records wait.
    KeyRefused,
    /// Nothing is known about this answer. All records wait, and none is rejected.
    Unknown,
}

/// The code of one record in an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordAnswer {
    /// The seller's number of the record, as the answer contains it.
    pub metering_sn: String,
    /// The code.
    pub code: RecordCode,
}

/// Reads the answer to a usage push.
pub fn read_usage_answer(status: u16, body: &[u8]) -> UsageAnswer {
    let answer = Document::parse(body).ok().filter(|document| !document.conflicting);
    let answer = answer.map(|document| document.members).unwrap_or_default();
    let code = AnswerCode::of(&answer);
    let family = code.map_or(CodeFamily::Unknown, |code| code.family);
    let number = code.map(|code| code.number);
    let (verdict, word) = match family {
        CodeFamily::Marketplace => by_marketplace(number, status),
        CodeFamily::Gateway => by_gateway(number, status),
        CodeFamily::Unknown => by_status(number, status),
    };
    let records = match family {
        CodeFamily::Gateway => Vec::new(),
        CodeFamily::Marketplace | CodeFamily::Unknown => records_of(&answer),
    };
    UsageAnswer { verdict, reason: PushReason::new(word, status, code), records }
}

/// The verdict and its word.
type Meaning = (PushVerdict, &'static str);

const UNKNOWN: Meaning = (PushVerdict::Unknown, "unknown-answer");
const KEY_REFUSED: Meaning = (PushVerdict::KeyRefused, "key-refused");
const THROTTLED: Meaning = (PushVerdict::Retry, "throttled");
const UNAVAILABLE: Meaning = (PushVerdict::Retry, "unavailable");

/// The marketplace's table. For a number that is not in it, a status 5xx does not mean that a retry
/// may succeed.
fn by_marketplace(number: Option<u16>, status: u16) -> Meaning {
    match (number, status) {
        (Some(0), 200..=299) => (PushVerdict::Received, "received"),
        (Some(0), _) => (PushVerdict::Retry, "contradictory"),
        (Some(999), _) => UNAVAILABLE,
        (Some(250), _) => THROTTLED,
        (Some(9003), _) => (PushVerdict::TooMany, "too-many"),
        (Some(100 | 101 | 150 | 199 | 9002 | 9004), _) => {
            (PushVerdict::RecordAtFault, "record-at-fault")
        }
        (Some(9001), _) => (PushVerdict::InstanceNotFound, "instance-not-found"),
        (Some(102), _) => (PushVerdict::WrongBodySign, "wrong-body-sign"),
        (Some(151 | 154), _) => KEY_REFUSED,
        (_, 429) => THROTTLED,
        (_, _) => UNKNOWN,
    }
}

/// The gateway's table. It uses some of the marketplace's numbers with other meanings.
fn by_gateway(number: Option<u16>, status: u16) -> Meaning {
    match (number, status) {
        (_, 500..=599) => UNAVAILABLE,
        (Some(308), _) => THROTTLED,
        (Some(301 | 303 | 305 | 307 | 1009 | 2201), _) => KEY_REFUSED,
        (_, 429) => THROTTLED,
        (_, _) => UNKNOWN,
    }
}

/// Decides by the status if the answer has no code of a known table. A successful answer without
/// any code is unreadable: a proxy may have sent it.
fn by_status(number: Option<u16>, status: u16) -> Meaning {
    match (status, number) {
        (200..=299, None) => (PushVerdict::Retry, "unreadable"),
        (401, _) => KEY_REFUSED,
        (429, _) => THROTTLED,
        (500..=599, _) => UNAVAILABLE,
        (_, _) => UNKNOWN,
    }
}

/// Finds the codes of records at any depth. The known pages do not show where an answer has them.
fn records_of(members: &Members) -> Vec<RecordAnswer> {
    let inner = members.iter().flat_map(|(_, value)| records_in(value));
    record_of(members).into_iter().chain(inner).collect()
}

fn records_in(value: &Json) -> Vec<RecordAnswer> {
    match value {
        Json::Object(members) => records_of(members),
        Json::Array(items) => items.iter().flat_map(records_in).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => Vec::new(),
    }
}

/// An object that has a record's number and a code of three digits.
fn record_of(members: &Members) -> Option<RecordAnswer> {
    let metering_sn = texts(members, &SN_NAMES).next()?.to_owned();
    let code = texts(members, &CODE_NAMES).find_map(RecordCode::parse)?;
    Some(RecordAnswer { metering_sn, code })
}

/// The texts of the members with these names. A number is not a text: JSON does not allow `005`.
fn texts<'a>(members: &'a Members, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let of_names = members.iter().filter(|(name, _)| names.contains(&name.as_str()));
    of_names
        .filter_map(|(_, value)| if let Json::Text(text) = value { Some(&**text) } else { None })
}

const SN_NAMES: [&str; 2] = ["metering_sn", "meteringSn"];

const CODE_NAMES: [&str; 6] =
    ["error_code", "errorCode", "code", "record_code", "result_code", "resultCode"];

#[cfg(test)]
mod tests;
