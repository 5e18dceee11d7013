//! Whether the marketplace counts the answer to a step as failed, with remarks for the seller.
//!
//! A *failure* breaks the guide. A *remark* is about an answer that works. An activity that not
//! every product needs may be *not served*.

mod wanted;

use std::time::Duration;

use http::{Response, StatusCode};
use thiserror::Error;

pub use self::wanted::ANSWER_IN_TIME;
use crate::answer::{self, Answer, AnswerError, judge_body_sign};
use crate::scenario::{Contract, Mismatch, PROCESSING, SUCCESS, Step, UNKNOWN, Wire};
use crate::v1;

/// An answer as it was received.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// Status, headers and body.
    pub response: &'a Response<Vec<u8>>,
    /// The name of the header `Body-Sign` with its capitals, if the header was sent.
    pub body_sign_name: Option<&'a str>,
    /// The time from the first sent byte to the last received byte.
    pub took: Duration,
}

/// The marketplace's verdict on an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// The answer, if it could be parsed.
    pub answer: Option<Answer>,
    /// Whether the marketplace accepts the answer.
    pub outcome: Outcome,
    /// Remarks about an answer that works.
    pub remarks: Vec<Remark>,
}

/// Whether the marketplace accepts an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The marketplace accepts the answer.
    Right,
    /// The server does not serve this activity, but not every product needs it. The field contains
    /// the server's answer.
    NotServed(String),
    /// The marketplace counts a failed call.
    Failed(Failure),
}

/// Why the marketplace counts a call as failed. Its text states what was seen, then what the guide
/// requires, then what to check.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{seen}; expected: {wanted}")]
pub struct Failure {
    /// The observation of the simulator.
    pub seen: String,
    /// The requirement of the guide, with the name of its page, and what to check.
    pub wanted: String,
}

/// A remark about an answer that works.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Remark {
    /// The form of the answer is unusual.
    #[error(transparent)]
    Form(#[from] answer::Remark),
    /// The signature is wrong. V2 requires no signature.
    #[error("{0}; access guide 2.0 does not require Body-Sign")]
    Unneeded(AnswerError),
    /// The answer about an unknown or released instance has another code than the guide's.
    #[error("an unknown or released instance is answered {0}; the guide has the code 000003")]
    Unknown(String),
    /// The order is still being processed.
    #[error("resultCode is 000004; the marketplace asks again until the server has access data")]
    Processing,
    /// The guide does not define the answer.
    #[error("{0}; the guide does not define the answer to this call")]
    Unsaid(Mismatch),
    /// The list has instances that the query does not name.
    #[error("queryInstance lists instances that the query does not name")]
    Listed,
    /// The answer has no access data for the buyer.
    #[error("queryInstance has no appInfo; send the access data to the buyer in another way")]
    NoAccess,
    /// The marketplace cannot decrypt a credential, so it cannot show it to the buyer.
    #[error(
        "{0} cannot be decrypted with this access key and encryptType; the buyer cannot read it"
    )]
    Undecryptable(&'static str),
    /// The answer took longer than the requirements page allows, but not longer than the FAQ
    /// allows.
    #[error("answer took longer than 5 s; the requirements page allows 5 s, the FAQ allows 20 s")]
    Slow,
}

/// Whether the marketplace accepts an answer that is not the right one.
enum Forgiven {
    Silently,
    With(Remark),
    Not,
}

impl Step {
    /// Whether there are products that do not need this activity.
    ///
    /// Restates the access guides' tables of interfaces by type of product.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        let optional: &[&str] = match self.call.contract {
            Contract::V1 => &["upgrade", "instanceStatus", "queryInstance"],
            Contract::V2 => &["upgradeInstance", "changeInstanceCheck", RENEWAL_CHANGE],
            Contract::KitV1 | Contract::KitV2 => return true,
        };
        optional.contains(&self.service())
    }

    /// The name of the service: the activity, or the one scene that a later guide added.
    #[must_use]
    pub fn service(&self) -> &str {
        if self.title.contains(RENEWAL_CHANGE) { RENEWAL_CHANGE } else { self.activity() }
    }

    /// Whether the marketplace asks again after `000004`. It does so only under V2 and only for
    /// real calls.
    fn may_wait(&self) -> bool {
        let asked_again = ["newInstance", "queryInstance"].contains(&self.activity());
        self.call.contract == Contract::V2 && asked_again && !self.is_rehearsal()
    }
}

impl Contract {
    /// Whether this is one of the two parts of access guide 2.0. Its answers need no signature.
    #[must_use]
    pub const fn is_v2(self) -> bool {
        matches!(self, Self::V2 | Self::KitV2)
    }

    /// Whether this is the kit of an access guide, which has a separate key.
    #[must_use]
    pub const fn is_kit(self) -> bool {
        matches!(self, Self::KitV1 | Self::KitV2)
    }

    const fn key<'a>(self, wire: &Wire<'a>) -> &'a str {
        match self {
            Self::V1 | Self::V2 => wire.access_key,
            Self::KitV1 | Self::KitV2 => wire.kit_key,
        }
    }
}

