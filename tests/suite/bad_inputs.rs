//! The catalogue of hostile and malformed requests, and the answer that each must get.
//!
//! The rows are data: `vectors/bad_inputs/*.json`, read by `bad_inputs/row.rs`; a new row needs
//! no code. Every answer but a success is held against the same checks, whatever the row says:
//!
//! - it is the one constant body of its code or status, and bare `application/json`;
//! - an answer with a result code carries a `Body-Sign` that covers its bytes;
//! - nothing was written, and for a rejected request nothing was read;
//! - nothing of the request, no key and no secret of ours is in the log, at any level, and every
//!   line of the log is one line of JSON;
//! - there was no panic, and the next valid call succeeds.
//!
//! What is not here: the rows of the kit and of RSA, which belong to calls that this bundle does
//! not serve; those of the notices' receiver; and load.

mod request;
mod row;
mod text;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use http::{Request, Response};
use shell::config::Config;
use simulator::answer::Answer;
use tests::call::{ADDRESS, BASE_KEY, Bundled, SETTINGS, koohook, run, v2};
use tests::log::Log;
use tests::world::{NOW, Trouble};

use request::{Made, Requests};
use row::{Expanded, Row, Step, Together};

const REQUESTS: &str = include_str!("../vectors/bad_inputs/requests.json");

/// What stands in the settings or is opened on the way, and belongs into no log.
const OUR_SECRETS: [&str; 4] =
    [BASE_KEY, "constructed-kit-key-0002", "made-up-password", "15905222222"];

macro_rules! rows {
    ($($claim:ident: $file:literal),* $(,)?) => {
        $(
            #[test]
            fn $claim() {
                hold(include_str!(concat!("../vectors/bad_inputs/", $file, ".json")));
            }
        )*
    };
}

rows! {
    signatures_are_whole_and_right: "signatures",
    parameters_are_read_once: "parameters",
    keys_are_the_routes_own: "keys",
    old_calls_change_nothing: "time",
    bodies_are_what_was_signed: "bodies",
    unreadable_fields_fail_no_order: "encrypted",
    limits_come_before_proof: "limits",
    strange_values_stay_themselves: "values",
    the_state_decides: "state",
}

/// Row B039, on threads that truly race.
#[test]
fn one_purchase_replayed_at_once_is_one_purchase() {
    let koohook = koohook(&SETTINGS);
    let call = v2(NOW, &purchase("CS-canary-1"));
    let answers = at_once(64, |_| run(koohook.reply(call.clone())));
    let ids: BTreeSet<_> = answers.iter().map(|answer| &answer.instance_id).collect();
    assert!(answers.iter().all(|answer| answer.code == "000000"));
    assert_eq!(ids.len(), 1);
    let id = answers[0].instance_id.as_deref().unwrap();
    assert_eq!(run(koohook.kept(id)).unwrap().outbox.sequence, 1);
}

/// Row B090.
#[test]
fn a_thousand_purchases_at_once_are_a_thousand_instances() {
    let koohook = koohook(&SETTINGS);
    let answers = at_once(20, |thread| {
        let order = |number| format!("CS-{thread}-{number}");
        let buy = |number| run(koohook.reply(v2(NOW, &purchase(&order(number)))));
        (0..50).map(buy).collect::<Vec<_>>()
    });
    let ids: BTreeSet<_> = answers
        .iter()
        .flatten()
        .map(|answer| (answer.code.as_str(), &answer.instance_id))
        .collect();
    assert!(ids.iter().all(|(code, _)| *code == "000000"));
    assert_eq!((ids.len(), koohook.store().take_counts()), (1_000, (1_000, 1_000)));
}

