//! Tests of the scenarios of a purchase.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{KEY, NOW, WIRE, answer, members};
use crate::answer::Answer;
use crate::scenario::{State, Step, v1, v2};
use crate::v1::{Strength, decrypt};

fn scenarios() -> [Vec<Step>; 2] {
    let longest = "P".repeat(50);
    [v1(&longest, NOW), v2(&longest, NOW)]
}

#[test]
fn titles_are_unique_and_start_with_the_activity() {
    for scenario in scenarios() {
        let titles: BTreeSet<&str> = scenario.iter().map(|step| step.title.as_str()).collect();
        assert_eq!(titles.len(), scenario.len());
        for step in &scenario {
            assert_eq!(step.title.split(' ').next(), members(step, &WIRE)["activity"].get(..));
        }
    }
}

#[test]
fn every_activity_of_a_guide_is_called_and_rehearsed() {
    let v1 = "newInstance refreshInstance expireInstance releaseInstance upgrade instanceStatus \
              queryInstance";
    let v2 = "newInstance queryInstance refreshInstance updateInstanceStatus releaseInstance \
              upgradeInstance changeInstanceCheck";
    for (scenario, guide) in scenarios().iter().zip([v1, v2]) {
        for rehearsed in [false, true] {
            let called: BTreeSet<String> = scenario
                .iter()
                .filter(|step| step.is_rehearsal() == rehearsed)
                .map(|step| members(step, &WIRE)["activity"].clone())
                .collect();
            assert_eq!(called, guide.split(' ').map(str::to_owned).collect());
        }
    }
}

#[test]
fn rehearsals_refused_calls_and_calls_after_release_do_not_change_the_state() {
    for scenario in scenarios() {
        let mut state = State::Absent;
        for step in &scenario {
            if step.is_rehearsal() || step.code != "000000" || state == State::Released {
                assert_eq!(step.state, state, "{}", step.title);
            }
            assert!(!step.is_rehearsal() || step.code == "000000", "{}", step.title);
            state = step.state;
        }
        assert_eq!(state, State::Released);
    }
}

/// The states that a scenario reaches, in order.
#[test]
fn both_scenarios_reach_every_state() {
    let expected = [
        "newInstance Active, expireInstance Frozen, refreshInstance renew unfreezes Active, \
         instanceStatus FREEZE Frozen, instanceStatus NORMAL Active, releaseInstance Released",
        "newInstance Active, updateInstanceStatus FREEZE Frozen, \
         updateInstanceStatus UNFREEZE Active, releaseInstance Released",
    ];
    for (scenario, expected) in scenarios().iter().zip(expected) {
        let mut state = State::Absent;
        let mut turns = Vec::new();
        for step in scenario {
            if step.state != state {
                turns.push(format!("{} {:?}", step.title, step.state));
                state = step.state;
            }
        }
        assert_eq!(turns.join(", "), expected);
    }
}

#[test]
fn the_purchase_returns_the_instance_id_before_a_call_names_it() {
    for scenario in scenarios() {
        let bought = Answer { instance_id: Some("i".to_owned()), ..answer("000000") };
        let first = scenario.iter().position(|step| step.learn(&bought) == Some("i")).unwrap();
        let named = scenario
            .iter()
            .position(|step| members(step, &WIRE).values().any(|v| v.contains(WIRE.instance_id)));
        assert_eq!(scenario.get(first).unwrap().title, "newInstance");
        assert!(scenario.get(first).unwrap().race);
        assert!(first < named.unwrap());
    }
}