/// Judges the answer to a step as leniently as the marketplace.
///
/// `is_served`: the server has served this activity before, so the result cannot be
/// [`Outcome::NotServed`].
#[must_use]
pub fn judge(step: &Step, wire: &Wire, received: &Received, is_served: bool) -> Verdict {
    let may_lack = !is_served && step.is_optional();
    if let Some(seen) = may_lack.then(|| unserved(received.response)).flatten() {
        return Verdict { answer: None, outcome: Outcome::NotServed(seen), remarks: Vec::new() };
    }
    let mut remarks = Vec::new();
    let answer = match read(step, wire, received, &mut remarks) {
        Ok(answer) => answer,
        Err(fault) => {
            let outcome = Outcome::Failed(wanted::of_error(step, &fault));
            return Verdict { answer: None, outcome, remarks };
        }
    };
    if received.took > SLOW && step.call.contract.is_v2() {
        remarks.push(Remark::Slow);
    }
    remarks.extend(undecryptable(step, wire, &answer).map(Remark::Undecryptable));
    let outcome = weigh(step, wire, &answer, &mut remarks);
    Verdict { answer: Some(answer), outcome, remarks }
}

/// Parses an answer and checks its signature.
fn read(
    step: &Step,
    wire: &Wire,
    received: &Received,
    remarks: &mut Vec<Remark>,
) -> Result<Answer, AnswerError> {
    let (answer, form) = Answer::judge(received.response)?;
    remarks.extend(form.into_iter().map(Remark::from));
    let contract = step.call.contract;
    match judge_body_sign(received.response, contract.key(wire)) {
        Ok(remark) => remarks.extend(remark.map(Remark::from)),
        Err(AnswerError::BodySignMissing) if contract.is_v2() => (),
        Err(fault) if contract.is_v2() => remarks.push(Remark::Unneeded(fault)),
        Err(fault) => return Err(fault),
    }
    match received.body_sign_name {
        Some(name) if name != BODY_SIGN && !contract.is_v2() => {
            Err(AnswerError::BodySignName(name.to_owned()))
        }
        _ => Ok(answer),
    }
}

/// The first credential of a V1 answer that cannot be decrypted with this key.
fn undecryptable(step: &Step, wire: &Wire, answer: &Answer) -> Option<&'static str> {
    if step.call.contract != Contract::V1 {
        return None;
    }
    let strength = answer.strength();
    let listed = answer.info.iter().filter_map(|one| one.app_info.as_ref());
    let mut credentials = answer.app_info.iter().chain(listed).flat_map(|access| {
        [("userName", access.user_name.as_ref()), ("password", access.password.as_ref())]
    });
    let is_decryptable = |text: &String| v1::decrypt(wire.access_key, strength, text).is_ok();
    let first = credentials.find(|(_, text)| text.is_some_and(|text| !is_decryptable(text)));
    first.map(|(name, _)| name)
}

/// Decides whether the marketplace accepts the answer.
fn weigh(step: &Step, wire: &Wire, answer: &Answer, remarks: &mut Vec<Remark>) -> Outcome {
    let Err(mismatch) = step.check(wire, answer) else {
        return Outcome::Right;
    };
    match forgive(step, &mismatch) {
        Forgiven::Silently => Outcome::Right,
        Forgiven::With(remark) => {
            remarks.push(remark);
            Outcome::Right
        }
        Forgiven::Not => Outcome::Failed(wanted::of_mismatch(step, &mismatch)),
    }
}

/// Whether the marketplace accepts this difference from the right answer.
fn forgive(step: &Step, mismatch: &Mismatch) -> Forgiven {
    match mismatch {
        Mismatch::InstanceIdChanged if step.is_rehearsal() => Forgiven::Silently,
        Mismatch::InstanceIdChanged => Forgiven::Not,
        Mismatch::Code { expected: UNKNOWN, found } => {
            Forgiven::With(Remark::Unknown(found.clone()))
        }
        Mismatch::Code { expected: SUCCESS, found } if found == PROCESSING => {
            if step.may_wait() {
                Forgiven::With(Remark::Processing)
            } else {
                forgive_undefined(step, mismatch)
            }
        }
        Mismatch::AccessMissing if step.activity() == "queryInstance" => {
            Forgiven::With(Remark::NoAccess)
        }
        Mismatch::Listed { expected, found } => forgive_list(step, expected, found),
        _ => forgive_undefined(step, mismatch),
    }
}

fn forgive_undefined(step: &Step, mismatch: &Mismatch) -> Forgiven {
    if step.is_decision { Forgiven::With(Remark::Unsaid(mismatch.clone())) } else { Forgiven::Not }
}

/// Whether the marketplace accepts a list that differs from the expected one. The guide guarantees
/// no order and does not define the answer for unknown IDs.
fn forgive_list(step: &Step, expected: &[String], found: &[String]) -> Forgiven {
    let is_all_there = expected.iter().all(|id| found.contains(id));
    if is_all_there && found.len() == expected.len() {
        Forgiven::Silently
    } else if is_all_there || step.is_rehearsal() && !found.is_empty() {
        Forgiven::With(Remark::Listed)
    } else {
        Forgiven::Not
    }
}

/// The answer of a server that does not serve the call, as text; `None` for another answer. Such a
/// server answers with a status for a missing path or method, or a code for a bad parameter or an
/// error.
fn unserved(response: &Response<Vec<u8>>) -> Option<String> {
    let status = response.status();
    if ABSENT.contains(&status) {
        return Some(format!("HTTP {}", status.as_u16()));
    }
    let (answer, _) = Answer::judge(response).ok()?;
    ["000002", "000005"].contains(&answer.code.as_str()).then_some(answer.code)
}

const BODY_SIGN: &str = "Body-Sign";
const RENEWAL_CHANGE: &str = "RENEWAL_CHANGE";
/// The limit on the requirements page of access guide 2.0.
const SLOW: Duration = Duration::from_secs(5);
/// The statuses of a server that does not serve the call: it has no such path, method or function.
pub const ABSENT: [StatusCode; 3] =
    [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_IMPLEMENTED];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
