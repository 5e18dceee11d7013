//! `POST /usage` (decisions J1, J2, J7): what is accepted, repeated and rejected.

use domain::instance::{ShownUsageKind, UsageKind};
use domain::record::EntityRecord;
use futures_util::future;
use protocol::time::UnixMillis;
use serde_json::json;
use tests::call::{PENDING, SETTINGS, koohook, run};
use tests::world::StoreFault;

use super::calls::*;

#[test]
fn a_report_is_stored_before_it_is_answered() {
    let koohook = pay_per_use();
    let id = id("CS1");
    let records = [hour(&koohook, &id, 2, "1.5"), hour(&koohook, &id, 1, "0.0001")];
    assert_eq!(sends(&koohook, &records), (200, vec!["accepted".to_owned(); 2]));
    assert_eq!(koohook.store().take_counts(), (2, 1), "the instance and its usage; one write");
    assert_eq!(total(&koohook, &id), ("1.5001".to_owned(), 2));
    assert_eq!(sends(&koohook, &records), (200, vec!["repeated".to_owned(); 2]));
    assert_eq!(koohook.store().take_counts(), (2, 0), "a repeated report changes nothing");
}

#[test]
fn the_answer_names_the_records_in_the_order_of_the_report() {
    let koohook = pay_per_use();
    buy(&koohook, "CS2", Some("0"));
    koohook.world().pass(HOUR * 5);
    let record = |place: usize, order, hours| {
        let mut record = hour(&koohook, &id(order), hours, "1");
        record["recordId"] = format!("\"<{place}>\\ é 单").into();
        record
    };
    let records = [record(0, "CS2", 3), record(1, "CS1", 3), json!(7), record(3, "CS2", 2)];
    let (status, answer) = run(post(&koohook, &report(&records)));
    assert_eq!(status, 200);
    let named: Vec<_> = answer["records"].as_array().unwrap().iter().collect();
    let accepted =
        |place: usize| json!({ "recordId": records[place]["recordId"], "status": "accepted" });
    let malformed = json!({ "recordId": null, "status": "rejected", "reason": "malformed" });
    assert_eq!(named, [&accepted(0), &accepted(1), &malformed, &accepted(3)]);
}

/// A koohook with an instance of each kind: `CS1` is old, `CS2` has a period, `CS3` is a package,
/// `CS4` was released two hours ago, and `CS5` was bought four hours ago.
fn each_kind() -> Reported {
    let koohook = koohook(&PENDING);
    for (order, mode) in [("CS1", "0"), ("CS2", "1"), ("CS3", "5"), ("CS4", "0")] {
        buy(&koohook, order, Some(mode));
    }
    koohook.world().pass(HOUR * 24 * 22);
    buy(&koohook, "CS5", Some("0"));
    koohook.world().pass(HOUR * 2);
    release(&koohook, "CS4");
    koohook.world().pass(HOUR * 2);
    koohook
}

/// Each reason of decision J1, and the last time on the accepted side of each limit. The columns: the
/// instance, how many seconds ago the window began and ended, its value, and the outcome.
#[test]
fn each_rejected_record_has_its_reason_and_rejects_no_other() {
    let koohook = each_kind();
    let (one, four, five) = (id("CS1"), id("CS4"), id("CS5"));
    let oldest = (20 * 24 + 20) * HOUR_SECONDS;
    let cases: &[(&str, i64, i64, &str, &str)] = &[
        (&one, 7_200, 3_600, "1", "accepted"),
        (&id("CS9"), 7_200, 3_600, "1", "instance-unknown"),
        (&id_of_other("CS2"), 7_200, 3_600, "1", "not-pay-per-use"),
        (&id("CS3"), 7_200, 3_600, "1", "not-pay-per-use"),
        (&five, 4 * HOUR_SECONDS, 3_600, "1", "accepted"),
        (&five, 4 * HOUR_SECONDS + 1, 4 * HOUR_SECONDS, "1", "begins-before-instance"),
        (&four, 3 * HOUR_SECONDS, 2 * HOUR_SECONDS, "1", "accepted"),
        (&four, 2 * HOUR_SECONDS, 2 * HOUR_SECONDS - 1, "1", "ends-after-release"),
        (&one, 60, -6, "1", "ends-in-future"),
        (&one, 50, -5, "1", "accepted"),
        (&one, oldest + 1, oldest, "1", "too-old"),
        (&one, oldest, oldest - 1, "1", "accepted"),
        (&one, 7_200, 3_599, "1", "overlaps"),
        (&one, 3_600, 3_000, "1", "accepted"),
        (&one, 7_200, 3_600, "2", "other-value"),
        (&one, 7_200, 3_600, "-2", "malformed"),
        (&one, 7_200, 3_600, "1.0", "repeated"),
    ];
    let record = |(instance, begin, end, value, _): &(&str, i64, i64, &str, &str)| {
        json!({ "recordId": "r", "instanceId": instance, "value": value,
                "beginTime": before(&koohook, *begin), "endTime": before(&koohook, *end) })
    };
    let records: Vec<_> = cases.iter().map(record).collect();
    let (status, words) = sends(&koohook, &records);
    for ((word, case), record) in words.iter().zip(cases).zip(records) {
        assert_eq!(word, case.4, "{record}");
    }
    assert_eq!(status, 200);
    assert_eq!(total(&koohook, &one), ("4".to_owned(), 4));
}

