//! Which deviations in a body are accepted (decisions F4, F6, G1), and which are not.

use super::*;

fn people(records: Value) -> Value {
    with(&users(1, &[], 0), "userList", records)
}

fn check(contract: Contract, page: &str, body: &Value, code: &str) {
    assert_eq!(Kit::new().call(contract, page, body), code, "{contract:?} {page} {body}");
}

#[test]
fn a_list_is_a_string_and_under_v2_also_an_array() {
    let (quoted, bare) = (r#"[{"userName":"u"}]"#, r#"[{userName:"u"}]"#);
    for contract in BOTH {
        check(contract, "authSync", &people(quoted.into()), "000000");
        for bad in [json!(bare), json!("{}"), json!("x"), json!(""), json!(7), json!("null")] {
            check(contract, "authSync", &people(bad), "000002");
        }
    }
    check(Contract::V2, "authSync", &people(json!({ "userName": "u" })), "000002");
    check(Contract::V2, "authSync", &people(json!(["u"])), "000002");
    let array = people(json!([{ "userName": "u" }]));
    let request = kit_v1::request(ADDRESS, "authSync", KIT_KEY, &v2::body(&members(&array)));
    assert_eq!(Kit::new().send(request.unwrap()), "000002");

    for (contract, name) in [(Contract::V1, "orgInfo"), (Contract::V2, "orgInfoList")] {
        let list = |text: &str| with(&with(&all(&[], 0), "orgInfoList", Value::Null), name, text);
        for text in [
            r#"[{"orgCode":"1","name":"A"}]"#,
            r#"[{orgCode:"1", orgName : "a, b:{c", parentCode:""}]"#,
            r#"[{ OrgName:"A", "orgCode":"1" }]"#,
            "[]",
        ] {
            check(contract, "allOrgSync", &list(text), "000000");
        }
        for text in ["[{orgCode:1a}]", "[{'orgCode':'1'}]", "[{orgCode:\"1\"},]", "{}", "[[]]"] {
            check(contract, "allOrgSync", &list(text), "000002");
        }
        check(contract, "allOrgSync", &with(&list("[]"), name, Value::Null), "000002");
    }
}

fn members(body: &Value) -> Vec<(&str, Value)> {
    body.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
}

#[test]
fn flags_are_numbers_or_digits_in_the_pages_range() {
    for contract in BOTH {
        let pages = [
            ("tenantSync", tenant(1, "A", 0), 2),
            ("singleOrgSync", single(1, "1", "A", "", 0), 2),
            ("authSync", users(1, &["u"], 0), if contract == Contract::V2 { 3 } else { 2 }),
        ];
        for (page, body, last) in pages {
            for flag in 0..5 {
                let code = if flag <= last { "000000" } else { "000002" };
                check(contract, page, &with(&body, "flag", flag), code);
                check(contract, page, &with(&body, "flag", flag.to_string()), code);
            }
            for flag in [Value::Null, json!(""), json!("01"), json!(1.0), json!(-1), json!(true)] {
                check(contract, page, &with(&body, "flag", flag), "000002");
            }
        }
    }
}

#[test]
fn deletions_need_only_identities() {
    for contract in BOTH {
        let without = |body: &Value, names: &[&str]| {
            names.iter().fold(body.clone(), |body, name| with(&body, name, Value::Null))
        };
        let bare = ["tenantCode", "name", "domainName", "orderId", "testFlag"];
        check(contract, "tenantSync", &without(&tenant(0, "", 0), &bare), "000000");
        for name in ["tenantCode", "name", "domainName", "tenantId"] {
            check(contract, "tenantSync", &without(&tenant(2, "A", 0), &[name]), "000002");
        }
        check(contract, "tenantSync", &without(&tenant(0, "", 0), &["tenantId"]), "000002");
        let bare = ["orgName", "parentCode"];
        check(contract, "singleOrgSync", &without(&single(0, "1", "", "", 0), &bare), "000000");
        check(contract, "singleOrgSync", &without(&single(2, "1", "A", "", 0), &bare), "000002");
        for name in ["OrgName", "name"] {
            let spelt = with(&without(&single(1, "1", "A", "", 0), &bare), name, "A");
            check(contract, "singleOrgSync", &spelt, "000000");
        }
        let deleted = json!([{ "userName": "u" }]);
        check(contract, "authSync", &with(&users(0, &[], 0), "userList", deleted), "000000");
    }
    let revoked = with(&users(3, &[], 0), "userList", json!([{ "userName": "u" }]));
    check(Contract::V2, "authSync", &revoked, "000000");
}

#[test]
fn a_list_is_rejected_only_for_a_person_without_an_identity() {
    let odd = json!([
        { "userName": "a", "role": "root", "enable": "TRUE" },
        { "userName": "b", "role": "", "enable": 1, "name": 7, "entryDate": "2022-11-9" },
        { "userName": "c", "enable": true, "extension": { "employeeType": 9 } },
        { "userName": "d", "mobile": "9".repeat(5_000), "role": ["x"], "orgCode": null },
        { "userName": 5 },
    ]);
    for contract in BOTH {
        let kit = Kit::new();
        assert_eq!(kit.call(contract, "authSync", &people(odd.clone())), "000000");
        let notices = kit.notices(&users_of("inst-1"));
        assert_eq!(notices[0].column("userName"), ["a", "b", "c", "d", "-"]);
        assert_eq!(notices[0].column("role")[0], "root");
        for without_identity in [
            json!({ "name": "A" }),
            json!({ "userName": "" }),
            json!({ "userName": null }),
            json!({ "userName": "x".repeat(65) }),
            json!({ "userName": "a\u{7}" }),
        ] {
            let mut list = odd.clone();
            list.as_array_mut().unwrap().push(without_identity);
            check(contract, "authSync", &people(list), "000002");
        }
    }
}

#[test]
fn identities_have_at_most_64_characters_and_no_lone_surrogate() {
    let astral = "\u{1f600}".repeat(64);
    for contract in BOTH {
        for (page, name, body) in [
            ("tenantSync", "tenantId", tenant(1, "A", 0)),
            ("tenantSync", "instanceId", tenant(1, "A", 0)),
            ("tenantSync", "orderId", tenant(1, "A", 0)),
            ("authSync", "appId", users(1, &["u"], 0)),
            ("singleOrgSync", "orgCode", single(1, "1", "A", "", 0)),
        ] {
            check(contract, page, &with(&body, name, astral.as_str()), "000000");
            check(contract, page, &with(&body, name, format!("{astral}x")), "000002");
            check(contract, page, &with(&body, name, "a\nb"), "000002");
            check(contract, page, &with(&body, name, json!({})), "000002");
        }
    }
    let half = String::from_utf8(written(Contract::V2, &tenant(1, "A", 0))).unwrap();
    let half = half.replace("\"t-1\"", r#""\ud83d""#);
    let sent =
        kit_v2::request(ADDRESS, "tenantSync", KIT_KEY, &NOW.to_string(), "n", half.as_bytes());
    assert_eq!(Kit::new().send(sent.unwrap()), "000002");
}

#[test]
fn a_domain_is_an_https_address_with_a_host_name() {
    let longest = |len: usize| format!("https://a.example/{}", "a".repeat(len - 18));
    for (domain, code) in [
        ("https://a.example", "000000"),
        ("https://a.example/realms/x", "000000"),
        ("https://a.example:443", "000000"),
        (&longest(255), "000000"),
        (&longest(256), "000002"),
        ("http://a.example", "000002"),
        ("https://a.example:8443", "000002"),
        ("https://u:p@a.example", "000002"),
        ("https://192.0.2.1", "000002"),
        ("https://[2001:db8::1]", "000002"),
        ("https://0x7f.1", "000002"),
        ("a.example", "000002"),
        ("https://a.example\\@b.example", "000002"),
    ] {
        for contract in BOTH {
            let body = with(&tenant(1, "A", 0), "domainName", domain);
            check(contract, "tenantSync", &body, code);
            check(contract, "tenantSync", &with(&body, "flag", 0), "000000");
        }
    }
}
