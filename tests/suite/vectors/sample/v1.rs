//! Access guide 1.0: the query of a base call, the body of a kit call.

use std::collections::BTreeMap;

use protocol::json::Members;
use protocol::signature::{Contract, Headers, Interface, SignedForm, Unverified};
use serde::Deserialize;
use simulator::{kit_v1, v1};

use super::{call, verify};

#[derive(Deserialize)]
struct Base {
    key: String,
    vectors: Vec<BaseVector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BaseVector {
    params: BTreeMap<String, String>,
    auth_token: String,
    query: String,
}

#[derive(Deserialize)]
struct Kit {
    key: String,
    vectors: Vec<KitVector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KitVector {
    page: String,
    body: String,
    signed: String,
    auth_token: String,
}

fn base() -> Base {
    let base: Base =
        serde_json::from_str(include_str!("../../../vectors/sample/v1-base.json")).unwrap();
    assert_eq!(base.vectors.len(), 72);
    base
}

fn kit() -> Kit {
    let kit: Kit =
        serde_json::from_str(include_str!("../../../vectors/sample/v1-kit.json")).unwrap();
    assert_eq!(kit.vectors.len(), 100);
    kit
}

fn texts(members: &Members) -> BTreeMap<String, String> {
    let text = |value: &protocol::json::Json| value.as_text().unwrap().to_owned();
    members.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

#[test]
fn a_query_is_verified_with_the_parameters_that_were_signed() {
    let Base { key, vectors } = base();
    for BaseVector { params, query, .. } in &vectors {
        let call = Unverified { query, ..call(Interface::Base, Contract::V1) };
        let verified = verify(&call, &key, 0).unwrap_or_else(|fault| panic!("{fault}: {query}"));
        assert_eq!(verified.form(), SignedForm::Received, "{query}");
        assert_eq!(texts(verified.members()), *params, "{query}");
        assert!(verified.signed_at().is_some(), "{query}");
    }
}

#[test]
fn the_simulator_signs_a_query_like_the_sample() {
    let Base { key, vectors } = base();
    for BaseVector { params, auth_token, .. } in &vectors {
        let time_stamp = &params["timeStamp"];
        let pairs: Vec<_> = params.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(v1::auth_token(&key, time_stamp, &pairs), *auth_token, "{params:?}");
    }
}

#[test]
fn a_kit_body_is_verified_with_the_members_that_were_signed() {
    let Kit { key, vectors } = kit();
    for KitVector { page, body, signed, auth_token } in &vectors {
        let headers = Headers { auth_token: vec![auth_token], ..Headers::default() };
        let body = body.as_bytes();
        let call = Unverified { headers, body, ..call(Interface::Kit, Contract::V1) };
        let verified = verify(&call, &key, 0).unwrap_or_else(|fault| panic!("{fault}: {signed}"));
        assert_eq!(verified.form(), SignedForm::Received, "{page} {signed}");
        let pairs = texts(verified.members());
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(pairs.join("&"), *signed, "{page}");
        assert!(verified.signed_at().is_some(), "{page} {signed}");
    }
}

#[test]
fn the_simulator_signs_a_kit_body_like_the_sample() {
    let Kit { key, vectors } = kit();
    for KitVector { body, auth_token, .. } in &vectors {
        assert_eq!(kit_v1::auth_token(&key, body.as_bytes()), *auth_token, "{body}");
    }
}