const HOUR_SECONDS: i64 = 3_600;

/// RFC 3339 of a time so many seconds before now, or after now if they are negative.
fn before(koohook: &Reported, seconds: i64) -> String {
    let at = koohook.world().now_millis().checked_add_signed(-seconds * 1_000).unwrap();
    UnixMillis::new(at).to_rfc3339()
}

fn release(koohook: &Reported, order: &str) {
    let id = id(order);
    let parameters = [
        ("activity", "releaseInstance"),
        ("businessId", "made-up-business"),
        ("instanceId", id.as_str()),
        ("orderId", order),
    ];
    assert_eq!(run(koohook.v1(&parameters)).code, "000000");
}

#[test]
fn a_record_is_judged_with_those_before_it_in_the_same_report() {
    let koohook = pay_per_use();
    let id = id("CS1");
    let package = |package: &str| {
        let mut record = hour(&koohook, &id, 3, "1");
        record["relatedPackageInstanceId"] = package.into();
        record
    };
    let records = [
        package("p-1"),
        package("p-1"),
        package("p-2"),
        hour(&koohook, &id, 3, "1"),
        json!({ "recordId": "r", "instanceId": id, "value": 1,
                "beginTime": ago(&koohook, 4 * 3_600 - 1), "endTime": ago(&koohook, 3 * 3_600) }),
    ];
    let expected = ["accepted", "repeated", "other-value", "other-value", "overlaps"];
    assert_eq!(sends(&koohook, &records), (200, expected.map(str::to_owned).to_vec()));
    assert_eq!(total(&koohook, &id), ("1".to_owned(), 1));
}

/// The mode of an imported or a V2 instance may be unknown (decision J7).
#[test]
fn an_instance_of_unknown_mode_that_reports_is_pay_per_use() {
    let koohook = koohook(&PENDING);
    buy(&koohook, "CS1", None);
    koohook.world().pass(HOUR * 9);
    koohook.store().take_counts();
    let id = id_of_other("CS1");
    let usage = || run(koohook.instance(&id)).usage_kind();
    assert_eq!(usage(), None);
    assert_eq!(sends(&koohook, &[hour(&koohook, &id, 1, "1")]).1, ["accepted"]);
    assert_eq!(koohook.store().take_counts(), (2, 2), "what was learned is one write more");
    assert_eq!(usage(), Some(UsageKind::PayPerUse));
    assert_eq!(sends(&koohook, &[hour(&koohook, &id, 2, "1")]).1, ["accepted"]);
    assert_eq!(koohook.store().take_counts(), (2, 1));
}

#[test]
fn a_rejected_record_teaches_nothing() {
    let koohook = koohook(&PENDING);
    buy(&koohook, "CS1", None);
    koohook.world().pass(HOUR * 3);
    let id = id_of_other("CS1");
    koohook.store().take_counts();
    let early = hour(&koohook, &id, 5, "1");
    assert_eq!(sends(&koohook, std::slice::from_ref(&early)).1, ["begins-before-instance"]);
    assert_eq!(koohook.store().take_counts(), (2, 0));
    assert_eq!(run(koohook.instance(&id)).usage_kind(), None);
    let both = [early, hour(&koohook, &id, 1, "1")];
    assert_eq!(sends(&koohook, &both).1, ["begins-before-instance", "accepted"]);
    assert_eq!(run(koohook.instance(&id)).usage_kind(), Some(UsageKind::PayPerUse));
}

/// The windows of a package of unknown mode are accepted, and it stays a package.
#[test]
fn a_report_does_not_change_a_package_that_was_learned() {
    let koohook = koohook(&PENDING);
    buy(&koohook, "CS1", None);
    koohook.world().pass(HOUR * 3);
    let id = id_of_other("CS1");
    let package = run(koohook.instance(&id)).learn_usage(ShownUsageKind::PackageInfo).unwrap();
    let kept = run(koohook.kept(&id)).unwrap();
    run(koohook.keep(&id, &EntityRecord { entity: package.into(), ..kept }));
    koohook.store().take_counts();
    assert_eq!(sends(&koohook, &[hour(&koohook, &id, 1, "1")]).1, ["accepted"]);
    assert_eq!(koohook.store().take_counts(), (2, 1), "nothing is learned");
    assert_eq!(run(koohook.instance(&id)).usage_kind(), Some(UsageKind::Package));
    assert_eq!(total(&koohook, &id).1, 1);
}

