//! Tests of the scenarios of an enterprise.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{NOW, WIRE};
use crate::scenario::{State, Step, Wire, enterprise_v1, enterprise_v2};

fn enterprises() -> [Vec<Step>; 2] {
    [enterprise_v1("inst-1", "CS1", NOW), enterprise_v2("inst-1", "CS1", NOW)]
}

/// The body of a kit call.
fn body(step: &Step) -> BTreeMap<String, Json> {
    serde_json::from_slice(step.request(&WIRE).unwrap().body()).unwrap()
}

#[test]
fn each_enterprise_step_has_its_own_title_and_succeeds() {
    for scenario in enterprises() {
        let titles: BTreeSet<&str> = scenario.iter().map(|step| step.title.as_str()).collect();
        assert_eq!(titles.len(), scenario.len());
        for step in scenario {
            assert_eq!(step.title.split(' ').next(), Some(step.call.page));
            assert_eq!((step.code, step.state, step.repeat), ("000000", State::Absent, true));
            let body = body(&step);
            assert_eq!(body["testFlag"], i32::from(step.is_rehearsal()), "{}", step.title);
        }
    }
}

#[test]
fn enterprise_steps_use_the_paths_of_their_guide_and_the_kit_key() {
    for (scenario, path) in enterprises().iter().zip(["/produceAPI/", "/produceAPI/v2/"]) {
        for rehearsed in [false, true] {
            let called: BTreeSet<String> = scenario
                .iter()
                .filter(|step| step.is_rehearsal() == rehearsed)
                .map(|step| step.request(&WIRE).unwrap().uri().path().to_owned())
                .collect();
            let pages = "tenantSync applicationSync authSync singleOrgSync allOrgSync";
            assert_eq!(called, pages.split(' ').map(|page| format!("/saas{path}{page}")).collect());
        }
        for step in scenario {
            let request = step.request(&WIRE).unwrap();
            let other_key = Wire { access_key: "other", ..WIRE };
            let again = step.request(&other_key).unwrap();
            assert_eq!(again.headers(), request.headers());
            assert_eq!(request.uri().path(), format!("/saas{}", step.call.path()));
        }
    }
}

/// The complete tables of the kit's pages. A body has exactly these members.
#[test]
fn enterprise_bodies_have_exactly_the_members_of_the_guides_tables() {
    let pages = BTreeMap::from([
        ("tenantSync", "domainName flag instanceId name orderId tenantCode tenantId"),
        ("applicationSync", "appId clientId clientSecret flag instanceId tenantId"),
        ("authSync", "appId currentSyncTime flag instanceId tenantId userList"),
        ("singleOrgSync", "flag instanceId orgCode orgName parentCode tenantId"),
        ("allOrgSync", "instanceId tenantId"),
    ]);
    for (scenario, list) in enterprises().iter().zip(["orgInfo", "orgInfoList"]) {
        for step in scenario {
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
    let texts = enterprises().map(|scenario| {
        let lists: Vec<(&str, bool, usize)> = scenario
            .iter()
            .filter_map(|step| {
                let body = body(step);
                let list = ["userList", "orgInfo", "orgInfoList"].iter().find_map(|n| body.get(*n));
                let list = list?;
                let parsed = match list.as_str() {
                    // The member names have no quotes, as in the example. So the test counts them.
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
fn a_call_has_the_ids_of_the_purchase_or_empty_ids() {
    for scenario in enterprises() {
        let mut named = BTreeSet::new();
        for step in &scenario {
            let body = body(step);
            let order = body.get("orderId").map_or("-", |order| order.as_str().unwrap());
            named.insert((body["instanceId"].as_str().unwrap().to_owned(), order.to_owned()));
        }
        let pairs = [("", ""), ("", "-"), ("inst-1", "-"), ("inst-1", "CS1")];
        assert_eq!(named, pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
    }
}

#[test]
fn flags_are_numbers_of_the_guides_tables() {
    for (scenario, expected) in enterprises().iter().zip([
        "applicationSync 01, authSync 012, singleOrgSync 012, tenantSync 01",
        "applicationSync 012, authSync 0123, singleOrgSync 012, tenantSync 012",
    ]) {
        let mut flags: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for step in scenario {
            if let Some(flag) = body(step).get("flag") {
                flags.entry(step.call.page).or_default().insert(flag.as_u64().unwrap());
            }
        }
        let line = |(page, flags): (&&str, &BTreeSet<u64>)| {
            format!("{page} {}", flags.iter().map(u64::to_string).collect::<String>())
        };
        assert_eq!(flags.iter().map(line).collect::<Vec<_>>().join(", "), expected);
    }
}

#[test]
fn only_an_application_call_contains_the_encrypted_secret() {
    for step in enterprises().iter().flatten() {
        let has_secret = body(step).values().any(|value| value == WIRE.sealed_secret);
        assert_eq!(has_secret, step.call.page == "applicationSync", "{}", step.title);
    }
}
