//! Values that this process cannot use stay on the agenda, and do not delay other values.

use std::time::Duration;

use protocol::time::UnixMillis;
use shell::relay::{Relay, RelayReport};
use shell::seal::{Clear, Seal, SealKey};
use shell::store::{Put, Queue, Store, Value, Version};
use tests::call::{Bundled, WITH_PRODUCT, koohook, run};
use tests::log::Log;
use tests::product::{READY, ScriptedProduct};
use tests::world::NOW;

const MINUTE: Duration = Duration::from_mins(1);

fn relayed() -> Bundled {
    koohook(&[&WITH_PRODUCT[..], &[("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0")]].concat())
}

fn buy(koohook: &Bundled, order: &str) {
    let line = format!("{order}-1");
    let members = [
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("orderId", order),
        ("orderLineId", line.as_str()),
    ];
    assert_eq!(run(koohook.v2(&members)).code, "000004");
}

fn relay(koohook: &Bundled) -> RelayReport {
    run(Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run()).unwrap()
}

/// Puts values that cannot be decrypted before all others on the agenda. Several have the same
/// time.
fn fill(koohook: &Bundled, count: u64, bytes: &dyn Fn(&str) -> Vec<u8>) {
    for number in 0..count {
        let key = format!("instance:{number}");
        let at = UnixMillis::new(NOW - 1_000_000 + number / 3);
        let mut version = Version([7; 16]);
        version.0[..8].copy_from_slice(&number.to_le_bytes());
        let agenda = Some((Queue::Due, at));
        let value = Value { version, bytes: bytes(&key), agenda, ..Value::default() };
        let put = koohook.store().inner().put(&key, &value, None, UnixMillis::new(NOW));
        assert_eq!(run(put), Ok(Put::Won));
    }
}

fn sealed(key: &str) -> Vec<u8> {
    let other = SealKey::parse("CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=").unwrap();
    Seal::new(Some(&other), None, Clear::Refused).seal(key, b"{}", [7; 12]).unwrap()
}

/// The number of log lines with this level.
fn count(log: &Log, level: &str) -> usize {
    log.text().lines().filter(|line| line.contains(&format!("\"level\":\"{level}\""))).count()
}

#[test]
fn ten_thousand_values_that_cannot_be_decrypted_delay_no_notice() {
    let koohook = relayed();
    fill(&koohook, 10_000, &sealed);
    buy(&koohook, "CS1");
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    let log = Log::default();
    let kept = log.keep();
    let report = relay(&koohook);
    assert_eq!((report.delivered, report.troubled), (1, 10_000));
    assert!(!report.unfinished);
    assert_eq!((count(&log, "ERROR"), count(&log, "WARN")), (1, 1), "{}", log.text());
    assert!(log.text().contains(r#""message":"values cannot be used""#), "{}", log.text());
    drop(kept);
    let log = Log::default();
    let _kept = log.keep();
    koohook.store().take_counts();
    for second in 0..30 {
        koohook.world().pass(Duration::from_secs(1));
        buy(&koohook, &format!("CT{second}"));
        assert_eq!(relay(&koohook).troubled, 0);
        assert_eq!(product.effects().len(), second + 2, "a due notice is delivered immediately");
    }
    let (reads, _) = koohook.store().take_counts();
    assert!(reads < 1_000, "the unusable values are not read again: {reads}");
    assert_eq!(count(&log, "ERROR"), 0, "{}", log.text());
}

#[test]
fn each_unusable_value_waits_longer_each_time_and_is_logged_at_most_once_a_minute() {
    for bytes in [sealed, |_: &str| b"\0{\"schema\":9}".to_vec(), |_: &str| b"\0no".to_vec()] {
        let koohook = relayed();
        fill(&koohook, 20, &bytes);
        ScriptedProduct::of(koohook.world(), |_| READY);
        let log = Log::default();
        let _kept = log.keep();
        let mut tries = Vec::new();
        for minute in 0..200 {
            let report = relay(&koohook);
            if report.troubled > 0 {
                assert_eq!(report.troubled, 20);
                tries.push(minute);
            }
            for _ in 0..5 {
                koohook.world().pass(MINUTE / 6);
                assert_eq!(relay(&koohook).troubled, 0, "no value is read again within a minute");
            }
            koohook.world().pass(MINUTE / 6);
        }
        assert_eq!(tries.len(), 9, "{tries:?}");
        assert_eq!(count(&log, "ERROR"), tries.len());
        assert!(log.text().contains("\"count\":20"), "the line has the number of unusable values");
    }
}

#[test]
fn a_value_that_is_written_again_is_used_immediately() {
    let koohook = relayed();
    buy(&koohook, "CS1");
    let store = koohook.store().inner();
    let all = UnixMillis::EPOCH..=UnixMillis::MAX;
    let entry = run(store.agenda(Queue::Due, all, 1)).unwrap().remove(0);
    let good = run(store.get(&entry.key, UnixMillis::new(NOW))).unwrap().unwrap();
    let put = |bytes: Vec<u8>, number: u8, over, at: UnixMillis| {
        let version = Version([number; 16]);
        let value = Value { version, bytes, agenda: Some((Queue::Due, at)), ..Value::default() };
        assert_eq!(run(store.put(&entry.key, &value, Some(over), at)), Ok(Put::Won));
        version
    };
    let over = put(sealed(&entry.key), 101, good.version, entry.at);
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    assert_eq!(relay(&koohook).troubled, 1);
    assert_eq!(relay(&koohook).troubled, 0);
    koohook.world().pass(Duration::from_secs(1));
    put(good.bytes, 102, over, UnixMillis::new(koohook.world().now_millis()));
    let log = Log::default();
    let _kept = log.keep();
    assert_eq!(relay(&koohook).delivered, 1);
    assert_eq!(product.effects().len(), 1);
    assert!(log.text().contains("all values can be used again"));
}
