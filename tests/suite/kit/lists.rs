//! Departments: single changes and full lists in combination (decision F3). Also thousands of
//! people.

use std::time::Instant;

use super::*;

const ROWS: [(&str, &str, &str); 3] = [("1", "A", ""), ("2", "B", "1"), ("3", "C", "2")];

#[test]
fn a_full_list_replaces_only_departments_that_are_not_newer() {
    for contract in BOTH {
        let (kit, here) = (Kit::new(), departments_of("inst-1"));
        let single = |flag, code, name, offset| {
            let body = single(flag, code, name, "", offset);
            assert_eq!(kit.call(contract, "singleOrgSync", &body), "000000");
        };
        let list = |rows: &[_], offset| {
            assert_eq!(kit.call(contract, "allOrgSync", &all(rows, offset)), "000000");
        };
        single(1, "older", "O", -50);
        single(1, "newer", "N", -30);
        single(0, "2", "", -30);
        list(&ROWS, -40);
        // The list removes "older" and keeps "newer". It does not restore "2", which was deleted
        // later.
        assert_eq!(kit.list(&here).head.rows(), 4);
        assert_eq!(kit.notices(&here)[3].column("orgCode"), ["1", "3"]);
        let check_count = |count| assert_eq!(kit.kinds(&here).len(), count);
        // A call that is older than the list has no effect.
        single(1, "4", "D", -41);
        single(0, "1", "", -41);
        list(&ROWS[..1], -41);
        list(&[], -20);
        check_count(4);
        single(1, "1", "A", -39);
        check_count(4);
        single(0, "1", "", -38);
        check_count(5);
        // The children of a deleted department remain.
        single(2, "3", "C2", -37);
        check_count(6);
        assert_eq!(kit.notices(&here)[4].kind, "department.deleted");
        list(&ROWS, -10);
        list(&ROWS, -10);
        list(&ROWS, -9);
        check_count(7);
        let last = kit.notices(&here).pop().unwrap();
        assert_eq!(last.kind, "departments.replaced");
        assert_eq!(last.column("orgCode"), ["1", "2", "3"]);
        assert_eq!(kit.list(&here).head.rows(), 3);
    }
}

#[test]
fn a_circle_in_a_list_and_a_self_parent_are_rejected() {
    for contract in BOTH {
        let kit = Kit::new();
        for circle in [
            &[("1", "A", "1")][..],
            &[("1", "A", "2"), ("2", "B", "1")],
            &[("0", "Z", ""), ("1", "A", "3"), ("2", "B", "1"), ("3", "C", "2")],
        ] {
            let rejected = ("000002".to_owned(), (0, 0));
            assert_eq!(kit.cost(contract, "allOrgSync", &all(circle, 0)), rejected);
        }
        let own = single(1, "1", "A", "1", 0);
        assert_eq!(kit.cost(contract, "singleOrgSync", &own), ("000002".to_owned(), (0, 0)));
        // koohook does not check the stored tree, because one change may be half of a move.
        for (code, parent) in [("1", "2"), ("2", "1"), ("3", "unknown")] {
            let edit = single(1, code, "A", parent, 0);
            assert_eq!(kit.call(contract, "singleOrgSync", &edit), "000000");
        }
    }
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are meant to be read; they are not guaranteed"
)]
fn ten_thousand_departments_are_one_call_and_one_change_stays_cheap() {
    for contract in BOTH {
        let codes: Vec<String> = (0..10_000).map(|code| format!("{code:08}")).collect();
        // A chain of a thousand departments. All others are children of its last one.
        let parent = |number: usize| match number {
            0 => "",
            1..1_000 => codes[number - 1].as_str(),
            _ => codes[999].as_str(),
        };
        let rows: Vec<_> = codes
            .iter()
            .enumerate()
            .map(|(n, code)| (code.as_str(), "产品部", parent(n)))
            .collect();
        let (kit, body, start) = (Kit::new(), all(&rows, 0), Instant::now());
        let (code, (reads, writes)) = kit.cost(contract, "allOrgSync", &body);
        let took = start.elapsed();
        println!("{contract:?}: {took:?}, {reads} reads, {writes} writes");
        assert_eq!((code.as_str(), reads), ("000000", 1));
        // Twenty parts for the product, the entity record, and the index parts.
        assert!((31..=41).contains(&writes), "{writes}");
        let here = departments_of("inst-1");
        assert_eq!(kit.list(&here).head.rows(), 10_000);
        assert_eq!(kit.notices(&here)[0].column("orgCode"), codes);

        let (code, (_, writes)) = kit.cost(contract, "allOrgSync", &body);
        assert_eq!((code.as_str(), writes), ("000000", 0));
        for (flag, code) in [(2, "00000007"), (0, "00009999"), (1, "new")] {
            let (answer, (reads, writes)) =
                kit.cost(contract, "singleOrgSync", &single(flag, code, "B", "", 1));
            assert!(answer == "000000" && reads <= 2 && writes <= 2, "{answer} {reads} {writes}");
        }
        let late = kit.cost(contract, "singleOrgSync", &single(0, "new", "", "", -1));
        assert_eq!(late, ("000000".to_owned(), (1, 0)));
    }
}

#[test]
fn thousands_of_people_are_sent_in_parts() {
    let names: Vec<String> = (0..2_001).map(|name| format!("user{name}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (count, parts) in [(500, 1), (501, 2), (2_001, 5)] {
        for contract in BOTH {
            let (kit, here) = (Kit::new(), users_of("inst-1"));
            let body = users(1, &names[..count], 0);
            assert_eq!(kit.call(contract, "authSync", &body), "000000");
            let notices = kit.notices(&here);
            let sent = notices[0].data["parts"].as_array().unwrap();
            assert_eq!((notices.len(), sent.len()), (1, parts));
            assert_eq!(notices[0].column("userName"), names[..count]);
            for (name, value) in [("tenantId", "t-1"), ("appId", "app-1"), ("instanceId", "inst-1")]
            {
                assert_eq!(notices[0].data[name], value);
            }
        }
    }
}
