//! `koohook usage` over stores with the usage of imported instances.

pub mod seller;

use domain::usage::SendOutcome;
use serde_json::Value;

use self::seller::{UsageSeller, hour, record};

fn rejected(code: &str) -> SendOutcome {
    SendOutcome::Rejected { code: code.to_owned() }
}

fn states(list: &[Value]) -> Vec<&str> {
    list.iter().map(|window| window["state"].as_str().unwrap()).collect()
}

fn everything_is_reported_listed_and_sent_again(store: &str) {
    let seller = UsageSeller::open(store);
    let records = [record("i-1", 1, "1.50"), record("i-1", 3, "0"), record("i-2", 4, "2")];
    let done = seller.report(&records);
    done.check(0, "2 accepted\n1 accepted after their deadline\n3 records in all\n", "");
    done.check(0, "", "\"operator reported usage\"");
    seller.report(&records).check(0, "3 repeated: they were accepted before\n3 records in all", "");

    let list = seller.usage(&["list"]);
    list.check(0, "2 windows\n", "");
    let lines = list.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let lines: Vec<String> = lines.collect();
    assert!(lines[0].contains(" i-2 2 - waiting missing next sending "), "{}", list.out);
    assert!(lines[1].contains(" i-1 1.5 - waiting "), "{}", list.out);
    seller.send("i-1", &rejected("MKT.0150"));
    let list = seller.json(&["list", "--instance", "i-1"]);
    assert_eq!(states(&list), ["rejected"]);
    assert_eq!((&list[0]["code"], &list[0]["value"]), (&"MKT.0150".into(), &"1.5".into()));
    assert_eq!(list[0]["message"], "Illegal operation");
    assert_eq!(list[0]["late"], Value::Null, "it waits no longer");

    let [begin, end] = hour(1);
    let done = seller.usage(&["again", "i-1", &begin, &end, "--value", "1.25", "--yes"]);
    done.check(
        0,
        "1 window will be sent again, with the metering_sn ",
        "\"operator sent usage again\"",
    );
    let list = seller.json(&["list", "--instance", "i-1"]);
    assert_eq!((states(&list), &list[0]["value"]), (vec!["waiting"], &"1.25".into()));
    assert!(done.out.contains(list[0]["meteringSn"].as_str().unwrap()), "{}", done.out);
    seller.send("i-1", &SendOutcome::Sent);
    let shown = seller.json(&["show", "i-1"]);
    assert_eq!((&shown[0]["usage"], &shown[0]["kind"]), (&"1.25".into(), &"pay-per-use".into()));
    assert_eq!((&shown[0]["counts"]["sent"], &shown[0]["counts"]["zero"]), (&1.into(), &1.into()));
}

#[test]
fn usage_is_reported_listed_and_sent_again_over_sqlite() {
    everything_is_reported_listed_and_sent_again("sqlite:koohook.db");
}

#[test]
fn usage_is_reported_listed_and_sent_again_over_redis() {
    let Some(store) = crate::notices::shop::redis("usage") else { return };
    everything_is_reported_listed_and_sent_again(&store);
}

