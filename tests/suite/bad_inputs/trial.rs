//! One koohook that receives the steps of a row, and the checks on each answer.

use std::time::Duration;

use http::{Request, Response};
use simulator::answer::Answer;
use tests::call::{ADDRESS, BASE_KEY, Bundled, koohook, run};
use tests::log::Log;
use tests::world::{NOW, StoreFault};

use super::request::{self, Made, Requests};
use super::row::Step;
use super::{OUR_SECRETS, purchase};

/// The constant bodies that follow from the guide's table of result codes.
fn constant(code: &str) -> String {
    let message = match code {
        "000001" => "authentication failed.",
        "000002" => "invalid request parameter.",
        "000003" => "instance id does not exist.",
        _ => "other internal error.",
    };
    format!(r#"{{"resultCode":"{code}","resultMsg":"{message}"}}"#)
}

/// One koohook that receives the steps of one row.
pub(super) struct Trial<'a> {
    pub(super) koohook: Bundled,
    pub(super) settings: &'a [(&'a str, &'a str)],
    pub(super) requests: &'a Requests,
    pub(super) log: Log,
    /// The row's instance: the one in the latest answer that names an instance.
    pub(super) instance: Option<String>,
    /// The bytes of the latest answer.
    pub(super) answered: Vec<u8>,
    /// The bodies of all answers that are not a success, by code or status.
    pub(super) failures: Vec<(String, Vec<u8>)>,
    pub(super) secrets: Vec<String>,
    pub(super) faults: Vec<String>,
}

impl<'a> Trial<'a> {
    pub(super) fn new(settings: &'a [(&'a str, &'a str)], requests: &'a Requests) -> Self {
        Self {
            koohook: koohook(settings),
            settings,
            requests,
            log: Log::default(),
            instance: None,
            answered: Vec::new(),
            failures: Vec::new(),
            secrets: OUR_SECRETS.map(str::to_owned).to_vec(),
            faults: Vec::new(),
        }
    }

    pub(super) fn perform(&mut self, step: &Step) {
        let world = self.koohook.world();
        world.pass(Duration::from_hours(step.pass_hours));
        if let Some(now) = step.now {
            world.set_now(now);
        }
        let signed = world.now_millis();
        world.set_now(signed.checked_add_signed(step.late_millis).unwrap());
        let Made { request, secrets } = self.requests.make(step, signed, self.instance.as_deref());
        self.secrets.extend(secrets);
        let plan = step.trouble.iter().map(|word| match word.as_str() {
            "none" => StoreFault::None,
            "refused" => StoreFault::Refused,
            "reply-lost" => StoreFault::ReplyLost,
            other => panic!("unknown fault: {other}"),
        });
        self.koohook.store().plan(plan);
        self.koohook.store().take_counts();
        let guard = self.log.keep();
        let response = run(self.koohook.answer(request));
        drop(guard);
        self.judge(step, &response);
        self.answered = response.into_body();
    }

    pub(super) fn judge(&mut self, step: &Step, response: &Response<Vec<u8>>) {
        let counts = self.koohook.store().take_counts();
        let word = match response.status().as_u16() {
            200 => self.judge_signed(step, response),
            status => self.judge_http_error(status, response),
        };
        let expected = match step.answer.as_str() {
            "OK" => "000000",
            "R1" => "000001",
            "R2" => "000002",
            "R3" => "000003",
            "P" => "000004",
            "R5" => "000005",
            closed => closed,
        };
        self.check(word == expected, || format!("answered {word}, not {expected}"));
        let most = match step.answer.as_str() {
            "OK" | "P" => (usize::MAX, usize::MAX),
            "R3" | "R5" => (usize::MAX, 0),
            _ => (0, 0),
        };
        let fine = match step.counts {
            Some(exact) => counts == exact,
            None => counts.0 <= most.0 && counts.1 <= most.1,
        };
        self.check(fine, || format!("reads and writes are {counts:?}"));
        self.check(!step.same_answer || *response.body() == self.answered, || {
            "the answer differs from the one before".to_owned()
        });
        for (name, value) in &step.answer_headers {
            let found = response.headers().get(name).map(|found| found.as_bytes().to_vec());
            self.check(found.as_deref() == Some(value.as_bytes()), || format!("header {name}"));
        }
        self.judge_traces(step);
    }

    /// An answer with a result code must be complete and signed. If it is not a success, it is
    /// constant.
    pub(super) fn judge_signed(&mut self, step: &Step, response: &Response<Vec<u8>>) -> String {
        let key = step.signed_by.as_deref().unwrap_or(self.current_key());
        let unsigned =
            step.request.starts_with("V2") && self.setting("KOOHOOK_V2_BODY_SIGN") == Some("off");
        if unsigned {
            let bare = !response.headers().contains_key("body-sign");
            self.check(bare, || "the answer is signed, although signing is off".to_owned());
        } else {
            let signed = simulator::answer::verify_body_sign(response, key);
            self.check(signed.is_ok(), || format!("Body-Sign: {signed:?}"));
        }
        let answer = match Answer::read(response) {
            Ok(answer) => answer,
            Err(fault) => {
                self.faults.push(format!("not an answer: {fault}"));
                return String::new();
            }
        };
        if matches!(answer.code.as_str(), "000001" | "000002" | "000003" | "000005") {
            let expected = constant(&answer.code);
            self.check(*response.body() == expected.as_bytes(), || {
                format!("the body of {} is not its constant", answer.code)
            });
            self.failures.push((answer.code.clone(), response.body().clone()));
        }
        if let Some(id) =
            answer.instance_id.or_else(|| Some(answer.info.first()?.instance_id.clone()))
        {
            self.instance = Some(id);
        }
        answer.code
    }

