//! The time in the body decides, for each kind of call (decision D5). An order between the kinds is
//! not guaranteed (decision F2).

use super::*;

#[test]
fn the_newest_call_decides_a_tenant() {
    for contract in BOTH {
        let kit = Kit::new();
        let call =
            |flag, name, offset| kit.cost(contract, "tenantSync", &tenant(flag, name, offset));
        let name = || kit.tenant().standing.map_or("-".to_owned(), |tenant| tenant.name);
        // The call, its writes, and the stored name afterwards.
        for (flag, sent, offset, writes, stored) in [
            (2, "B", -50, 1, "B"),
            (1, "A", -60, 0, "B"),
            (0, "B", -51, 0, "B"),
            (1, "B", -50, 0, "B"),
            (1, "C", -50, 1, "C"),
            (1, "C", -40, 1, "C"),
            (1, "D", -45, 0, "C"),
            (0, "", -30, 1, "-"),
            (1, "E", -35, 0, "-"),
            (0, "", -20, 1, "-"),
            (1, "F", -10, 1, "F"),
        ] {
            let expected = ("000000".to_owned(), (1, writes));
            assert_eq!(call(flag, sent, offset), expected, "{flag} {sent} {offset}");
            assert_eq!(name(), stored, "{flag} {sent} {offset}");
        }
        let kinds = ["tenant.put", "tenant.put", "tenant.deleted", "tenant.put"];
        assert_eq!(kit.kinds(&tenant_of("inst-1")), kinds);
    }
}

/// The clock of koohook's machine went back a day, and V1 has no time limit. If the call counted as
/// older than the stored one, it would be lost: the marketplace does not repeat it.
#[test]
fn a_tenant_changes_while_the_clock_is_a_day_behind() {
    let kit = Kit::new();
    kit.call(Contract::V1, "tenantSync", &tenant(1, "A", 0));
    kit.0.world().set_now(NOW - 86_400_000);
    assert_eq!(kit.call(Contract::V1, "tenantSync", &tenant(2, "B", 60_000)), "000000");
    let name = || kit.tenant().standing.map(|tenant| tenant.name);
    assert_eq!(name().as_deref(), Some("B"));
    kit.0.world().set_now(NOW + 120_000);
    kit.call(Contract::V1, "tenantSync", &tenant(2, "old", -1));
    assert_eq!(name().as_deref(), Some("B"), "an older call has no effect");
}

/// The digits of the second at which the tests start.
fn second() -> String {
    at(0).strip_suffix("000").unwrap().to_owned()
}

/// The first 14 digits are the second, in China's time. The other digits are its fraction. With an
/// unreadable time, a V1 signature is invalid. Under V2, the signed time replaces an unreadable
/// one.
#[test]
fn a_time_has_a_fraction_of_up_to_six_digits() {
    let second = second();
    for contract in BOTH {
        let sync = |time: &str| {
            let kit = Kit::new();
            let code =
                kit.call(contract, "tenantSync", &with(&tenant(1, "A", 0), "timeStamp", time));
            (code, kit.kept(&tenant_of("inst-1")).map(|_| kit.tenant().at.millis() - NOW))
        };
        for (fraction, millis) in [
            ("", 0),
            ("1", 100),
            ("12", 120),
            ("123", 123),
            ("1239", 123),
            ("99999", 999),
            ("000999", 0),
        ] {
            let synced = sync(&format!("{second}{fraction}"));
            assert_eq!(synced, ("000000".to_owned(), Some(millis)), "{contract:?} {fraction}");
        }
        let unread = match contract {
            Contract::V1 => ("000001".to_owned(), None),
            Contract::V2 => ("000000".to_owned(), Some(0)),
        };
        for time in
            [second.strip_suffix('7').unwrap(), &format!("{second}9999999"), &format!("{second}.9")]
        {
            assert_eq!(sync(time), unread, "{contract:?} {time}");
        }
    }
}

#[test]
fn the_time_of_a_list_may_have_a_fraction() {
    let second = second();
    for contract in BOTH {
        let kit = Kit::new();
        for (fraction, flag, count) in [("5", 1, 1), ("499999", 0, 1), ("50", 0, 2)] {
            let time = format!("{second}{fraction}");
            let body = with(&users(flag, &["u"], 0), "currentSyncTime", time);
            assert_eq!(kit.call(contract, "authSync", &body), "000000");
            assert_eq!(kit.kinds(&users_of("inst-1")).len(), count, "{contract:?} {fraction}");
        }
    }
}

#[test]
fn the_newest_call_decides_a_person() {
    let kit = Kit::new();
    for (contract, flag, offset, is_sent) in [
        (Contract::V1, 1, -50, true),
        (Contract::V2, 1, -60, false),
        (Contract::V2, 0, -60, false),
        (Contract::V1, 1, -50, false),
        (Contract::V2, 2, -45, false),
        (Contract::V2, 3, -40, true),
        (Contract::V1, 1, -41, false),
        (Contract::V1, 0, -30, true),
        (Contract::V2, 3, -35, false),
        (Contract::V2, 2, -20, true),
    ] {
        let before = kit.kinds(&users_of("inst-1")).len();
        assert_eq!(kit.call(contract, "authSync", &users(flag, &["u"], offset)), "000000");
        let after = kit.kinds(&users_of("inst-1")).len();
        assert_eq!(after - before, usize::from(is_sent), "{flag} {offset}");
    }
    let kinds = ["users.put", "users.revoked", "users.deleted", "users.put"];
    assert_eq!(kit.kinds(&users_of("inst-1")), kinds);
    // From a mixed list, the product gets only the people that changed.
    let mixed = users(1, &["new", "u"], -30);
    assert_eq!(kit.call(Contract::V1, "authSync", &mixed), "000000");
    assert_eq!(kit.notices(&users_of("inst-1"))[4].column("userName"), ["new"]);
}