/// The windows are stored before the kind. The answer says that the product must repeat the report.
#[test]
fn a_kind_that_could_not_be_stored_is_learned_by_the_repeat() {
    let koohook = koohook(&PENDING);
    buy(&koohook, "CS1", None);
    koohook.world().pass(HOUR * 3);
    let id = id_of_other("CS1");
    let records = [hour(&koohook, &id, 1, "1")];
    let works = std::iter::repeat_n(StoreFault::None, 3);
    koohook.store().plan(works.chain([StoreFault::Refused; 3]));
    assert_eq!(sends(&koohook, &records), (503, vec!["retry".to_owned()]));
    koohook.store().plan([]);
    assert_eq!(total(&koohook, &id).1, 1, "the window is stored");
    assert_eq!(run(koohook.instance(&id)).usage_kind(), None);
    assert_eq!(sends(&koohook, &records), (200, vec!["repeated".to_owned()]));
    assert_eq!(run(koohook.instance(&id)).usage_kind(), Some(UsageKind::PayPerUse));
}

/// Two processes read the same value, and each writes over it.
#[test]
fn two_reports_at_the_same_time_lose_nothing() {
    let koohook = pay_per_use();
    let (id, other) = (id("CS1"), koohook.another(&PENDING));
    let one = [hour(&koohook, &id, 1, "1"), hour(&koohook, &id, 2, "2")];
    let two =
        [hour(&koohook, &id, 2, "2"), hour(&koohook, &id, 3, "4"), hour(&koohook, &id, 1, "9")];
    let (one, two) = (report(&one), report(&two));
    let both = future::join(post(&koohook, &one), post(&other, &two));
    let ((first, one), (second, two)) = run(both);
    assert_eq!((first, second), (200, 200));
    let words = (outcomes(&one), outcomes(&two));
    let other_value = two["records"][2]["status"] == "rejected";
    let expected: (&[&str], &[&str]) = if other_value {
        (&["accepted", "accepted"], &["repeated", "accepted", "other-value"])
    } else {
        (&["other-value", "repeated"], &["accepted", "accepted", "accepted"])
    };
    assert_eq!(
        (words.0.as_slice(), words.1.as_slice()),
        (&owned(expected.0)[..], &owned(expected.1)[..])
    );
    let sum = if other_value { "7" } else { "15" };
    assert_eq!(total(&koohook, &id), (sum.to_owned(), 3));
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_call_that_is_not_verified_reads_nothing() {
    let koohook = pay_per_use();
    let now = koohook.world().now_millis() / 1_000;
    let body = report(&[hour(&koohook, &id("CS1"), 1, "1")]);
    let status = |request| run(send(&koohook, request)).status().as_u16();
    for at in [now - 301, now + 301] {
        assert_eq!(status(signed("POST", "/usage", at, &body)), 401);
    }
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut lacking = signed("POST", "/usage", now, &body);
        lacking.headers_mut().remove(name);
        assert_eq!(status(lacking), 401, "no {name}");
    }
    let mut other = signed("POST", "/usage", now, &body);
    *other.body_mut() = report(&[hour(&koohook, &id("CS1"), 1, "2")]).into();
    assert_eq!(status(other), 401, "the signature is that of another body");
    assert_eq!(koohook.store().take_counts(), (0, 0));
    assert_eq!(stored(&koohook, &id("CS1")), None);
}

#[test]
fn without_a_product_no_call_is_verified() {
    let koohook = koohook(&SETTINGS);
    assert_eq!(run(post(&koohook, &report(&[hour(&koohook, "i", 1, "1")]))).0, 401);
}

#[test]
fn other_paths_and_methods_are_rejected_and_health_checks_answered() {
    let koohook = pay_per_use();
    let now = koohook.world().now_millis() / 1_000;
    for (method, path, status) in [
        ("GET", "/usage", 405),
        ("PUT", "/usage", 405),
        ("POST", "/usage/", 404),
        ("POST", "/Usage", 404),
        ("POST", "/instances/i/usage-info", 405),
        ("PUT", "/instances//usage-info", 404),
        ("PUT", "/instances/a/b/usage-info", 404),
        ("PUT", "/instances/i/usage-info/", 404),
        ("PUT", "/instances/iusage-info", 404),
        ("PUT", "/instances/i/app-info", 404),
        ("GET", "/healthz", 200),
        ("PUT", "/healthz", 405),
    ] {
        let response = run(send(&koohook, signed(method, path, now, b"{}")));
        assert_eq!(response.status().as_u16(), status, "{method} {path}");
    }
    assert_eq!(koohook.store().take_counts(), (0, 0));
}
