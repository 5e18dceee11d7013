//! The texts of a failure: the requirement of the guide, with the name of its page, and what to
//! check.

use super::Failure;
use crate::answer::AnswerError;
use crate::scenario::{Contract, Mismatch, Step};

pub(super) fn of_error(step: &Step, fault: &AnswerError) -> Failure {
    let wanted = match fault {
        AnswerError::BodySignMissing
        | AnswerError::BodySignForm
        | AnswerError::BodySign
        | AnswerError::BodySignName(_) => of_body_sign(step, fault),
        AnswerError::Status(_) => {
            on(step, "HTTP status 200 for every outcome", "FAQ", "the server's log")
        }
        AnswerError::ContentType(_) => {
            let header = "one header Content-Type: application/json";
            on(step, header, "FAQ", "which headers the framework adds")
        }
        AnswerError::NotAnObject(_) => {
            on(step, "one JSON object in UTF-8", DEBUGGING, "which program wrote the body")
        }
        AnswerError::Missing(name) => on(step, name, step.activity(), SPELLING),
        AnswerError::WrongType { name, .. } => {
            let (typed, check) = typed(name);
            on(step, &typed, step.activity(), check)
        }
        AnswerError::TooLong { limit, .. } => {
            let length = format!("at most {limit} characters");
            on(step, &length, step.activity(), "the length of the value")
        }
        AnswerError::Code => {
            on(step, "resultCode with 6 digits", CODES, "that the leading zeros are kept")
        }
        AnswerError::Remarked(_) => {
            on(step, "the exact form of the guide", DEBUGGING, "the form of the answer")
        }
    };
    Failure { seen: fault.to_string(), wanted }
}

fn of_body_sign(step: &Step, fault: &AnswerError) -> String {
    let header = r#"Body-Sign: sign_type="HMAC-SHA256", signature= "…""#;
    match fault {
        AnswerError::BodySignMissing => {
            on(step, header, SIGNING, "that the server signs every answer, also errors")
        }
        AnswerError::BodySignName(_) => on(
            step,
            "Body-Sign, in these capitals",
            "FAQ",
            "that no proxy or HTTP/2 connection changes header names",
        ),
        AnswerError::BodySign => on(
            step,
            "base64 of HMAC-SHA256 over the exact bytes of the body, with only the access key as key",
            SIGNING,
            "the access key, and that the body does not change after it is signed",
        ),
        _ => on(step, header, SIGNING, "each character of the header"),
    }
}

pub(super) fn of_mismatch(step: &Step, mismatch: &Mismatch) -> Failure {
    let activity = step.activity();
    let wanted = match mismatch {
        Mismatch::Code { expected, .. } => {
            on(step, &format!("resultCode {expected}"), CODES, "the server's log")
        }
        Mismatch::InstanceIdMissing => on(step, "instanceId", activity, SPELLING),
        Mismatch::InstanceIdChanged => on(
            step,
            "the same instanceId for the same order",
            activity,
            "that the server stores the instance of each order",
        ),
        Mismatch::AccessMissing => on(step, "appInfo with frontEndUrl", activity, SPELLING),
        Mismatch::Listed { .. } => on(
            step,
            "an entry of info for each instance of the query",
            activity,
            "how the server splits instanceId at commas",
        ),
    };
    Failure { seen: mismatch.to_string(), wanted }
}

/// The member with its type, and what to check.
fn typed(name: &str) -> (String, &'static str) {
    match name {
        "info" | "usageInfo" => (
            format!("{name} as an array of objects"),
            "that the array is not written as a string or an object",
        ),
        "appInfo" => (
            "appInfo as an object".to_owned(),
            "that the object is not written as a string or an array",
        ),
        _ => (format!("{name} as a string"), "that the value is in quotes"),
    }
}

fn on(step: &Step, wanted: &str, page: &str, check: &str) -> String {
    let guide = match step.call.contract {
        Contract::V1 | Contract::KitV1 => "access guide 1.0",
        Contract::V2 | Contract::KitV2 => "access guide 2.0",
    };
    format!("{wanted} ({guide}, {page}); check {check}")
}

const CODES: &str = "Result codes";
const DEBUGGING: &str = "Interface debugging";
const SIGNING: &str = "Signing the response body";
const SPELLING: &str = "the spelling of the member's name";

/// The limit that the guides set for the time of an answer, and what to check.
pub const ANSWER_IN_TIME: &str =
    "a complete answer within 20 s (access guides, FAQ); check that the server runs";
