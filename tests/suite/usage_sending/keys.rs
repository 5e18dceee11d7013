//! The keys that sign usage.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use shell::world::{Unanswered, World};
use simulator::usage::UsageFault;
use tests::call::BASE_KEY;
use tests::log::Log;

use super::world::*;

const OTHER_KEY: &str = "constructed-base-key-0002";

/// New usage becomes due in every hour, and what waits every five minutes.
#[test]
fn a_rejected_key_is_tried_at_most_three_times_in_five_minutes_by_all_relays_together() {
    let (koohook, ids, marketplace) = with_windows(40);
    marketplace.with(|marketplace| marketplace.rules_mut().key = OTHER_KEY.to_owned());
    let other = koohook.another(&SETTINGS);
    marketplace.meets(other.world(), Duration::ZERO);
    let log = Log::default();
    let _kept = log.keep();
    for id in ids.iter().take(30) {
        for one in [&koohook, &other] {
            relay_after(one, MINUTE);
        }
        change(&koohook, id, |usage| {
            usage.make_due(World::now(koohook.world()));
        });
    }
    assert!(marketplace.requests() >= 10, "koohook goes on trying");
    assert_tries_are_few(&marketplace, 0);
    assert_eq!(count(&koohook, &ids, "sending") + count(&koohook, &ids, "waiting"), 40);
    let errors = lines(&log, "marketplace rejects the key of usage").len();
    assert!((1..=61).contains(&errors), "{errors}");

    marketplace.with(|marketplace| marketplace.rules_mut().key = BASE_KEY.to_owned());
    for _ in 0..3 {
        relay_after(&koohook, 5 * MINUTE);
    }
    assert_eq!(count(&koohook, &ids, "sent"), 40, "nothing is lost");
    assert_eq!(lines(&log, "marketplace accepts the key of usage again").len(), 1);
}

/// Makes all windows due, and runs the relay in the next minute.
fn send_now(koohook: &Sending, ids: &[String]) -> usize {
    for id in ids {
        change(koohook, id, |usage| {
            usage.make_due(World::now(koohook.world()));
        });
    }
    relay_after(koohook, MINUTE).usage.sent
}

/// Between any four requests are at least five minutes.
fn assert_tries_are_few(marketplace: &Marketplace, after: usize) {
    let times: Vec<u64> =
        marketplace.with(|it| it.requests()[after..].iter().map(|request| request.at).collect());
    for four in times.windows(4) {
        assert!(four[3] - four[0] >= 300_000, "{times:?}");
    }
}

#[test]
fn a_request_without_an_answer_is_no_try_of_a_rejected_key() {
    let (koohook, ids, marketplace) = with_windows(1);
    marketplace.with(|it| it.queue_fault(UsageFault::Status(401, "0154")));
    let log = Log::default();
    let _kept = log.keep();
    assert_eq!(send_now(&koohook, &ids), 0);
    for fault in [Unanswered::Refused, Unanswered::TimedOut] {
        World::web(koohook.world()).answer(move |_| Err(fault));
        assert_eq!(send_now(&koohook, &ids), 0);
    }
    marketplace.meets(koohook.world(), Duration::ZERO);
    assert_eq!(send_now(&koohook, &ids), 1);
    assert_eq!(messages(&log, "ERROR"), ["marketplace rejects the key of usage"]);
}

#[test]
fn another_key_is_tried_at_once() {
    let (koohook, ids, marketplace) = with_windows(1);
    marketplace.with(|it| it.rules_mut().key = OTHER_KEY.to_owned());
    for requests in [1, 2, 3, 3] {
        assert_eq!(send_now(&koohook, &ids), 0);
        assert_eq!(marketplace.requests(), requests);
    }
    let settings = [&SETTINGS[..], &[("KOOHOOK_BASE_KEY", OTHER_KEY)]].concat();
    let mended = koohook.another(&settings);
    mended.world().set_now(koohook.world().now_millis());
    marketplace.meets(mended.world(), Duration::ZERO);
    assert_eq!(send_now(&mended, &ids), 1);
}

/// The seller changed the key in the console. koohook does not know whether a record is at fault.
#[test]
fn a_key_that_worked_gets_three_wrong_signatures_in_five_minutes() {
    let (koohook, ids, marketplace) = with_windows(1_000);
    let (first, others) = ids.split_at(1);
    report(&koohook, &first[0], &[hour_before(FULL_HOUR - 3_600_000)]);
    assert_eq!(relay_after(&koohook, MINUTE).usage.sent, 1_001);
    let before = marketplace.requests();
    marketplace.with(|it| it.rules_mut().key = OTHER_KEY.to_owned());
    for id in others {
        report(&koohook, id, &[hour_before(FULL_HOUR - 3_600_000)]);
    }
    let log = Log::default();
    let _kept = log.keep();
    send_now(&koohook, others);
    assert_eq!(marketplace.requests() - before, 3);
    let error = &lines(&log, "marketplace rejects all usage, and it waits")[0];
    assert_eq!((&error["level"], &error["code"]), (&"ERROR".into(), &"MKT.0102".into()));
    assert_eq!((&error["count"], &error["reason"]), (&999.into(), &"Invalid body sign".into()));
    assert!(error["advice"].as_str().unwrap().contains("KOOHOOK_BASE_KEY"), "{error}");
    for _ in 0..12 {
        send_now(&koohook, others);
    }
    assert!(marketplace.requests() - before >= 6, "koohook goes on trying");
    assert_tries_are_few(&marketplace, before);
    marketplace.with(|it| it.rules_mut().key = BASE_KEY.to_owned());
    relay_after(&koohook, 5 * MINUTE);
    relay_after(&koohook, 5 * MINUTE);
    assert_eq!(count(&koohook, &ids, "sent"), 2_000, "nothing is lost, and nothing rejected");
}