/// A table with two records that are accepted, and what the command prints about the others.
fn mixed_table() -> (String, [&'static str; 8]) {
    let [begin, end] = hour(2);
    let rows = [
        format!("r1,i-1,{begin},{end},1,"),
        format!("r2,i-1,{begin},{end},2,"),
        format!("r3,i-9,{begin},{end},1,"),
        format!("r4,i-2,{begin},2100-01-01T00:00:00Z,1,"),
        format!("r5,2.02601E+17,{begin},{end},1,"),
        "r6,i-2,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,1,".to_owned(),
        format!("r7,i-3,{begin},{end},1e2,p-1"),
    ];
    let head = "recordId,instanceId,beginTime,endTime,value,relatedPackageInstanceId\n";
    let lines = [
        "line 3 (r2): i-1, ",
        "other-value: the window was accepted with another value or package",
        "line 4 (r3): i-9, ",
        "instance-unknown: koohook has no such instance; check instanceId\n",
        "line 5 (r4): malformed: endTime must be after beginTime, by at most 24 hours",
        "line 6 (r5): malformed: instanceId was changed into a number",
        "line 7 (r6): i-2, ",
        "too-old: the window begins more than 20 days 20 hours ago",
    ];
    (format!("{head}{}\n", rows.join("\n")), lines)
}

#[test]
fn a_rejected_record_says_why_and_rejects_no_other() {
    let seller = UsageSeller::open("sqlite:koohook.db");
    let (table, expected) = mixed_table();
    seller.shop.folder.write("usage.csv", table.as_bytes());
    for (arguments, accepted, logged) in [
        (&["report", "--dry-run", "usage.csv"][..], "2 would be accepted", 0),
        (&["report", "usage.csv"], "2 accepted", 2),
    ] {
        let done = seller.usage(arguments);
        done.check(1, accepted, "");
        done.check(1, "5 rejected: see the lines above\n7 records in all\n", "");
        for line in expected {
            assert!(done.out.contains(line), "{line}\n{}", done.out);
        }
        assert_eq!(done.aside.matches("operator reported usage").count(), logged);
        assert_eq!(seller.json(&["list", "--all"]).len(), logged, "a dry run writes nothing");
    }
    let list = seller.json(&["list"]);
    let package = &list[1]["relatedPackageInstanceId"];
    assert_eq!((package, &list[1]["value"]), (&"p-1".into(), &"100".into()));
    let missing = seller.usage(&["report", "missing.csv"]);
    missing.check(1, "", "missing.csv: file does not exist");
}

#[test]
fn the_options_of_list_select_windows() {
    let seller = UsageSeller::open("sqlite:koohook.db");
    let records: Vec<_> = (2..8).map(|hours| record("i-1", hours, "1")).collect();
    seller.report(&records).check(0, "6 records in all", "");
    seller.send("i-1", &SendOutcome::Sent);
    let again = SendOutcome::Again { code: "MKT.0999".to_owned(), at_most: None };
    seller.report(&[record("i-2", 2, "1"), record("i-2", 30, "1")]).check(0, "2 records", "");
    seller.send("i-2", &again);
    seller.report(&[record("i-3", 2, "0")]).check(0, "1 accepted", "");
    for (arguments, count) in [
        (&[][..], 2),
        (&["--state", "sending"], 2),
        (&["--state", "waiting"], 0),
        (&["--state", "sent"], 6),
        (&["--state", "sent", "-n", "4"], 4),
        (&["--state", "sent,zero", "--all"], 7),
        (&["--instance", "i-2"], 2),
        (&["--instance", "i-3"], 0),
        (&["--instance", "i-3", "--state", "zero"], 1),
        (&["--older-than", "1d"], 1),
        (&["--older-than", "10m"], 2),
        (&["--late"], 2),
        (&["--state", "sent", "--late"], 0),
    ] {
        let list = seller.json(&[&["list"], arguments].concat());
        assert_eq!(list.len(), count, "{arguments:?}");
        let ends: Vec<_> = list.iter().map(|it| it["endTime"].as_str().unwrap()).collect();
        assert!(ends.is_sorted(), "{arguments:?}");
    }
    let cut = seller.usage(&["list", "--state", "sent", "-n", "4"]);
    cut.check(0, "4 windows\n", "6 windows pass, and 4 are listed; --all lists all");
    let list = seller.usage(&["list"]);
    let answer = "; last answer MKT.0999, System internal error; koohook sends it again\n";
    assert_eq!(list.out.matches(answer).count(), 2, "{}", list.out);
    seller.usage(&["list", "--instance", "i-9"]).check(1, "", "instance i-9 is not in this store");
    let newest = seller.json(&["show", "i-1", "-n", "2"]);
    let [begin, _] = hour(2);
    assert_eq!(newest[0]["windows"].as_array().unwrap().len(), 2);
    assert_eq!(newest[0]["windows"][0]["beginTime"], begin);
    assert_eq!((&newest[0]["counts"]["sent"], &newest[0]["usage"]), (&6.into(), &"6".into()));
}

#[test]
fn now_makes_waiting_windows_due_after_the_operator_agreed() {
    let seller = UsageSeller::open("sqlite:koohook.db");
    let records = [record("i-1", 2, "1"), record("i-1", 3, "1"), record("i-2", 2, "1")];
    seller.report(&records).check(0, "3 records in all", "");
    let before = seller.json(&["list"]);
    seller.usage(&["now"]).check(2, "", "<INSTANCE>");
    let done = seller.usage(&["now", "--all"]);
    done.check(1, "", "3 windows of 2 instances are selected, and none is changed; give --yes");
    done.check(1, "", "  i-1  2 windows, 2 late, the oldest ended ");
    assert_eq!(seller.json(&["list"]), before);
    let done = seller.usage(&["now", "i-1", "i-1", "--yes"]);
    done.check(0, "2 windows will be sent now\n", "\"operator made usage due\"");
    done.check(0, "", "the relay sends them");
    let after = seller.json(&["list"]);
    for (before, after) in before.iter().zip(&after) {
        let is_now = after["nextSending"].as_str() < before["nextSending"].as_str();
        assert_eq!(is_now, after["instanceId"] == "i-1", "{after}");
    }
    let again = seller.usage(&["now", "i-1", "--yes"]);
    again.check(0, "2 windows will be sent now\n", "");
    assert!(!again.aside.contains("operator made usage due"), "they were due: {}", again.aside);
    seller.usage(&["now", "i-3", "--yes"]).check(
        0,
        "0 windows will be sent now",
        "no window waits",
    );
}

#[test]
fn again_explains_the_risk_and_rejects_what_cannot_be_sent() {
    let seller = UsageSeller::open("sqlite:koohook.db");
    seller.report(&[record("i-1", 2, "1"), record("i-1", 3, "0")]).check(0, "2 records", "");
    let again = |hours: u64, more: &[&str]| {
        let [begin, end] = hour(hours);
        seller.usage(&[&["again", "i-1", begin.as_str(), end.as_str()], more].concat())
    };
    again(2, &["--yes"]).check(1, "", "window waits already; run koohook usage now to send it");
    again(3, &["--yes"]).check(1, "", "value is zero, which the marketplace does not accept");
    again(4, &["--yes"]).check(1, "", "instance has no window with this begin and end");
    again(2, &["--value", "-1"]).check(2, "", "write a number from 0");
    seller.usage(&["again", "i-1", "2026-11-26", "2026-11-28"]).check(1, "", "END must be after");
    seller.send("i-1", &SendOutcome::Sent);
    let done = again(2, &[]);
    done.check(1, "", "If it billed the window, it may bill it twice");
    done.check(1, "", "no window is changed; give --yes, because the standard input");
    assert_eq!(states(&seller.json(&["list"])), [""; 0], "nothing is changed");
    let sn = |list: &[Value]| list[0]["meteringSn"].as_str().unwrap().to_owned();
    let before = sn(&seller.json(&["list", "--state", "sent"]));
    again(2, &["--yes"]).check(0, "", "");
    let after = sn(&seller.json(&["list"]));
    assert_ne!(before, after, "the marketplace would take it for a repeat");
    again(3, &["--value", "3", "--yes"]).check(0, "1 window will be sent again", "");
}

#[test]
fn status_and_check_say_what_waits() {
    let seller = UsageSeller::open("sqlite:koohook.db");
    let status = || seller.shop.koohook(&["status", "http://127.0.0.1:1"]);
    status().check(1, "usage            off     no instance has usage", "");
    seller.report(&[record("i-1", 4, "1")]).check(0, "1 record in all", "");
    let checks = |level: &str| {
        let waits = format!("usage            {level:<6}  1 window waits, the oldest ended 3 h");
        for done in [status(), seller.shop.check()] {
            done.check(1, &waits, "");
            done.check(1, "; 1 missed the deadline; see koohook usage list\n", "");
        }
    };
    checks("WARN");
    seller.accept_in_time("i-1");
    checks("failed");
    seller.send("i-1", &rejected("012"));
    let text = "usage            WARN    0 windows wait; 1 rejected; see koohook usage list";
    status().check(1, text, "");
    seller.send("i-1", &SendOutcome::Sent);
}

/// The setting decides which windows are late.
#[test]
fn the_cycle_is_that_of_the_server() {
    let seller = UsageSeller::open("sqlite:koohook.db");
    seller.report(&[record("i-1", 30, "1"), record("i-1", 2, "1")]).check(0, "2 records", "");
    let late = |cycle: &str| {
        let mut command = seller.shop.command(&["usage", "list", "--late", "-o", "json"]);
        crate::Finished::of(command.env("KOOHOOK_USAGE_CYCLE", cycle).output().unwrap())
    };
    let count = |done: crate::Finished| done.out.matches("instanceId").count();
    assert_eq!(count(late("hourly")), 2);
    assert!(count(late("daily")) >= 1);
    late("weekly").check(
        1,
        "",
        "KOOHOOK_USAGE_CYCLE has an unknown value; set it to hourly or daily",
    );
}
