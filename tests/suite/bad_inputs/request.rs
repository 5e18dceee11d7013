//! From a step's description to the bytes that travel.

use std::collections::BTreeMap;

use http::Request;
use serde::Deserialize;
use serde_json::{Map, Value};
use tests::call::{ADDRESS, BASE_KEY};

use super::row::Step;
use super::text::fill;

/// The requests that the rows begin with.
#[derive(Deserialize)]
pub struct Requests(BTreeMap<String, Plain>);

/// A request before anything was done to it.
#[derive(Clone, Deserialize)]
struct Plain {
    contract: Word,
    members: Map<String, Value>,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
enum Word {
    V1,
    V2,
}

/// A request, ready to travel, and every text in it that no log may show.
pub struct Made {
    /// What travels.
    pub request: Request<Vec<u8>>,
    /// The values of its members, its proof, its body.
    pub secrets: Vec<String>,
}

const PATH: &str = "/saasproduce";
/// The instance that nobody bought.
const NO_INSTANCE: &str = "made-up-instance-0000-0000-000000000000";

impl Requests {
    /// Reads them.
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).expect("a file of requests")
    }

    /// Makes a step's request, signed at a time. `instance` is the one that the row is about.
    pub fn make(&self, step: &Step, now_millis: u64, instance: Option<&str>) -> Made {
        let plain = self.0.get(&step.request);
        let plain = plain.unwrap_or_else(|| panic!("no such request: {}", step.request));
        let instance = instance.unwrap_or(NO_INSTANCE);
        let mut members = plain.members.clone();
        members.extend(step.set.clone());
        members.retain(|_, value| value != "«absent»");
        let fixed = |name: &str| (name == "instance").then(|| instance.as_bytes().to_vec());
        let members: Map<String, Value> = members
            .into_iter()
            .map(|(name, value)| (text(&name, &fixed), filled(&value, &fixed)))
            .collect();
        let proof = match plain.contract {
            Word::V1 => Proof::v1(step, &members, now_millis),
            Word::V2 => Proof::v2(step, &members, now_millis),
        };
        let value_of = |name: &str| match fixed(name) {
            Some(value) => Some(value),
            None => proof.value_of(name, &members),
        };
        Made {
            request: travelling(step, plain.contract, &proof, &value_of),
            secrets: secrets(&members, &proof),
        }
    }
}

/// What a signature is made of, and the signature.
struct Proof {
    body: Vec<u8>,
    time: String,
    nonce: String,
    signature: String,
    pairs: String,
}

impl Proof {
    fn v1(step: &Step, members: &Map<String, Value>, now_millis: u64) -> Self {
        let time = simulator::time::to_the_millisecond(now_millis);
        let time = step.time.clone().unwrap_or(time);
        let key = key(step);
        let pairs: Vec<(&str, &str)> = members
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().expect("V1 has texts alone")))
            .collect();
        let request = simulator::v1::request(ADDRESS, &key, &time, &pairs).unwrap();
        let query = request.uri().query().unwrap_or_default();
        let (pairs_sent, _) = query.rsplit_once("&authToken=").unwrap();
        Self {
            body: Vec::new(),
            signature: simulator::v1::auth_token(&key, &time, &pairs),
            time,
            nonce: String::new(),
            pairs: pairs_sent.to_owned(),
        }
    }

    fn v2(step: &Step, members: &Map<String, Value>, now_millis: u64) -> Self {
        let body = match &step.body {
            Some(body) => fill(body, &|name| as_bytes(members.get(name)?)),
            None => Value::from(members.clone()).to_string().into_bytes(),
        };
        let time = step.time.clone().unwrap_or_else(|| now_millis.to_string());
        let time = text(&time, &|_| None);
        // Of the body, so that two different calls never share one.
        let nonce = step.nonce.as_ref().map(|nonce| text(nonce, &|_| None));
        let nonce = nonce.unwrap_or_else(|| simulator::v2::sign(BASE_KEY, "0", "0", &body));
        Self {
            signature: simulator::v2::sign(&key(step), &time, &nonce, &body),
            body,
            time,
            nonce,
            pairs: String::new(),
        }
    }

    fn value_of(&self, name: &str, members: &Map<String, Value>) -> Option<Vec<u8>> {
        let known = match name {
            "signature" | "token" => &self.signature,
            "time" => &self.time,
            "nonce" => &self.nonce,
            "nonce-and-time" => {
                return Some([self.nonce.as_bytes(), self.time.as_bytes()].concat());
            }
            "pairs" => &self.pairs,
            "body" => return Some(self.body.clone()),
            member => return as_bytes(members.get(member)?),
        };
        Some(known.as_bytes().to_vec())
    }
}

fn key(step: &Step) -> String {
    let key = step.key.as_deref().unwrap_or(BASE_KEY);
    text(key, &|_| None)
}

fn travelling(
    step: &Step,
    contract: Word,
    proof: &Proof,
    value_of: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Request<Vec<u8>> {
    let (method, query) = match contract {
        Word::V1 => ("GET", "«pairs»&authToken=«token|url»"),
        Word::V2 => ("POST", "signature=«signature»&timestamp=«time|url»&nonce=«nonce|url»"),
    };
    let query = text(step.query.as_deref().unwrap_or(query), value_of);
    let path = text(step.path.as_deref().unwrap_or(PATH), value_of);
    let body = step.sent_body.as_ref().map(|body| fill(body, value_of));
    let mut request = Request::builder()
        .method(step.method.as_deref().unwrap_or(method))
        .uri(format!("{path}?{query}"));
    for (name, value) in &step.headers {
        request = request.header(name, fill(value, value_of));
    }
    request
        .body(body.unwrap_or_else(|| proof.body.clone()))
        .unwrap_or_else(|fault| panic!("no request at all: {fault}"))
}

/// Fills in the texts of a member's value, however deep.
pub fn filled(value: &Value, value_of: &dyn Fn(&str) -> Option<Vec<u8>>) -> Value {
    match value {
        Value::String(part) => text(part, value_of).into(),
        Value::Array(items) => items.iter().map(|item| filled(item, value_of)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, item)| (text(name, value_of), filled(item, value_of)))
            .collect(),
        other => other.clone(),
    }
}

fn text(template: &str, value_of: &dyn Fn(&str) -> Option<Vec<u8>>) -> String {
    String::from_utf8(fill(template, value_of)).expect("text")
}

fn as_bytes(value: &Value) -> Option<Vec<u8>> {
    value.as_str().map(|text| text.as_bytes().to_vec())
}

/// What must not be logged. Short values stand in every text by chance, and the activity's word
/// is what a log is for.
fn secrets(members: &Map<String, Value>, proof: &Proof) -> Vec<String> {
    let mut secrets = vec![
        proof.signature.clone(),
        proof.signature.to_ascii_lowercase(),
        proof.nonce.clone(),
        proof.pairs.clone(),
        proof.time.clone(),
        String::from_utf8_lossy(&proof.body).into_owned(),
    ];
    for (name, value) in members {
        if name != "activity" {
            texts(value, &mut secrets);
        }
    }
    secrets.retain(|secret| secret.chars().count() >= 6);
    secrets
}

fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(members) => members.values().for_each(|item| texts(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}
