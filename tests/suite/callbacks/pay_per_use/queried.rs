//! The usage in the answer to queryInstance (decision J6).

use std::time::Duration;

use domain::instance::{Access, UsageKind};
use domain::record::EntityRecord;
use domain::usage::{
    InstanceUsage, ReportedInfo, SendOutcome, TakeRules, UsageCycle, UsageInfoReport,
};
use protocol::message::InstanceId;
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use tests::call::{Bundled, SETTINGS, koohook, run};
use tests::world::{NOW, StoreFault};

use super::super::send_at;
use super::{
    NOW_DIGITS, V2_PURCHASE, buy, instance, keep_usage, keep_usage_bytes, learn, query, reported,
    usage_info, v1_purchase,
};

/// The hours from 18:00 to 21:00 before [`NOW`].
const REPORTED: [(&str, &str, &str); 3] = [
    ("2026-10-05T18:00:00Z", "2026-10-05T19:00:00Z", "12.5"),
    ("2026-10-05T19:00:00Z", "2026-10-05T20:00:00Z", "0.0001"),
    ("2026-10-05T20:00:00Z", "2026-10-05T21:00:00Z", "99999999.9999"),
];

/// A koohook with one pay-per-use instance under each contract, both ready.
fn with_pay_per_use(contract: Contract) -> (Bundled, String) {
    let koohook = koohook(&SETTINGS);
    let id = match contract {
        Contract::V1 => buy(&koohook, contract, &v1_purchase("P1", "0")),
        Contract::V2 => {
            let id = buy(&koohook, contract, &V2_PURCHASE);
            learn(&koohook, &id, UsageKind::PayPerUse);
            id
        }
    };
    koohook.world().pass(Duration::from_millis(1));
    (koohook, id)
}

/// What the product PUT for an instance.
fn put(id: &str, entries: &str) -> InstanceUsage {
    let id = InstanceId::parse(id).unwrap();
    let body = format!(
        r#"{{"type":"instance.usage","data":{{"instanceId":"{}","usageInfo":{entries}}}}}"#,
        id.as_str()
    );
    let UsageInfoReport { entries } = UsageInfoReport::read(&id, body.as_bytes()).unwrap();
    let at = UnixMillis::from_utc_digits("20261005205959123").unwrap();
    InstanceUsage { info: Some(ReportedInfo { at, entries }), ..InstanceUsage::new(id) }
}

