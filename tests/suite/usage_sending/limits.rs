//! Requests, time, and what runs concurrently with usage.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use protocol::time::UnixMillis;
use shell::relay::Relay;
use shell::store::{Put, Queue, Store, Value, Version};
use shell::world::{Unanswered, World};
use tests::call::{PRODUCT_SECRET, run};
use tests::log::Log;

use super::world::*;

#[test]
fn a_run_sends_64_requests_and_the_next_one_goes_on_with_smaller_batches() {
    let (koohook, ids, marketplace) = with_windows(700);
    marketplace.with(|it| it.rules_mut().max_records = 7);
    let report = relay_after(&koohook, MINUTE);
    assert_eq!((report.usage.batches, report.usage.unfinished), (64, true));
    assert_eq!(marketplace.sizes()[..8], [700, 350, 175, 87, 43, 21, 10, 5]);
    for _ in 0..3 {
        relay_after(&koohook, 5 * MINUTE);
    }
    assert_eq!(count(&koohook, &ids, "sent"), 700);
    assert!(marketplace.sizes()[64..].iter().all(|size| *size <= 5), "the limit is remembered");
}

/// A marketplace that calls even one record too many shows nothing about the size of batches.
#[test]
fn a_limit_under_which_nothing_was_received_is_not_remembered() {
    let (koohook, ids, marketplace) = with_windows(20);
    marketplace.with(|it| it.rules_mut().max_records = 0);
    relay_after(&koohook, MINUTE);
    assert_eq!(marketplace.sizes(), [20, 10, 5, 2, 1]);
    marketplace.with(|it| it.rules_mut().max_records = 1_000);
    relay_after(&koohook, 5 * MINUTE);
    assert_eq!(marketplace.sizes()[5..], [20]);
    assert_eq!(count(&koohook, &ids, "sent"), 20);
}

#[test]
fn no_request_begins_without_its_full_time() {
    let (koohook, _, marketplace) = with_windows(1);
    marketplace.with(|it| it.rules_mut().max_records = 1);
    report(
        &koohook,
        "i-0000",
        &(1..100).map(|n| hour_before(FULL_HOUR - n * 3_600_000)).collect::<Vec<_>>(),
    );
    marketplace.meets(koohook.world(), Duration::from_secs(9));
    let began = World::elapsed(koohook.world());
    koohook.world().pass(MINUTE);
    let report =
        run(Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run()).unwrap();
    assert_eq!((report.usage.batches, report.usage.unfinished), (5, true));
    let took = World::elapsed(koohook.world()) - began - MINUTE;
    assert!(took <= Duration::from_secs(50), "{took:?}");
}

fn with_product() -> Vec<(&'static str, &'static str)> {
    let product = [
        ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
        ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
        ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
    ];
    [&SETTINGS[..], &product].concat()
}

fn buy(koohook: &Sending) {
    for order in 0..20 {
        let (order, line) = (format!("CS{order}"), format!("CS{order}-1"));
        let members = [
            ("activity", "newInstance"),
            ("businessId", "made-up-business"),
            ("orderId", order.as_str()),
            ("orderLineId", line.as_str()),
        ];
        run(koohook.v2(&members));
    }
}

#[test]
fn a_dead_marketplace_delays_no_notice_and_a_dead_product_no_usage() {
    for is_product_dead in [false, true] {
        let (koohook, _, marketplace) = with_settings(5, &with_product());
        buy(&koohook);
        let there = marketplace.clone();
        World::web(koohook.world()).answer(move |request| {
            let is_product = request.uri().host() == Some("product.example.com");
            match (is_product, is_product_dead) {
                (true, true) | (false, false) => Err(Unanswered::Refused),
                (true, false) => Ok(Response::new(Bytes::from_static(b"{}"))),
                (false, true) => there.receive(&request),
            }
        });
        let report = relay_after(&koohook, MINUTE);
        if is_product_dead {
            assert!(report.stopped);
            assert_eq!((report.delivered, report.usage.sent), (0, 5));
        } else {
            assert!(!report.stopped);
            assert_eq!((report.delivered, report.usage.waiting), (20, 5));
        }
    }
}