#[test]
fn an_unreadable_time_is_replaced_and_a_far_future_time_counts_as_now() {
    for contract in BOTH {
        let kit = Kit::new();
        let odd = with(&users(1, &["u"], 0), "currentSyncTime", "yesterday");
        assert_eq!(kit.call(contract, "authSync", &odd), "000000");
        assert_eq!(kit.call(contract, "authSync", &users(0, &["u"], -1)), "000000");
        assert_eq!(kit.kinds(&users_of("inst-1")), ["users.put"]);
        assert_eq!(kit.call(contract, "authSync", &users(0, &["u"], 1)), "000000");
        assert_eq!(kit.kinds(&users_of("inst-1")), ["users.put", "users.deleted"]);

        let ahead = tenant(1, "A", 601_000);
        assert_eq!(kit.call(contract, "tenantSync", &ahead), "000000");
        assert_eq!(kit.call(contract, "tenantSync", &tenant(2, "B", 1)), "000000");
        assert_eq!(kit.tenant().standing.unwrap().name, "B");
    }
}

#[test]
fn kinds_of_calls_are_accepted_in_any_order_for_any_instance() {
    let calls = [
        ("tenantSync", tenant(1, "A", 0)),
        ("authSync", users(1, &["u"], 0)),
        ("singleOrgSync", single(1, "1", "A", "9", 0)),
        ("allOrgSync", all(&[("2", "B", "9")], -1)),
    ];
    for contract in BOTH {
        for first in 0..calls.len() {
            for id in [Value::Null, json!(""), json!("inst-1"), json!("never bought")] {
                let kit = Kit::new();
                for number in 0..calls.len() {
                    let (page, body) = &calls[(first + number) % calls.len()];
                    let mut body = with(body, "instanceId", id.clone());
                    if *page == "tenantSync" {
                        body = with(
                            &body,
                            "orderId",
                            if first == 0 { json!("") } else { Value::Null },
                        );
                    }
                    assert_eq!(kit.call(contract, page, &body), "000000", "{page} {id}");
                }
                let id = id.as_str().unwrap_or_default();
                assert_eq!(kit.kinds(&tenant_of(id)), ["tenant.put"]);
                assert_eq!(kit.kinds(&users_of(id)), ["users.put"]);
                assert_eq!(kit.list(&departments_of(id)).head.rows(), 2);
            }
        }
    }
}

/// An absent identity equals an empty one. Any other difference makes another identity (decision
/// F1).
#[test]
fn identities_are_compared_byte_by_byte() {
    let ids =
        ["admin", "ADMIN", "adm\u{131}n", "admin ", "adm\u{200b}in", "\u{430}dmin", "\u{fffe}"];
    let kit = Kit::new();
    assert_eq!(kit.call(Contract::V2, "authSync", &users(1, &ids, 0)), "000000");
    assert_eq!(kit.list(&users_of("inst-1")).head.rows(), ids.len());
    for id in ids {
        let body = with(&tenant(1, "A", 0), "tenantId", id);
        assert_eq!(kit.cost(Contract::V1, "tenantSync", &body), ("000000".to_owned(), (1, 1)));
        let other_instance = with(&with(&body, "instanceId", "other"), "flag", 0);
        assert_eq!(kit.call(Contract::V2, "tenantSync", &other_instance), "000000");
        let subject = Subject::Tenant(instance("inst-1"), TenantId::parse(id).unwrap());
        assert_eq!(kit.kinds(&subject), ["tenant.put"]);
    }
}

#[test]
fn a_rehearsal_stores_nothing_and_checks_only_the_flags() {
    let junk = json!({
        "instanceId": "x".repeat(100), "orderId": "123456789", "tenantId": "", "tenantCode": "1",
        "name": "1", "domainName": "123456789", "flag": 1, "testFlag": 1, "appId": "123456789",
        "userList": "123456789", "orgInfo": "123456789", "orgInfoList": "1", "orgCode": "1",
        "parentCode": "1", "currentSyncTime": "123456789", "timeStamp": at(0),
    });
    for contract in BOTH {
        let kit = Kit::new();
        for page in ["tenantSync", "authSync", "singleOrgSync", "allOrgSync"] {
            for (name, value, code) in [
                ("testFlag", json!("1"), "000000"),
                ("flag", json!("0"), "000000"),
                ("flag", json!(4), if page == "allOrgSync" { "000000" } else { "000002" }),
                ("testFlag", json!(2), "000002"),
                ("testFlag", json!("yes"), "000002"),
            ] {
                let body = with(&junk, name, value);
                let expected = (code.to_owned(), (0, 0));
                assert_eq!(kit.cost(contract, page, &body), expected, "{page} {name}");
            }
        }
    }
}