/// The lengths of the guides' tables. queryInstance has no limit here: its list of IDs may be
/// longer than the length in its table.
#[test]
fn members_fit_the_guides_tables() {
    let limits = BTreeMap::from([
        ("activity", 20),
        ("amount", 4),
        ("authToken", 50),
        ("businessId", 64),
        ("chargingMode", 3),
        ("customerId", 100),
        ("customerName", 64),
        ("expireTime", 20),
        ("instanceStatus", 32),
        ("orderAmount", 20),
        ("orderId", 64),
        ("orderLineId", 64),
        ("periodNumber", 2),
        ("periodType", 10),
        ("productId", 64),
        ("saasExtendParams", 2048),
        ("scene", 64),
        ("skuCode", 64),
        ("status", 32),
        ("testFlag", 2),
        ("timeStamp", 20),
        ("trialFlag", 2),
        ("trialToFormal", 2),
    ]);
    let unlimited = ["email", "instanceId", "mobilePhone", "productInfo"];
    for step in scenarios().iter().flatten() {
        for (name, value) in members(step, &WIRE) {
            assert!(!value.is_empty(), "{}: {name} is empty", step.title);
            match limits.get(name.as_str()) {
                Some(&limit) => assert!(value.chars().count() <= limit, "{}: {name}", step.title),
                None => assert!(unlimited.contains(&name.as_str()), "{}: {name}", step.title),
            }
        }
    }
}

#[test]
fn every_change_has_its_own_order() {
    for scenario in scenarios() {
        let mut seen = BTreeSet::new();
        for step in scenario.iter().filter(|step| !step.is_rehearsal()) {
            let members = members(step, &WIRE);
            if ["refreshInstance", "upgrade", "upgradeInstance"]
                .contains(&members["activity"].as_str())
                && members["instanceId"] == WIRE.instance_id
            {
                assert!(seen.insert(members["orderId"].clone()), "{}", step.title);
            }
        }
        assert!(!seen.contains(&"P".repeat(50)));
    }
}

/// Decision D4: an expire call more than 24 hours before a refreshed expiry has no effect.
#[test]
fn an_expire_call_freezes_only_near_the_refreshed_expiry() {
    let [scenario, _] = scenarios();
    let tomorrow = "20260726025113";
    let mut expiry = String::new();
    let mut expired = Vec::new();
    for step in scenario.iter().filter(|step| !step.is_rehearsal() && step.code == "000000") {
        let members = members(step, &WIRE);
        match members["activity"].as_str() {
            "refreshInstance" => expiry.clone_from(&members["expireTime"]),
            "expireInstance" if step.state != State::Released => {
                expired.push((expiry.as_str() <= tomorrow, step.state));
            }
            _ => (),
        }
    }
    assert_eq!(expired, [(true, State::Frozen), (false, State::Active)]);
}

#[test]
fn only_a_purchase_contains_a_business_id_and_personal_fields() {
    let [scenario, _] = scenarios();
    let mut written = BTreeSet::new();
    for step in scenario.iter().chain(&v2("order", NOW)) {
        let members = members(step, &WIRE);
        let purchase = members["activity"] == "newInstance";
        assert_eq!(members.get("businessId").is_some_and(|id| id == WIRE.business_id), purchase);
        for (name, plain) in [("mobilePhone", "15905222222"), ("email", "user@example.com")] {
            if let Some(wire) = members.get(name) {
                assert_eq!(decrypt(KEY, Strength::Aes256, wire).as_deref(), Ok(plain));
                assert!(written.insert(wire.clone()), "a vector is used twice");
            }
        }
    }
    assert_eq!(written.len(), 8);
}

#[test]
fn product_info_is_sent_as_an_object_and_as_its_text() {
    let mut shapes = BTreeSet::new();
    for step in v2("order", NOW) {
        let request = step.request(&WIRE).unwrap();
        let body: Json = serde_json::from_slice(request.body()).unwrap();
        if body["activity"] == "changeInstanceCheck" {
            let info = &body["productInfo"];
            shapes.insert(info.is_object());
            let object = info.as_str().map_or_else(|| info.clone(), |t| t.parse().unwrap());
            assert_eq!(object["productId"], json!("OFFI461867333479178241"));
        }
    }
    assert_eq!(shapes, BTreeSet::from([false, true]));
}

#[test]
fn v2_sends_expiry_times_with_14_and_with_17_digits() {
    let lengths: BTreeSet<usize> = v2("order", NOW)
        .iter()
        .filter_map(|step| members(step, &WIRE).get("expireTime").map(String::len))
        .collect();
    assert_eq!(lengths, BTreeSet::from([14, 17]));
}
