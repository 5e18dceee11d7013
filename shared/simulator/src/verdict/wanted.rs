//! What the guide wants instead, with the name of its page.

use super::Failure;
use crate::answer::AnswerError;
use crate::scenario::{Contract, Mismatch, Step};

pub(super) fn of_error(step: &Step, fault: &AnswerError) -> Failure {
    let wanted = match fault {
        AnswerError::Status(_) => on(step, "HTTP status 200 for every outcome", "FAQ"),
        AnswerError::ContentType(_) => on(step, "one Content-Type: application/json", "FAQ"),
        AnswerError::NotAnObject(_) => on(step, "one JSON object in UTF-8", "Interface debugging"),
        AnswerError::Missing(name) => on(step, name, step.activity()),
        AnswerError::WrongType { name, .. } => on(step, &typed(name), step.activity()),
        AnswerError::TooLong { limit, .. } => {
            on(step, &format!("at most {limit} characters"), step.activity())
        }
        AnswerError::Code => on(step, "resultCode of 6 digits", "Result codes"),
        AnswerError::BodySignMissing | AnswerError::BodySignForm => on(
            step,
            r#"Body-Sign: sign_type="HMAC-SHA256", signature= "…""#,
            "Signing the response body",
        ),
        AnswerError::BodySign => on(
            step,
            "base64 of the HMAC-SHA256 of exactly the bytes sent, keyed with the access key alone",
            "Signing the response body",
        ),
        AnswerError::BodySignName(_) => on(step, "Body-Sign, in these capitals", "FAQ"),
        AnswerError::Remarked(remark) => on(step, &remark.to_string(), "Interface debugging"),
    };
    Failure { seen: fault.to_string(), wanted }
}

pub(super) fn of_mismatch(step: &Step, mismatch: &Mismatch) -> Failure {
    let wanted = match mismatch {
        Mismatch::Code { expected, .. } => {
            on(step, &format!("resultCode {expected}"), "Result codes")
        }
        Mismatch::InstanceIdMissing => on(step, "instanceId", step.activity()),
        Mismatch::InstanceIdChanged => {
            on(step, "the same instanceId for the same order", step.activity())
        }
        Mismatch::AccessMissing => on(step, "appInfo with frontEndUrl", step.activity()),
        Mismatch::Listed { .. } => {
            on(step, "an entry of info for the instance asked for", step.activity())
        }
    };
    Failure { seen: mismatch.to_string(), wanted }
}

fn typed(name: &str) -> String {
    match name {
        "info" => "info as an array of objects".to_owned(),
        "usageInfo" => "usageInfo as an array of objects".to_owned(),
        "appInfo" => "appInfo as an object".to_owned(),
        _ => format!("{name} as a string"),
    }
}

fn on(step: &Step, wanted: &str, page: &str) -> String {
    let guide = match step.call.contract {
        Contract::V1 | Contract::KitV1 => "access guide 1.0",
        Contract::V2 | Contract::KitV2 => "access guide 2.0",
    };
    format!("{wanted} ({guide}, {page})")
}

/// What the guides want of time.
pub const ANSWER_IN_TIME: &str = "a whole answer within 20 s (access guides, FAQ)";