    /// An HTTP error, which no call of the marketplace causes: a short constant, unsigned.
    pub(super) fn judge_http_error(&mut self, status: u16, response: &Response<Vec<u8>>) -> String {
        let bare = response.headers()["content-type"] == "application/json"
            && !response.headers().contains_key("body-sign");
        self.check(bare, || "headers of an HTTP error".to_owned());
        let body: Option<serde_json::Value> = serde_json::from_slice(response.body()).ok();
        let one_member =
            body.is_some_and(|body| body.as_object().is_some_and(|body| body.len() == 1));
        self.check(one_member && response.body().len() < 64, || "body of an HTTP error".to_owned());
        let word = format!("H{status}");
        self.failures.push((word.clone(), response.body().clone()));
        word
    }

    pub(super) fn judge_traces(&mut self, step: &Step) {
        let line = self.log.callbacks().pop().unwrap_or_default();
        self.check(line["fault"] != "panic", || "there was a panic".to_owned());
        if let Some(form) = &step.form {
            self.check(line["form"] == form.as_str(), || format!("form is {}", line["form"]));
        }
        for (name, value) in &step.line {
            self.check(line[name] == *value, || format!("the line's {name} is {}", line[name]));
        }
        if step.kept.is_empty() {
            return;
        }
        let id = self.instance.clone().unwrap_or_default();
        let kept = run(self.koohook.kept(&id));
        let bytes = kept.map(|kept| kept.to_bytes().unwrap()).unwrap_or(b"null".to_vec());
        let kept: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        for (pointer, value) in &step.kept {
            let found = kept.pointer(pointer).cloned().unwrap_or_default();
            let value = request::filled(value, &|_| Some(id.as_bytes().to_vec()));
            self.check(found == value, || format!("{pointer} is {found}"));
        }
    }

    /// The next valid call must succeed, and the log must contain no secret. Only the lines of
    /// verified calls may contain IDs, in their own fields (decision I1).
    pub(super) fn end(&mut self) {
        self.koohook.store().plan([]);
        self.koohook.world().set_now(NOW);
        let response = run(self.koohook.answer(self.next()));
        let answer = Answer::read(&response).map(|answer| answer.code);
        let pending = self.setting("KOOHOOK_PRODUCT_URL").is_some();
        let fine = if pending { "000004" } else { "000000" };
        self.check(answer.as_deref() == Ok(fine), || format!("the next call: {answer:?}"));
        let text = without_ids(&self.log.text());
        for secret in std::mem::take(&mut self.secrets) {
            let escaped = serde_json::Value::from(secret.as_str()).to_string();
            let shown = text.contains(&secret) || text.contains(escaped.trim_matches('"'));
            self.check(!shown, || format!("the log shows {secret:?}"));
        }
        let raw = |letter: char| letter.is_control() && letter != '\n';
        self.check(!text.contains(raw), || "a control character in the log".to_owned());
    }

    /// A new purchase, sent as the settings require.
    pub(super) fn next(&self) -> Request<Vec<u8>> {
        let body = simulator::v2::body(&purchase("CS-next"));
        let seconds = self.setting("KOOHOOK_TIMESTAMP_UNIT") == Some("seconds");
        let time = if seconds { NOW / 1_000 } else { NOW }.to_string();
        let address = match self.setting("KOOHOOK_BASE_PATH") {
            Some(path) => &format!("https://seller.example.com{path}"),
            None => ADDRESS,
        };
        simulator::v2::request(address, self.current_key(), &time, "next", &body).unwrap()
    }

    pub(super) fn current_key(&self) -> &'a str {
        self.setting("KOOHOOK_BASE_KEY").unwrap_or(BASE_KEY)
    }

    pub(super) fn setting(&self, name: &str) -> Option<&'a str> {
        let found = self.settings.iter().rev().find(|(set, _)| *set == name);
        found.map(|(_, value)| *value)
    }

    pub(super) fn check(&mut self, passed: bool, fault: impl FnOnce() -> String) {
        if !passed {
            self.faults.push(fault());
        }
    }
}

/// The log without the IDs of verified calls.
fn without_ids(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let Ok(mut line) = serde_json::from_str::<serde_json::Value>(line) else {
            return line.to_owned();
        };
        // The marketplace signed a call that is rejected with a warning: only its time is wrong.
        let is_signed = line["outcome"] != "rejected" || line["level"] == "WARN";
        let is_verified = line["message"] == "callback" && is_signed;
        if let Some(members) = line.as_object_mut().filter(|_| is_verified) {
            members.retain(|name, _| !ID_FIELDS.contains(&name.as_str()));
        }
        line.to_string()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The fields of a line that contain IDs.
const ID_FIELDS: [&str; 6] =
    ["orderId", "orderLineId", "instanceId", "tenantId", "appId", "businessId"];
