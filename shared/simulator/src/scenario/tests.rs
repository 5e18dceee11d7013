use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{
    Call, Carries, Contract, Mismatch, State, Step, Value, Wire, enterprise_v1, enterprise_v2, v1,
    v2,
};
use crate::answer::{Answer, AppInfo, InstanceInfo};
use crate::v1::{Strength, decrypt};

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

fn lives() -> [Vec<Step>; 2] {
    let longest = "P".repeat(50);
    [v1(&longest, NOW), v2(&longest, NOW)]
}

fn step(contract: Contract, members: Vec<(&'static str, Value)>) -> Step {
    let call = Call { contract, page: "", members };
    Step { call, ..Step::new(contract, "", "", State::Active) }
}

/// The query as a server reads it.
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

/// What the step says, in either contract, as text.
fn members(step: &Step, wire: &Wire) -> BTreeMap<String, String> {
    let request = step.request(wire).unwrap();
    if step.call.contract == Contract::V1 {
        return query(&request);
    }
    let body: BTreeMap<String, Json> = serde_json::from_slice(request.body()).unwrap();
    let text = |value: Json| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    body.into_iter().map(|(name, value)| (name, text(value))).collect()
}

/// The constructed vector of a V1 renewal, its time stamp made from a number.
#[test]
fn a_v1_step_becomes_the_vectors_request() {
    let renewal = step(
        Contract::V1,
        vec![
            ("activity", "refreshInstance".into()),
            ("instanceId", Value::InstanceId),
            ("orderId", "HWS001014ED483AA1E8".into()),
            ("expireTime", "20280725000000".into()),
            ("testFlag", "1".into()),
            ("trialToFormal", "1".into()),
        ],
    );
    assert_eq!(
        renewal.request(&WIRE).unwrap().uri().to_string(),
        "https://seller.example/saas?activity=refreshInstance\
         &instanceId=03pf80c2bae96vc49b80b917bea776d7&orderId=HWS001014ED483AA1E8\
         &expireTime=20280725000000&testFlag=1&trialToFormal=1&timeStamp=20260725025113409\
         &authToken=apAf8JoRxWMlzQdUwEXl6855UJpzl3R4SMVL7PGAvDw%3D"
    );
}

/// The constructed vector B1.
#[test]
fn a_v2_step_becomes_the_vectors_request() {
    let purchase = step(
        Contract::V2,
        vec![
            ("activity", "newInstance".into()),
            ("orderId", "CS2211181819B4LVS".into()),
            ("orderLineId", "CS2211181819B4LVS-000001".into()),
            ("businessId", Value::BusinessId),
            ("testFlag", "1".into()),
        ],
    );
    let wire =
        Wire { access_key: "constructed-base-key-0001", now_millis: 1_680_508_066_618, ..WIRE };
    let request = purchase.request(&wire).unwrap();
    assert_eq!(
        query(&request)["signature"],
        "41B120D145B8F5C1FCF9B407BDA7AFE276BFF6CCF6020AC0900D70A858AB9FEB"
    );
    assert_eq!(query(&request)["timestamp"], "1680508066618");
    assert_eq!(query(&request)["nonce"], NONCE);
    assert_eq!(request.body().len(), 164);
}

#[test]
fn titles_are_unique_and_start_with_the_activity() {
    for life in lives() {
        let titles: BTreeSet<&str> = life.iter().map(|step| step.title.as_str()).collect();
        assert_eq!(titles.len(), life.len());
        for step in &life {
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
    for (life, guide) in lives().iter().zip([v1, v2]) {
        for rehearsed in [false, true] {
            let called: BTreeSet<String> = life
                .iter()
                .filter(|step| step.is_rehearsal() == rehearsed)
                .map(|step| members(step, &WIRE)["activity"].clone())
                .collect();
            assert_eq!(called, guide.split(' ').map(str::to_owned).collect());
        }
    }
}

#[test]
fn a_rehearsal_or_a_refusal_leaves_the_state_and_release_is_for_ever() {
    for life in lives() {
        let mut state = State::Absent;
        for step in &life {
            if step.is_rehearsal() || step.code != "000000" || state == State::Released {
                assert_eq!(step.state, state, "{}", step.title);
            }
            assert!(!step.is_rehearsal() || step.code == "000000", "{}", step.title);
            state = step.state;
        }
        assert_eq!(state, State::Released);
    }
}

/// The states a life goes through, as a newcomer would tell it.
#[test]
fn both_lives_pass_through_every_state() {
    let expected = [
        "newInstance Active, expireInstance Frozen, refreshInstance renew thaws Active, \
         instanceStatus FREEZE Frozen, instanceStatus NORMAL Active, releaseInstance Released",
        "newInstance Active, updateInstanceStatus FREEZE Frozen, \
         updateInstanceStatus UNFREEZE Active, releaseInstance Released",
    ];
    for (life, expected) in lives().iter().zip(expected) {
        let mut state = State::Absent;
        let mut turns = Vec::new();
        for step in life {
            if step.state != state {
                turns.push(format!("{} {:?}", step.title, step.state));
                state = step.state;
            }
        }
        assert_eq!(turns.join(", "), expected);
    }
}

#[test]
fn the_instance_is_learned_from_the_purchase_before_anything_speaks_of_it() {
    for life in lives() {
        let told = Answer { instance_id: Some("i".to_owned()), ..answer("000000") };
        let first = life.iter().position(|step| step.learn(&told) == Some("i")).unwrap();
        let spoken = life
            .iter()
            .position(|step| members(step, &WIRE).values().any(|v| v.contains(WIRE.instance_id)));
        assert_eq!(life.get(first).unwrap().title, "newInstance");
        assert!(life.get(first).unwrap().race);
        assert!(first < spoken.unwrap());
    }
}

fn enterprises() -> [Vec<Step>; 2] {
    [enterprise_v1("inst-1", "CS1", NOW), enterprise_v2("inst-1", "CS1", NOW)]
}

/// The body of a kit call.
fn body(step: &Step) -> BTreeMap<String, Json> {
    serde_json::from_slice(step.request(&WIRE).unwrap().body()).unwrap()
}

#[test]
fn an_enterprises_steps_are_told_apart_and_all_succeed() {
    for life in enterprises() {
        let titles: BTreeSet<&str> = life.iter().map(|step| step.title.as_str()).collect();
        assert_eq!(titles.len(), life.len());
        for step in life {
            assert_eq!(step.title.split(' ').next(), Some(step.call.page));
            assert_eq!((step.code, step.state, step.repeat), ("000000", State::Absent, true));
            let body = body(&step);
            assert_eq!(body["testFlag"], i32::from(step.is_rehearsal()), "{}", step.title);
        }
    }
}

#[test]
fn an_enterprises_steps_go_to_the_paths_of_their_guide_with_the_kits_key() {
    for (life, path) in enterprises().iter().zip(["/produceAPI/", "/produceAPI/v2/"]) {
        for rehearsed in [false, true] {
            let called: BTreeSet<String> = life
                .iter()
                .filter(|step| step.is_rehearsal() == rehearsed)
                .map(|step| step.request(&WIRE).unwrap().uri().path().to_owned())
                .collect();
            let pages = "tenantSync applicationSync authSync singleOrgSync allOrgSync";
            assert_eq!(called, pages.split(' ').map(|page| format!("/saas{path}{page}")).collect());
        }
        for step in life {
            let request = step.request(&WIRE).unwrap();
            let other_key = Wire { access_key: "other", ..WIRE };
            let again = step.request(&other_key).unwrap();
            assert_eq!(again.headers(), request.headers());
            assert_eq!(request.uri().path(), format!("/saas{}", step.call.path()));
        }
    }
}

/// The tables of the kit's pages, whole: every member that they have, and no other.
#[test]
fn an_enterprises_bodies_have_the_members_of_the_guides_tables() {
    let pages = BTreeMap::from([
        ("tenantSync", "domainName flag instanceId name orderId tenantCode tenantId"),
        ("applicationSync", "appId clientId clientSecret flag instanceId tenantId"),
        ("authSync", "appId currentSyncTime flag instanceId tenantId userList"),
        ("singleOrgSync", "flag instanceId orgCode orgName parentCode tenantId"),
        ("allOrgSync", "instanceId tenantId"),
    ]);
    for (life, list) in enterprises().iter().zip(["orgInfo", "orgInfoList"]) {
        for step in life {
            let mut names: BTreeSet<&str> = pages[step.call.page].split(' ').collect();
            names.extend(["testFlag", "timeStamp"]);
            names.extend((step.call.page == "allOrgSync").then_some(list));
            let body = body(step);
            assert_eq!(body.keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
            let time = body["timeStamp"].as_str().unwrap();
            let late = step.title.contains("late");
            let expected = if late { "20260725095113409" } else { "20260725105113409" };
            assert_eq!(time, expected, "{}", step.title);
            let synced = body.get("currentSyncTime").map_or(time, |time| time.as_str().unwrap());
            assert_eq!(synced, time);
        }
    }
}

#[test]
fn lists_are_text_under_v1_and_mostly_arrays_under_v2() {
    let texts = enterprises().map(|life| {
        let lists: Vec<(&str, bool, usize)> = life
            .iter()
            .filter_map(|step| {
                let body = body(step);
                let list = ["userList", "orgInfo", "orgInfoList"].iter().find_map(|n| body.get(*n));
                let list = list?;
                let parsed = match list.as_str() {
                    // As the example has it, member names are bare: counted, not parsed.
                    Some(text) if text.contains("[{org") => text.matches("orgCode").count(),
                    Some(text) => text.parse::<Json>().unwrap().as_array().unwrap().len(),
                    None => list.as_array().unwrap().len(),
                };
                Some((step.call.page, list.is_string(), parsed))
            })
            .collect();
        assert!(lists.iter().any(|(page, _, count)| *page == "authSync" && *count == 500));
        assert!(lists.iter().any(|(page, _, count)| *page == "allOrgSync" && *count == 0));
        assert!(lists.iter().all(|(_, _, count)| *count <= 500));
        (lists.len(), lists.iter().filter(|(_, text, _)| *text).count())
    });
    assert_eq!(texts.map(|(all, text)| (text == all, text)), [(true, 21), (false, 1)]);
}

#[test]
fn a_seller_names_no_instance_and_no_order() {
    for life in enterprises() {
        let mut named = BTreeSet::new();
        for step in &life {
            let body = body(step);
            let order = body.get("orderId").map_or("-", |order| order.as_str().unwrap());
            named.insert((body["instanceId"].as_str().unwrap().to_owned(), order.to_owned()));
        }
        let pairs = [("", ""), ("", "-"), ("inst-1", "-"), ("inst-1", "CS1")];
        assert_eq!(named, pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
    }
}

#[test]
fn flags_are_numbers_and_those_of_the_guide() {
    for (life, expected) in enterprises().iter().zip([
        "applicationSync 01, authSync 012, singleOrgSync 012, tenantSync 01",
        "applicationSync 012, authSync 0123, singleOrgSync 012, tenantSync 012",
    ]) {
        let mut flags: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for step in life {
            if let Some(flag) = body(step).get("flag") {
                flags.entry(step.call.page).or_default().insert(flag.as_u64().unwrap());
            }
        }
        let told = |(page, flags): (&&str, &BTreeSet<u64>)| {
            format!("{page} {}", flags.iter().map(u64::to_string).collect::<String>())
        };
        assert_eq!(flags.iter().map(told).collect::<Vec<_>>().join(", "), expected);
    }
}

#[test]
fn the_sealed_secret_travels_with_an_application_alone() {
    for step in enterprises().iter().flatten() {
        let sealed = body(step).values().any(|value| value == WIRE.sealed_secret);
        assert_eq!(sealed, step.call.page == "applicationSync", "{}", step.title);
    }
}

/// Lengths of the guides' tables; queryInstance lists more ids than its own row has room for.
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
    for step in lives().iter().flatten() {
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
fn every_change_has_an_order_of_its_own() {
    for life in lives() {
        let mut seen = BTreeSet::new();
        for step in life.iter().filter(|step| !step.is_rehearsal()) {
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
fn an_expire_call_freezes_only_near_the_expiry_that_a_refresh_set() {
    let [life, _] = lives();
    let tomorrow = "20260726025113";
    let mut expiry = String::new();
    let mut expired = Vec::new();
    for step in life.iter().filter(|step| !step.is_rehearsal() && step.code == "000000") {
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
fn business_ids_and_personal_fields_travel_with_a_purchase_alone() {
    let [life, _] = lives();
    let mut written = BTreeSet::new();
    for step in life.iter().chain(&v2("order", NOW)) {
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
fn expiry_is_sent_with_14_and_with_17_digits_under_v2() {
    let lengths: BTreeSet<usize> = v2("order", NOW)
        .iter()
        .filter_map(|step| members(step, &WIRE).get("expireTime").map(String::len))
        .collect();
    assert_eq!(lengths, BTreeSet::from([14, 17]));
}

#[test]
fn an_answer_is_compared_in_all_that_the_step_asks_for() {
    let asks = |carries| Step { carries, ..step(Contract::V1, Vec::new()) };
    let check = |carries, answer: &Answer| asks(carries).check(&WIRE, answer);
    let bare = answer("000000");
    let other = Answer { instance_id: Some("other".to_owned()), ..bare.clone() };
    let this = Answer { instance_id: Some(WIRE.instance_id.to_owned()), ..bare.clone() };
    let full = Answer { app_info: access(), ..this.clone() };
    let (with, without) = (true, false);

    let code = Mismatch::Code { expected: "000000", found: "000005".to_owned() };
    assert_eq!(check(Carries::Nothing, &answer("000005")), Err(code));
    assert_eq!(check(Carries::Nothing, &bare), Ok(()));
    let any = |access| Carries::AnyInstance { access };
    assert_eq!(check(any(without), &bare), Err(Mismatch::InstanceIdMissing));
    assert_eq!(check(any(without), &other), Ok(()));
    assert_eq!(check(any(with), &other), Err(Mismatch::AccessMissing));
    let own = |access| Carries::ThisInstance { access };
    assert_eq!(check(own(without), &bare), Err(Mismatch::InstanceIdMissing));
    assert_eq!(check(own(without), &other), Err(Mismatch::InstanceIdChanged));
    assert_eq!(check(own(with), &this), Err(Mismatch::AccessMissing));
    assert_eq!(check(own(with), &full), Ok(()));
    let unlearned = Wire { instance_id: "", ..WIRE };
    assert_eq!(asks(own(without)).check(&unlearned, &other), Ok(()));
}

#[test]
fn a_list_is_compared_in_ids_order_and_access() {
    let asks = Step {
        carries: Carries::Listed(vec![Value::InstanceId, "b".into()]),
        ..step(Contract::V2, Vec::new())
    };
    let check = |list: &[(&str, Option<AppInfo>)]| {
        let info = list.iter().map(|(id, app_info)| InstanceInfo {
            instance_id: (*id).to_owned(),
            app_info: app_info.clone(),
        });
        asks.check(&WIRE, &Answer { info: info.collect(), ..answer("000000") })
    };
    let (this, other) = (WIRE.instance_id, "b");
    assert_eq!(check(&[(this, access()), (other, access())]), Ok(()));
    assert_eq!(check(&[(this, access()), (other, None)]), Err(Mismatch::AccessMissing));
    for wrong in [&[][..], &[(this, access())], &[(other, access()), (this, access())]] {
        let expected = vec![this.to_owned(), other.to_owned()];
        let found = wrong.iter().map(|(id, _)| (*id).to_owned()).collect();
        assert_eq!(check(wrong), Err(Mismatch::Listed { expected, found }));
    }
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

fn access() -> Option<AppInfo> {
    Some(AppInfo {
        front_end_url: "https://app.example.com".to_owned(),
        admin_url: None,
        user_name: None,
        password: None,
        memo: None,
    })
}

/// A purchase alone, and only if another answer was asked for.
#[test]
fn a_purchase_may_wait() {
    let purchase = |carries| Step { carries, ..Step::new(Contract::V2, "", "", State::Active) };
    let buys = purchase(Carries::ThisInstance { access: false });
    assert!(buys.waits(&answer("000004")));
    assert!(!buys.waits(&answer("000005")));
    assert!(!buys.waits(&answer("000000")));
    assert!(!purchase(Carries::Nothing).waits(&answer("000004")));
    assert!(!Step { code: "000004", ..buys }.waits(&answer("000004")));
}
