//! One answer with its verdict, and all answers to one step.

use std::time::Duration;

use serde_json::Value;
use simulator::answer::{Answer, AnswerError, verify_body_sign};
use simulator::scenario::{Contract, State, Step, Wire};
use simulator::verdict::{self, Failure, Outcome, Received, Remark, Verdict};

use crate::scenario::guide;
use crate::wire::{HttpReply, location};

/// One answer with its verdict.
pub struct JudgedAnswer {
    /// Its result code; empty if it has none. Under the guides' rules it is set even if the other
    /// members cannot be read.
    pub code: String,
    /// The ID of the scenario's instance, if the answer has it.
    pub instance_id: Option<String>,
    /// The stored state after the call. If the store was not read, it is the state that the step
    /// expects, or `Absent` for [`Self::none`].
    pub state: State,
    /// From the first byte sent to the last one received.
    pub took: Duration,
    /// Whether it is right.
    pub outcome: Outcome,
    /// Remarks on an answer that works.
    pub remarks: Vec<Remark>,
    /// Whether the answer states that the server is still processing the order.
    pub waits: bool,
    /// Its HTTP status; `None` without an answer, and under koohook's rules.
    pub status: Option<u16>,
    /// The address to which it redirects, if it does.
    pub location: Option<String>,
    /// Whether its result code has another JSON type than a string.
    pub is_code_mistyped: bool,
    /// `usageValue` of the first listed instance, if the answer has it.
    pub usage: Option<String>,
}

/// The answers of one step.
pub struct PlayedStep<'s> {
    /// The step.
    pub step: &'s Step,
    /// The answers, in the order of the calls.
    pub sent: Vec<JudgedAnswer>,
}

impl JudgedAnswer {
    /// Judges an answer by the rules of the guides.
    pub fn by_guides(step: &Step, wire: &Wire, reply: HttpReply, is_served: bool) -> Self {
        let HttpReply { response, body_sign_name, took } = reply;
        let received =
            Received { response: &response, body_sign_name: body_sign_name.as_deref(), took };
        let Verdict { answer, outcome, remarks } = verdict::judge(step, wire, &received, is_served);
        let code = result_code(response.body());
        Self {
            took,
            remarks,
            status: Some(response.status().as_u16()),
            location: location(&response),
            code: code.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
            is_code_mistyped: code.is_some_and(|code| !code.is_string()),
            ..Self::of(step, answer, outcome)
        }
    }

    /// Judges an answer by koohook's own rules.
    pub fn by_koohook(step: &Step, wire: &Wire, reply: &HttpReply) -> Self {
        let HttpReply { response, took, .. } = reply;
        let answer = match Answer::read(response) {
            Ok(answer) => answer,
            Err(fault) => return Self { took: *took, ..Self::none(&fault.to_string()) },
        };
        let key = match step.call.contract {
            Contract::V1 | Contract::V2 => wire.access_key,
            Contract::KitV1 | Contract::KitV2 => wire.kit_key,
        };
        let signature = match verify_body_sign(response, key) {
            Err(AnswerError::BodySignMissing) if step.call.contract.is_v2() => Ok(()),
            signature => signature,
        };
        let unsigned = signature.err().map(|fault| fault.to_string());
        let is_signed = unsigned.is_none();
        let differs = || step.check(wire, &answer).err().map(|mismatch| mismatch.to_string());
        let outcome = match unsigned.or_else(differs) {
            None => Outcome::Right,
            Some(seen) => Outcome::Failed(failure(&seen, step)),
        };
        let judged = Self::of(step, Some(answer), outcome);
        Self { took: *took, waits: judged.waits && is_signed, ..judged }
    }

    fn of(step: &Step, answer: Option<Answer>, outcome: Outcome) -> Self {
        let answer = answer.as_ref();
        Self {
            code: answer.map(|answer| answer.code.clone()).unwrap_or_default(),
            instance_id: answer.and_then(|answer| step.learn(answer)).map(str::to_owned),
            state: step.state,
            took: Duration::ZERO,
            outcome,
            remarks: Vec::new(),
            waits: answer.is_some_and(|answer| step.waits(answer)),
            status: None,
            location: None,
            is_code_mistyped: false,
            usage: answer.and_then(first_usage),
        }
    }

    /// A call without an answer, or with an answer that koohook's rules cannot read.
    pub fn none(seen: &str) -> Self {
        let wanted = verdict::ANSWER_IN_TIME.to_owned();
        Self {
            code: String::new(),
            instance_id: None,
            state: State::Absent,
            took: Duration::ZERO,
            outcome: Outcome::Failed(Failure { seen: seen.to_owned(), wanted }),
            remarks: Vec::new(),
            waits: false,
            status: None,
            location: None,
            is_code_mistyped: false,
            usage: None,
        }
    }

    /// Whether the answer is right.
    pub fn is_right(&self) -> bool {
        self.outcome == Outcome::Right
    }

    /// Compares the stored state with the state that the step expects.
    pub fn compare_state(&mut self, step: &Step, state: State) {
        self.state = state;
        if state != step.state && self.is_right() {
            let seen = format!("state is not {}", state_word(step.state));
            self.outcome = Outcome::Failed(failure(&seen, step));
        }
    }
}

impl PlayedStep<'_> {
    /// The answer that a report shows: the first failed one, or else the first one that is not right, or
    /// else the first one.
    pub fn shown_answer(&self) -> Option<&JudgedAnswer> {
        let failed = |answered: &&JudgedAnswer| matches!(answered.outcome, Outcome::Failed(_));
        let unserved = |answered: &&JudgedAnswer| !answered.is_right();
        let mut found = self.sent.iter().find(failed);
        found = found.or_else(|| self.sent.iter().find(unserved));
        found.or_else(|| self.sent.first())
    }

    /// How the step was sent.
    pub fn sent_text(&self) -> String {
        let first =
            if self.step.race { format!("{} parallel", super::RACERS) } else { "once".to_owned() };
        if self.step.repeat { format!("{first} + repeat") } else { first }
    }
}

fn failure(seen: &str, step: &Step) -> Failure {
    let wanted =
        format!("the answer of koohook's decisions ({}, {})", guide(step), step.activity());
    Failure { seen: seen.to_owned(), wanted }
}

fn first_usage(answer: &Answer) -> Option<String> {
    let usage = answer.info.first()?.usage_info.first()?;
    Some(usage.usage_value.to_string())
}

fn result_code(body: &[u8]) -> Option<Value> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.get("resultCode").cloned()
}

/// The word for a state.
pub const fn state_word(state: State) -> &'static str {
    match state {
        State::Absent => "-",
        State::Active => "active",
        State::Frozen => "frozen",
        State::Released => "released",
    }
}