/// What each of many threads comes to.
fn at_once<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let work = &work;
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|number| scope.spawn(move || work(number))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn purchase(order: &str) -> [(&'static str, &str); 4] {
    [
        ("activity", "newInstance"),
        ("businessId", "canary-business-1"),
        ("orderId", order),
        ("orderLineId", "CS-canary-1-000001"),
    ]
}

/// Holds the bundle against every row of a file, and says all that fails.
fn hold(file: &str) {
    let requests = Requests::read(REQUESTS);
    let mut bodies = BTreeMap::new();
    let faults: Vec<String> =
        Row::read_all(file).iter().flat_map(|row| hold_row(row, &requests, &mut bodies)).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn hold_row(row: &Row, requests: &Requests, bodies: &mut BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut last = Vec::new();
    for (number, Expanded { settings, steps }) in row.expand().iter().enumerate() {
        let mut set: Vec<(&str, &str)> = SETTINGS.to_vec();
        set.extend(settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let is_absent = |name: &str| settings.get(name).is_some_and(|value| value == "«absent»");
        set.retain(|(name, _)| !is_absent(name));
        let mut fault =
            |fault| faults.push(format!("{} ({}) #{number}: {fault}", row.id, row.what));
        if let Some(setting) = &row.start_refused {
            refused_start(setting, &set).into_iter().for_each(fault);
            continue;
        }
        assert!(!steps.is_empty(), "{}: no step", row.id);
        let mut trial = Trial::new(&set, requests);
        steps.iter().for_each(|step| trial.take(step));
        trial.end();
        trial.faults.drain(..).for_each(&mut fault);
        for (code, body) in trial.failures {
            let first = bodies.entry(code.clone()).or_insert_with(|| body.clone());
            if *first != body {
                fault(format!("another body for {code}"));
            }
        }
        last.push((trial.answered, trial.instance));
    }
    faults.extend(together(row, &last));
    faults
}

fn together(row: &Row, last: &[(Vec<u8>, Option<String>)]) -> Option<String> {
    let bodies: BTreeSet<_> = last.iter().map(|(body, _)| body).collect();
    let instances: BTreeSet<_> = last.iter().filter_map(|(_, id)| id.as_ref()).collect();
    let holds = match row.together {
        Together::Free => true,
        Together::Identical => bodies.len() == 1,
        Together::Distinct => instances.len() == last.len(),
    };
    (!holds).then(|| format!("{} ({}): not so together", row.id, row.what))
}

/// Why the start is not refused as it should be: for this setting, without showing it.
fn refused_start(setting: &str, set: &[(&str, &str)]) -> Option<String> {
    let lookup = |name: &str| {
        let found = set.iter().rev().find(|(set, _)| *set == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    match Config::read(&lookup) {
        Ok(_) => Some("the start is not refused".to_owned()),
        Err(refused) if refused.iter().all(|unfit| unfit.setting != setting) => {
            Some(format!("the start is refused otherwise: {refused}"))
        }
        Err(refused) => {
            let value = lookup(setting).unwrap_or_default();
            let shown = format!("{refused} {refused:?}").contains(value.trim());
            (shown && !value.trim().is_empty()).then(|| "the value is shown".to_owned())
        }
    }
}

/// The guide's table of result codes, as the bodies that it amounts to.
fn constant(code: &str) -> String {
    let message = match code {
        "000001" => "authentication failed.",
        "000002" => "invalid request parameter.",
        "000003" => "instance id does not exist.",
        _ => "other internal error.",
    };
    format!(r#"{{"resultCode":"{code}","resultMsg":"{message}"}}"#)
}

/// One koohook that goes through the steps of one row.
struct Trial<'a> {
    koohook: Bundled,
    settings: &'a [(&'a str, &'a str)],
    requests: &'a Requests,
    log: Log,
    /// The instance that the row is about: the last one answered.
    instance: Option<String>,
    /// The last answer's bytes.
    answered: Vec<u8>,
    /// The bodies of all answers that are no success, by code or status.
    failures: Vec<(String, Vec<u8>)>,
    secrets: Vec<String>,
    faults: Vec<String>,
}

impl<'a> Trial<'a> {
    fn new(settings: &'a [(&'a str, &'a str)], requests: &'a Requests) -> Self {
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

    fn take(&mut self, step: &Step) {
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
            "none" => Trouble::None,
            "refused" => Trouble::Refused,
            "reply-lost" => Trouble::ReplyLost,
            other => panic!("no such trouble: {other}"),
        });
        self.koohook.store().plan(plan);
        self.koohook.store().take_counts();
        let guard = self.log.keep();
        let response = run(self.koohook.answer(request));
        drop(guard);
        self.judge(step, &response);
        self.answered = response.into_body();
    }

    fn judge(&mut self, step: &Step, response: &Response<Vec<u8>>) {
        let counts = self.koohook.store().take_counts();
        let word = match response.status().as_u16() {
            200 => self.judge_signed(step, response),
            status => self.judge_closed(status, response),
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
        self.hold(word == expected, || format!("answered {word}, not {expected}"));
        let most = match step.answer.as_str() {
            "OK" | "P" => (usize::MAX, usize::MAX),
            "R3" | "R5" => (usize::MAX, 0),
            _ => (0, 0),
        };
        let fine = match step.counts {
            Some(exact) => counts == exact,
            None => counts.0 <= most.0 && counts.1 <= most.1,
        };
        self.hold(fine, || format!("reads and writes are {counts:?}"));
        self.hold(!step.same_answer || *response.body() == self.answered, || {
            "another answer than before".to_owned()
        });
        for (name, value) in &step.answer_headers {
            let found = response.headers().get(name).map(|found| found.as_bytes().to_vec());
            self.hold(found.as_deref() == Some(value.as_bytes()), || format!("header {name}"));
        }
        self.judge_traces(step);
    }

    /// An answer with a result code: whole, signed, and constant if it is no success.
    fn judge_signed(&mut self, step: &Step, response: &Response<Vec<u8>>) -> String {
        let key = step.signed_by.as_deref().unwrap_or(self.current_key());
        let unsigned =
            step.request.starts_with("V2") && self.setting("KOOHOOK_V2_BODY_SIGN") == Some("off");
        if unsigned {
            let bare = !response.headers().contains_key("body-sign");
            self.hold(bare, || "signed all the same".to_owned());
        } else {
            let signed = simulator::answer::verify_body_sign(response, key);
            self.hold(signed.is_ok(), || format!("Body-Sign: {signed:?}"));
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
            self.hold(*response.body() == expected.as_bytes(), || {
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

    /// An answer that the marketplace never causes: a short constant, unsigned.
    fn judge_closed(&mut self, status: u16, response: &Response<Vec<u8>>) -> String {
        let bare = response.headers()["content-type"] == "application/json"
            && !response.headers().contains_key("body-sign");
        self.hold(bare, || "headers of a closed answer".to_owned());
        let body: Option<serde_json::Value> = serde_json::from_slice(response.body()).ok();
        let told = body.is_some_and(|body| body.as_object().is_some_and(|body| body.len() == 1));
        self.hold(told && response.body().len() < 64, || "body of a closed answer".to_owned());
        let word = format!("H{status}");
        self.failures.push((word.clone(), response.body().clone()));
        word
    }

    fn judge_traces(&mut self, step: &Step) {
        let line = self.log.callbacks().pop().unwrap_or_default();
        self.hold(line["fault"] != "panic", || "there was a panic".to_owned());
        if let Some(form) = &step.form {
            self.hold(line["form"] == form.as_str(), || format!("form is {}", line["form"]));
        }
        for (name, value) in &step.line {
            self.hold(line[name] == *value, || format!("the line's {name} is {}", line[name]));
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
            self.hold(found == value, || format!("{pointer} is {found}"));
        }
    }

    /// The next valid call succeeds, and the log holds no secret.
    fn end(&mut self) {
        self.koohook.store().plan([]);
        self.koohook.world().set_now(NOW);
        let response = run(self.koohook.answer(self.next()));
        let answer = Answer::read(&response).map(|answer| answer.code);
        let pending = self.setting("KOOHOOK_PRODUCT_URL").is_some();
        let fine = if pending { "000004" } else { "000000" };
        self.hold(answer.as_deref() == Ok(fine), || format!("the next call: {answer:?}"));
        let text = self.log.text();
        for secret in std::mem::take(&mut self.secrets) {
            let escaped = serde_json::Value::from(secret.as_str()).to_string();
            let shown = text.contains(&secret) || text.contains(escaped.trim_matches('"'));
            self.hold(!shown, || format!("the log shows {secret:?}"));
        }
        let raw = |letter: char| letter.is_control() && letter != '\n';
        self.hold(!text.contains(raw), || "a control character in the log".to_owned());
    }

    /// A purchase that nobody made yet, as the settings want it.
    fn next(&self) -> Request<Vec<u8>> {
        let body = simulator::v2::body(&purchase("CS-next"));
        let seconds = self.setting("KOOHOOK_TIMESTAMP_UNIT") == Some("seconds");
        let time = if seconds { NOW / 1_000 } else { NOW }.to_string();
        let address = match self.setting("KOOHOOK_BASE_PATH") {
            Some(path) => &format!("https://seller.example.com{path}"),
            None => ADDRESS,
        };
        simulator::v2::request(address, self.current_key(), &time, "next", &body).unwrap()
    }

    fn current_key(&self) -> &'a str {
        self.setting("KOOHOOK_BASE_KEY").unwrap_or(BASE_KEY)
    }

    fn setting(&self, name: &str) -> Option<&'a str> {
        let found = self.settings.iter().rev().find(|(set, _)| *set == name);
        found.map(|(_, value)| *value)
    }

    fn hold(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(fault());
        }
    }
}