/// Python's `decimal` computed the sum.
#[test]
fn a_pay_per_use_instance_has_the_sum_of_its_windows() {
    for contract in [Contract::V1, Contract::V2] {
        let (koohook, id) = with_pay_per_use(contract);
        let body = query(&koohook, contract, &id);
        let nothing = format!(r#"[{{"usageValue":0,"statisticalTime":"{NOW_DIGITS}"}}"#);
        assert_eq!(usage_info(&body), Some(nothing.as_str()), "the beginning; {body}");
        assert_eq!(koohook.store().take_counts().0, 2, "{contract:?}");

        keep_usage(&koohook, &reported(&id, &REPORTED));
        koohook.world().pass(Duration::from_millis(1));
        let body = query(&koohook, contract, &id);
        let sum = r#"[{"usageValue":100000012.5,"statisticalTime":"20261005210000000"}"#;
        assert_eq!(usage_info(&body), Some(sum), "{body}");
        assert_eq!(koohook.store().take_counts().0, 2, "{contract:?}");
    }
}

#[test]
fn a_window_that_the_marketplace_rejected_does_not_count() {
    let (koohook, id) = with_pay_per_use(Contract::V1);
    let mut usage = reported(&id, &REPORTED);
    let now = UnixMillis::new(NOW + 3_600_000);
    let clock = domain::instance::ClockTrust::Trusted;
    let rules = TakeRules { cycle: UsageCycle::Hourly, clock, may_send: true };
    let taken = usage.take(rules, now);
    assert_eq!(taken.outgoing.len(), 3);
    for (sent, outcome) in [
        (&taken.outgoing[0], SendOutcome::Sent),
        (&taken.outgoing[1], SendOutcome::Rejected { code: "MKT.0100".to_owned() }),
    ] {
        usage.settle(sent, &outcome, UsageCycle::Hourly, now);
    }
    keep_usage(&koohook, &usage);
    let body = query(&koohook, Contract::V1, &id);
    assert!(body.contains(r#""usageValue":100000012.4999,"#), "{body}");
}

#[test]
fn a_package_has_what_its_product_put() {
    let koohook = koohook(&SETTINGS);
    let id = buy(&koohook, Contract::V1, &v1_purchase("P1", "5"));
    let nothing = format!(r#"[{{"usageValue":0,"statisticalTime":"{NOW_DIGITS}"}}"#);
    assert_eq!(usage_info(&query(&koohook, Contract::V1, &id)), Some(nothing.as_str()));
    keep_usage(
        &koohook,
        &put(
            &id,
            r#"[{"usageValue":"10.50","relatedInstanceId":"i-sms"},
                {"usageValue":3,"relatedInstanceId":"i-mms","dashboardUrl":"https://app.example.com/u"}]"#,
        ),
    );
    let body = query(&koohook, Contract::V1, &id);
    let expected = concat!(
        r#"[{"relatedInstanceId":"i-sms","usageValue":10.5,"statisticalTime":"20261005205959123"},"#,
        r#"{"relatedInstanceId":"i-mms","usageValue":3,"statisticalTime":"20261005205959123","#,
        r#""dashboardUrl":"https://app.example.com/u"}"#
    );
    assert_eq!(usage_info(&body), Some(expected), "{body}");
}

/// The sum counts, not the value that the product PUT.
#[test]
fn a_pay_per_use_instance_has_the_address_of_its_only_entry() {
    let address = r#"[{"usageValue":7,"dashboardUrl":"https://app.example.com/u"}]"#;
    let two = r#"[{"usageValue":7,"dashboardUrl":"https://app.example.com/u"},{"usageValue":8}]"#;
    for (entries, suffix) in
        [(address, r#","dashboardUrl":"https://app.example.com/u"}"#), (two, "}")]
    {
        let (koohook, id) = with_pay_per_use(Contract::V1);
        let info = put(&id, entries).info;
        keep_usage(&koohook, &InstanceUsage { info, ..reported(&id, &REPORTED[..1]) });
        let body = query(&koohook, Contract::V1, &id);
        let expected =
            format!(r#"[{{"usageValue":12.5,"statisticalTime":"20261005190000000"{suffix}"#);
        assert_eq!(usage_info(&body), Some(expected.as_str()), "{body}");
    }
}

/// An instance of unknown mode whose product names no other instance is pay-per-use. Its product may
/// say its usage before it reports windows.
#[test]
fn an_instance_of_unknown_mode_has_the_entries_until_windows_are_reported() {
    let entries = r#"[{"usageValue":7,"dashboardUrl":"https://app.example.com/u"}]"#;
    let put_entry = concat!(
        r#"[{"usageValue":7,"statisticalTime":"20261005205959123","#,
        r#""dashboardUrl":"https://app.example.com/u"}"#
    );
    let sum = concat!(
        r#"[{"usageValue":12.5,"statisticalTime":"20261005190000000","#,
        r#""dashboardUrl":"https://app.example.com/u"}"#
    );
    let nothing = format!(r#"[{{"usageValue":0,"statisticalTime":"{NOW_DIGITS}""#);
    let of_mode = format!(r#"{nothing},"dashboardUrl":"https://app.example.com/u"}}"#);
    for (contract, first) in [(Contract::V2, put_entry), (Contract::V1, of_mode.as_str())] {
        let (koohook, id) = with_pay_per_use(contract);
        let info = put(&id, entries).info;
        keep_usage(&koohook, &put(&id, entries));
        let body = query(&koohook, contract, &id);
        assert_eq!(usage_info(&body), Some(first), "{contract:?}: {body}");
        koohook.world().pass(Duration::from_millis(1));
        keep_usage(&koohook, &InstanceUsage { info, ..reported(&id, &REPORTED[..1]) });
        let body = query(&koohook, contract, &id);
        assert_eq!(usage_info(&body), Some(sum), "{contract:?}: {body}");
    }
}

/// Without a beginning, the time is the earliest that koohook knows of the instance.
#[test]
fn an_instance_without_a_beginning_still_has_a_time() {
    let (koohook, id) = with_pay_per_use(Contract::V1);
    let kept = run(koohook.kept(&id)).unwrap();
    let mut older = instance(&koohook, &id);
    older.began_at = None;
    let with = |entity: &domain::instance::Instance| {
        run(koohook.keep(&id, &EntityRecord { entity: entity.clone().into(), ..kept.clone() }));
        let body = query(&koohook, Contract::V1, &id);
        body.split_once(r#""statisticalTime":""#).unwrap().1.split('"').next().unwrap().to_owned()
    };
    assert_eq!(with(&older), "20261005210927001", "now");
    older.newest.refresh = Some(UnixMillis::new(NOW - 1_000));
    older.newest.status = Some(UnixMillis::new(NOW));
    assert_eq!(with(&older), "20261005210926000");
}

/// Only these instances cost the second read: the others have no usage, or are not in the answer.
#[test]
fn instances_without_usage_cost_one_read() {
    let cases: [(&str, Option<UsageKind>, bool, usize); 5] = [
        ("1", None, true, 1),
        ("", None, true, 1),
        ("", Some(UsageKind::Package), true, 2),
        ("0", None, true, 2),
        ("0", None, false, 1),
    ];
    for (mode, learned, is_ready, reads) in cases {
        let koohook = koohook(&SETTINGS);
        let id = buy(&koohook, Contract::V1, &v1_purchase("P1", mode));
        learned.into_iter().for_each(|kind| learn(&koohook, &id, kind));
        if !is_ready {
            let kept = run(koohook.kept(&id)).unwrap();
            let mut pending = instance(&koohook, &id);
            pending.access = Access::Pending;
            run(koohook.keep(&id, &EntityRecord { entity: pending.into(), ..kept }));
        }
        keep_usage(&koohook, &reported(&id, &REPORTED));
        let body = query(&koohook, Contract::V1, &id);
        assert_eq!(koohook.store().take_counts(), (reads, 0), "{mode} {learned:?}: {body}");
        assert_eq!(usage_info(&body).is_some(), reads == 2, "{body}");
        assert_eq!(body.contains("000000"), is_ready, "{body}");
    }
}

/// Eight instances are read at once; the answer keeps the order of the request.
#[test]
fn a_list_has_the_usage_of_each_instance() {
    let koohook = koohook(&SETTINGS);
    let ids: Vec<String> = (0..20)
        .map(|number| buy(&koohook, Contract::V1, &v1_purchase(&format!("P{number}"), "0")))
        .collect();
    for (number, id) in ids.iter().enumerate() {
        let value = format!("{number}.5");
        keep_usage(&koohook, &reported(id, &[(REPORTED[0].0, REPORTED[0].1, &value)]));
    }
    let body = query(&koohook, Contract::V1, &ids.join(","));
    assert_eq!(koohook.store().take_counts(), (40, 0));
    let values: Vec<&str> = body.split(r#""usageValue":"#).skip(1).collect();
    assert_eq!(values.len(), 20);
    for (number, value) in values.iter().enumerate() {
        assert!(value.starts_with(&format!("{number}.5,")), "{number}: {value}");
    }
}

#[test]
fn usage_that_cannot_be_read_is_an_error() {
    for contract in [Contract::V1, Contract::V2] {
        for (at, code) in [(0, "000005"), (1, "000005"), (2, "000000")] {
            let (koohook, id) = with_pay_per_use(contract);
            // A real V2 query first remembers its signature.
            let first = at + usize::from(contract == Contract::V2);
            let works = std::iter::repeat_n(StoreFault::None, first);
            koohook.store().plan(works.chain([StoreFault::Refused]));
            let body = query(&koohook, contract, &id);
            assert!(body.contains(code), "{contract:?} {at}: {body}");
            koohook.store().plan([]);
        }
    }
}

#[test]
fn unusable_usage_is_an_error() {
    for bytes in [&b"{}"[..], br#"{"schema":99}"#, b""] {
        let (koohook, id) = with_pay_per_use(Contract::V1);
        keep_usage_bytes(&koohook, &InstanceId::parse(&id).unwrap(), bytes);
        let body = query(&koohook, Contract::V1, &id);
        assert!(body.contains("000005") && !body.contains("info"), "{body}");
    }
}

#[test]
fn a_rehearsed_query_has_usage_only_if_the_setting_says_so() {
    for contract in [Contract::V1, Contract::V2] {
        for (setting, expected) in [(None, false), (Some("off"), false), (Some("on"), true)] {
            let usage = setting.map(|on| ("KOOHOOK_REHEARSED_USAGE", on));
            let settings: Vec<_> = SETTINGS.into_iter().chain(usage).collect();
            let koohook = koohook(&settings);
            let members =
                [("activity", "queryInstance"), ("instanceId", "123,456"), ("testFlag", "1")];
            let answer = send_at(&koohook, contract, NOW, &members);
            assert_eq!((answer.code.as_str(), answer.info.len()), ("000000", 2));
            koohook.world().pass(Duration::from_millis(1));
            let request = match contract {
                Contract::V1 => tests::call::v1(NOW + 1, &members),
                Contract::V2 => tests::call::v2(NOW + 1, &members),
            };
            let body = String::from_utf8(run(koohook.answer(request)).into_body()).unwrap();
            let usage = r#""usageInfo":[{"usageValue":0,"statisticalTime":"20261005210927001"}]"#;
            let shown = body.matches(usage).count();
            assert_eq!(shown, if expected { 2 } else { 0 }, "{setting:?}: {body}");
            assert_eq!(body.contains("usageInfo"), expected, "{setting:?}: {body}");
            assert_eq!(koohook.store().take_counts(), (0, 0));
        }
    }
}
