//! Tests of the calls of a scenario and of their right answers.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Call, Contract, State, Step, Value, Wire};
use crate::answer::Answer;

mod answers;
mod enterprises;
mod pay_per_use;
mod purchases;
mod requests;

const KEY: &str = "11111111-2222-3333-4444-555555555555";
const NONCE: &str = "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA";
/// 2026-07-25T02:51:13.409Z.
const NOW: u64 = 1_784_947_873_409;

const WIRE: Wire<'static> = Wire {
    address: "https://seller.example/saas",
    access_key: KEY,
    kit_key: "constructed-kit-key-0002",
    now_millis: NOW,
    business_id: "87b94795-0603-4e24-8ae5-69420d60e3c8",
    nonce: NONCE,
    instance_id: "03pf80c2bae96vc49b80b917bea776d7",
    sealed_secret: "c2VhbGVk",
};

fn step(contract: Contract, members: Vec<(&'static str, Value)>) -> Step {
    let call = Call { contract, page: "", members };
    Step { call, ..Step::new(contract, "", "", State::Active) }
}

/// The query, parsed as a server parses it.
fn query(request: &http::Request<Vec<u8>>) -> BTreeMap<String, String> {
    let pairs: Vec<(String, String)> =
        request.uri().query().unwrap().split('&').map(pair).collect();
    let read: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(read.len(), pairs.len(), "a name is repeated");
    read
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap();
    (name.to_owned(), decode(value))
}

fn decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().replace('+', " ").into_bytes();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        bytes.extend(rest.replace('+', " ").bytes());
    }
    String::from_utf8(bytes).unwrap()
}

/// The members that the step sends, as texts, under both contracts.
fn members(step: &Step, wire: &Wire) -> BTreeMap<String, String> {
    let request = step.request(wire).unwrap();
    if step.call.contract == Contract::V1 {
        return query(&request);
    }
    let body: BTreeMap<String, Json> = serde_json::from_slice(request.body()).unwrap();
    let text = |value: Json| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    body.into_iter().map(|(name, value)| (name, text(value))).collect()
}

fn answer(code: &str) -> Answer {
    Answer {
        code: code.to_owned(),
        message: "success".to_owned(),
        instance_id: None,
        encrypt_type: None,
        app_info: None,
        info: Vec::new(),
    }
}