/// While a slow marketplace keeps the run busy, notices become due again. They do not wait for its end.
#[test]
fn a_slow_marketplace_delays_no_notice_that_becomes_due_meanwhile() {
    let (koohook, ids, marketplace) = with_settings(5, &with_product());
    marketplace.with(|it| it.rules_mut().max_records = 1);
    buy(&koohook);
    let (there, hosts) = (marketplace.clone(), Arc::new(Mutex::new(Vec::new())));
    let called = Arc::clone(&hosts);
    World::web(koohook.world()).answer_after(move |request| {
        let is_product = request.uri().host() == Some("product.example.com");
        let mut called = called.lock().unwrap();
        called.push(is_product);
        let notices = called.iter().filter(|is_product| **is_product).count();
        match is_product {
            false => (Duration::from_secs(9), there.receive(&request)),
            true if notices <= 20 => {
                (Duration::ZERO, Ok(Response::builder().status(500).body(Bytes::new()).unwrap()))
            }
            true => (Duration::ZERO, Ok(Response::new(Bytes::from_static(b"{}")))),
        }
    });
    let report = relay_after(&koohook, MINUTE);
    assert_eq!((report.failed, report.delivered), (20, 20), "{report:?}");
    assert_eq!(count(&koohook, &ids, "sent"), report.usage.sent);
    let called = hosts.lock().unwrap();
    let [last_notice, last_batch] =
        [true, false].map(|host| called.iter().rposition(|it| *it == host).unwrap());
    assert!(last_notice < last_batch, "{called:?}");
}

#[test]
fn a_marketplace_that_does_not_answer_ends_usage_after_three_requests() {
    let (koohook, ids, _) = with_windows(4_500);
    World::web(koohook.world()).answer(|_| Err(Unanswered::TimedOut));
    let log = Log::default();
    let _kept = log.keep();
    let report = relay_after(&koohook, MINUTE);
    assert_eq!((report.usage.batches, report.usage.stopped), (3, true));
    assert_eq!(messages(&log, "WARN"), ["marketplace does not receive usage"]);
    assert_eq!(count(&koohook, &ids, "sending") + count(&koohook, &ids, "waiting"), 4_500);
}

#[test]
fn values_that_cannot_be_used_delay_no_other_usage() {
    let (koohook, _, marketplace) = with_windows(2);
    for number in 0..3_000_u64 {
        let mut version = Version([9; 16]);
        version.0[..8].copy_from_slice(&number.to_le_bytes());
        let agenda = Some((Queue::Usage, UnixMillis::new(1_000 + number)));
        let value = Value { version, bytes: b"\0no".to_vec(), agenda, ..Value::default() };
        let key = format!("usage:{number}");
        let put = koohook.store().inner().put(&key, &value, None, UnixMillis::new(FULL_HOUR));
        assert_eq!(run(put), Ok(Put::Won));
    }
    let report = relay_after(&koohook, MINUTE);
    assert_eq!((report.usage.sent, report.usage.troubled), (2, 3_000));
    assert_eq!(marketplace.requests(), 1);
    koohook.store().take_counts();
    relay_after(&koohook, Duration::from_secs(40));
    assert_eq!(koohook.store().take_counts().0, 0, "they are not read again within a minute");
}

#[test]
fn a_wrong_entry_of_the_agenda_is_corrected() {
    let (koohook, ids, _) = with_windows(1);
    relay_after(&koohook, MINUTE);
    let key =
        domain::store_keys::usage_key(&protocol::message::InstanceId::parse(&ids[0]).unwrap());
    let store = koohook.store().inner();
    let stored = run(store.get(&key, UnixMillis::new(FULL_HOUR))).unwrap().unwrap();
    let agenda = Some((Queue::Usage, UnixMillis::new(5)));
    let value =
        Value { version: Version([3; 16]), bytes: stored.bytes, agenda, ..Value::default() };
    let put = store.put(&key, &value, Some(stored.version), UnixMillis::new(FULL_HOUR));
    assert_eq!(run(put), Ok(Put::Won));
    relay_after(&koohook, MINUTE);
    let entries = store.agenda(Queue::Usage, UnixMillis::EPOCH..=UnixMillis::MAX, 9);
    let entries = run(entries).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(Some(entries[0].at), usage(&koohook, &ids[0]).due());
}

#[test]
fn the_lines_contain_no_key_signature_or_body() {
    let (koohook, _, _) = with_windows(3);
    let log = Log::default();
    let _kept = log.keep();
    relay_after(&koohook, MINUTE);
    let text = log.text();
    let batch = &lines(&log, "usage batch sent")[0];
    assert_eq!((&batch["records"], &batch["code"]), (&3.into(), &"MKT.0000".into()));
    let run = &lines(&log, "relay run finished")[0];
    assert_eq!((&run["usageSent"], &run["level"]), (&3.into(), &"INFO".into()));
    for secret in [tests::call::BASE_KEY, "usage_records", "metering_sn", "signature"] {
        assert!(!text.contains(secret), "{secret}");
    }
}