#[test]
fn if_the_marketplace_still_has_the_previous_key_usage_is_signed_with_it() {
    let settings = [
        &SETTINGS[..],
        &[("KOOHOOK_BASE_KEY", OTHER_KEY), ("KOOHOOK_BASE_KEY_PREVIOUS", BASE_KEY)],
    ]
    .concat();
    let (koohook, ids, marketplace) = with_settings(3, &settings);
    let log = Log::default();
    let _kept = log.keep();
    assert_eq!(relay_after(&koohook, MINUTE).usage.sent, 3);
    assert_eq!(marketplace.requests(), 2);
    report(&koohook, &ids[0], &[hour_before(FULL_HOUR - 3_600_000)]);
    assert_eq!(relay_after(&koohook, 5 * MINUTE).usage.sent, 1);
    assert_eq!(marketplace.requests(), 3, "the previous key signs at once");
    marketplace.with(|it| it.rules_mut().key = OTHER_KEY.to_owned());
    report(&koohook, &ids[0], &[hour_before(FULL_HOUR - 7_200_000)]);
    assert_eq!(relay_after(&koohook, 61 * MINUTE).usage.sent, 1, "the current key is tried again");
    assert_eq!(marketplace.requests(), 4);
    assert!(messages(&log, "ERROR").iter().all(|it| !it.contains("key")), "{}", log.text());
}

#[test]
fn a_relay_without_a_base_key_says_so_and_lets_usage_wait() {
    let settings = [
        ("KOOHOOK_KIT_KEY", OTHER_KEY),
        ("KOOHOOK_APP_INFO", tests::call::APP_INFO),
        ("KOOHOOK_STORE", "memory:"),
    ];
    let koohook =
        Sending::serving(&functions::BASE, tests::test_store::TestStore::new(), &settings);
    report(&koohook, "i-1", &[last_hour()]);
    let log = Log::default();
    let _kept = log.keep();
    relay_after(&koohook, MINUTE);
    koohook.store().take_counts();
    for _ in 0..3 {
        relay_after(&koohook, MINUTE);
    }
    assert_eq!(koohook.store().take_counts(), (0, 0), "the value waits for five minutes");
    assert_eq!(messages(&log, "ERROR"), ["usage is due, and the relay has no base key"]);
    relay_after(&koohook, 2 * HOUR);
    assert!(messages(&log, "ERROR").contains(&"usage will miss its deadline".to_owned()));
}

/// The gateway asks for its own signature. It locks a key after more than five failures.
#[test]
fn the_key_of_the_open_apis_signs_usage_too_if_it_is_set() {
    let aksk = [
        ("KOOHOOK_OPENAPI_AK", "made-up-ak"),
        ("KOOHOOK_OPENAPI_SK", "made-up-sk"),
        ("KOOHOOK_USAGE_AKSK", "also"),
    ];
    let settings = [&SETTINGS[..], &aksk].concat();
    let (koohook, ids, marketplace) = with_settings(3, &settings);
    let required = |sk: &str| simulator::usage::AkSk::Required {
        ak: "made-up-ak".to_owned(),
        sk: sk.to_owned(),
    };
    marketplace.with(|it| it.rules_mut().aksk = required("another-sk"));
    for _ in 0..10 {
        relay_after(&koohook, MINUTE);
    }
    assert!(marketplace.requests() <= 4, "{}", marketplace.requests());
    assert_eq!(marketplace.with(|it| it.access_key_locks()), 0);
    marketplace.with(|it| it.rules_mut().aksk = required("made-up-sk"));
    relay_after(&koohook, 10 * MINUTE);
    assert_eq!(words(&koohook, &ids), ["sent"; 3]);
}

#[test]
fn the_fallback_host_gets_the_same_records_with_another_signature() {
    let settings = [&SETTINGS[..3], &[("KOOHOOK_OPENAPI_HOST", "china")]].concat();
    let (koohook, ids, _) = with_settings(2, &settings);
    World::web(koohook.world()).answer(|request| match request.uri().host() {
        Some("mkt.myhuaweicloud.com") => Err(shell::world::Unanswered::Refused),
        host => {
            assert_eq!(host, Some("mkt.myhuaweicloud.cn"));
            assert_eq!(request.headers()["host"], "mkt.myhuaweicloud.cn");
            let body = Bytes::from_static(br#"{"error_code":"MKT.0000","error_msg":"success"}"#);
            Ok(Response::new(body))
        }
    });
    assert_eq!(relay_after(&koohook, MINUTE).usage.sent, 2);
    assert_eq!(words(&koohook, &ids), ["sent"; 2]);
}

#[test]
fn the_key_of_the_open_apis_must_be_set_if_it_signs_usage() {
    let read = |also: &str, ak: Option<&str>| {
        let (also, ak) = (also.to_owned(), ak.map(str::to_owned));
        let lookup = move |name: &str| match name {
            "KOOHOOK_USAGE_AKSK" => Some(also.clone()),
            "KOOHOOK_OPENAPI_AK" | "KOOHOOK_OPENAPI_SK" => ak.clone(),
            _ => {
                SETTINGS.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
            }
        };
        shell::config::Config::read(&lookup).err().map(|error| error.to_string())
    };
    assert_eq!([read("also", Some("made-up")), read("off", None)], [None, None]);
    for also in ["also", "on"] {
        let error = read(also, None).unwrap();
        assert!(error.contains("KOOHOOK_USAGE_AKSK"), "{error}");
    }
}
