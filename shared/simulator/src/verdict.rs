//! Whether the marketplace counts an answer to a step as failed, and what a seller should know.
//!
//! A *failure* breaks the guide. A *remark* works. An activity that not every product needs may
//! be *not served*.

mod wanted;

use std::time::Duration;

use http::{Response, StatusCode};
use thiserror::Error;

pub use self::wanted::ANSWER_IN_TIME;
use crate::answer::{self, Answer, AnswerError, judge_body_sign};
use crate::scenario::{Contract, Mismatch, PROCESSING, SUCCESS, Step, UNKNOWN, Wire};
use crate::v1;

/// An answer as it came from the wire.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// Status, headers and body.
    pub response: &'a Response<Vec<u8>>,
    /// The name of the header `Body-Sign` as it was sent, if it was.
    pub body_sign_name: Option<&'a str>,
    /// From the first byte sent to the last one received.
    pub took: Duration,
}

/// What the marketplace makes of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// The answer, if it could be read.
    pub answer: Option<Answer>,
    /// Whether it counts.
    pub outcome: Outcome,
    /// What works, and is worth knowing.
    pub remarks: Vec<Remark>,
}

/// Whether an answer counts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The marketplace goes on.
    Right,
    /// The server does not serve this activity, which not every product needs; what it answers.
    NotServed(String),
    /// The marketplace counts a failed call.
    Failed(Failure),
}

/// Why the marketplace counts a call as failed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{seen}; wanted: {wanted}")]
pub struct Failure {
    /// What the server did.
    pub seen: String,
    /// What the guide wants, with the name of its page.
    pub wanted: String,
}

/// What works, and is worth knowing.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Remark {
    /// The form of the answer.
    #[error(transparent)]
    Form(#[from] answer::Remark),
    /// V2's answers need no signature, but this one has a wrong one.
    #[error("{0}; access guide 2.0 needs no Body-Sign")]
    Unneeded(AnswerError),
    /// An unknown instance is not answered with its code.
    #[error("an unknown or released instance is answered {0}; the guide's code is 000003")]
    Unknown(String),
    /// The order is still being carried out.
    #[error("answered 000004: the marketplace asks again until access data is there")]
    Processing,
    /// The guide does not say this answer.
    #[error("{0}; the guide does not say the answer to this call")]
    Unsaid(Mismatch),
    /// The list has other entries than were asked for.
    #[error("queryInstance lists other instances than were asked for")]
    Listed,
    /// The buyer sees no access data.
    #[error("queryInstance has no appInfo: the buyer must get the access data otherwise")]
    NoAccess,
    /// The marketplace shows the buyer what it decrypts, and this does not decrypt.
    #[error("{0} does not decrypt with this key and encryptType: the buyer cannot read it")]
    Undecryptable(&'static str),
    /// The answer took longer than the requirements page allows, and shorter than the questions.
    #[error("took longer than 5 s: the requirements page allows 5 s, the questions page 20 s")]
    Slow,
}

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

    /// What a server serves or not: the activity, and the one scene that came with another.
    #[must_use]
    pub fn service(&self) -> &str {
        if self.title.contains(RENEWAL_CHANGE) { RENEWAL_CHANGE } else { self.activity() }
    }

    /// Whether the marketplace asks again after `000004`: V2, and only in earnest.
    fn may_wait(&self) -> bool {
        let asked_again = ["newInstance", "queryInstance"].contains(&self.activity());
        self.call.contract == Contract::V2 && asked_again && !self.is_rehearsal()
    }
}

impl Contract {
    /// Access guide 2.0, either part: its answers need no signature.
    #[must_use]
    pub const fn is_v2(self) -> bool {
        matches!(self, Self::V2 | Self::KitV2)
    }

    const fn key<'a>(self, wire: &Wire<'a>) -> &'a str {
        match self {
            Self::V1 | Self::V2 => wire.access_key,
            Self::KitV1 | Self::KitV2 => wire.kit_key,
        }
    }
}

/// Judges an answer to a step as leniently as the marketplace.
///
/// `is_served`: the server has served this activity before, so it cannot be unserved now.
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

/// Reads an answer and its signature.
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

/// The first credential of a V1 answer that is not ciphertext of this key.
fn undecryptable(step: &Step, wire: &Wire, answer: &Answer) -> Option<&'static str> {
    if step.call.contract != Contract::V1 {
        return None;
    }
    let strength = answer.strength();
    let listed = answer.info.iter().filter_map(|one| one.app_info.as_ref());
    let mut credentials = answer.app_info.iter().chain(listed).flat_map(|access| {
        [("userName", access.user_name.as_ref()), ("password", access.password.as_ref())]
    });
    let opens = |text: &String| v1::decrypt(wire.access_key, strength, text).is_ok();
    let unopened = credentials.find(|(_, text)| text.is_some_and(|text| !opens(text)));
    unopened.map(|(name, _)| name)
}

/// Decides whether the answer counts.
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

/// What the marketplace forgives although koohook would answer otherwise.
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
                unsaid(step, mismatch)
            }
        }
        Mismatch::AccessMissing if step.activity() == "queryInstance" => {
            Forgiven::With(Remark::NoAccess)
        }
        Mismatch::Listed { expected, found } => forgive_list(step, expected, found),
        _ => unsaid(step, mismatch),
    }
}

fn unsaid(step: &Step, mismatch: &Mismatch) -> Forgiven {
    if step.is_decision { Forgiven::With(Remark::Unsaid(mismatch.clone())) } else { Forgiven::Not }
}

/// The guide promises no order, and says nothing about unknown IDs.
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

/// How servers answer what they do not serve: no such path or method, or the code for a bad
/// parameter or an error.
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
/// The requirements page of access guide 2.0.
const SLOW: Duration = Duration::from_secs(5);
/// The statuses of a server that does not serve the call: no such path, method or function.
pub const ABSENT: [StatusCode; 3] =
    [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_IMPLEMENTED];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
