//! Turns the description of a step into the bytes that are sent.

use std::collections::BTreeMap;

use http::Request;
use serde::Deserialize;
use serde_json::{Map, Value};
use tests::call::{ADDRESS, BASE_KEY};

use super::row::Step;
use super::text::fill;

/// The requests that the rows change.
#[derive(Deserialize)]
pub struct Requests(BTreeMap<String, Plain>);

/// A request before a step changes it.
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

/// A request that is ready to be sent, and every text in it that must not be logged.
pub struct Made {
    /// The request to send.
    pub request: Request<Vec<u8>>,
    /// The values of its members, its signature's parts, its body.
    pub secrets: Vec<String>,
}

const PATH: &str = "/saasproduce";
/// The ID of an instance that was never bought.
const NO_INSTANCE: &str = "made-up-instance-0000-0000-000000000000";

impl Requests {
    /// Parses the file.
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).expect("a file of requests")
    }

    /// Makes the request of a step, signed at `now_millis`. `instance` is the row's instance.
    pub fn make(&self, step: &Step, now_millis: u64, instance: Option<&str>) -> Made {
        let plain = self.0.get(&step.request);
        let plain = plain.unwrap_or_else(|| panic!("unknown request: {}", step.request));
        let instance = instance.unwrap_or(NO_INSTANCE);
        let mut members = plain.members.clone();
        members.extend(step.set.clone());
        members.retain(|_, value| value != "«absent»");
        let fixed = |name: &str| (name == "instance").then(|| instance.as_bytes().to_vec());
        let members: Map<String, Value> = members
            .into_iter()
            .map(|(name, value)| (text(&name, &fixed), filled(&value, &fixed)))
            .collect();
        let signed = match plain.contract {
            Word::V1 => Signed::v1(step, &members, now_millis),
            Word::V2 => Signed::v2(step, &members, now_millis),
        };
        let value_of = |name: &str| match fixed(name) {
            Some(value) => Some(value),
            None => signed.value_of(name, &members),
        };
        Made {
            request: sent_request(step, plain.contract, &signed, &value_of),
            secrets: secrets(&members, &signed),
        }
    }
}

/// The inputs of a signature, and the signature.
struct Signed {
    body: Vec<u8>,
    time: String,
    nonce: String,
    signature: String,
    pairs: String,
}

impl Signed {
    fn v1(step: &Step, members: &Map<String, Value>, now_millis: u64) -> Self {
        let time = simulator::time::to_the_millisecond(now_millis);
        let time = step.time.clone().unwrap_or(time);
        let key = key(step);
        let pairs: Vec<(&str, &str)> = members
            .iter()
            .map(|(name, value)| {
                (name.as_str(), value.as_str().expect("a V1 member must be a string"))
            })
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
        // The nonce is derived from the body, so that two different calls never share one.
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

fn sent_request(
    step: &Step,
    contract: Word,
    signed: &Signed,
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
        .body(body.unwrap_or_else(|| signed.body.clone()))
        .unwrap_or_else(|fault| panic!("the row does not make a request: {fault}"))
}

/// Fills in the texts in a value, at any depth.
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

/// Texts that must not be logged. Short values are left out because they appear in other texts by
/// chance. The activity is left out because logs name it.
fn secrets(members: &Map<String, Value>, signed: &Signed) -> Vec<String> {
    let mut secrets = vec![
        signed.signature.clone(),
        signed.signature.to_ascii_lowercase(),
        signed.nonce.clone(),
        signed.pairs.clone(),
        signed.time.clone(),
        String::from_utf8_lossy(&signed.body).into_owned(),
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
