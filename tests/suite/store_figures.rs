//! What waits in the store, in figures: only the relay reads them, once a minute, and only if metrics
//! need them.

use std::time::Duration;

use protocol::time::UnixMillis;
use shell::relay::{Relay, RelayReport};
use shell::store::{Queue, Store, Value, Version};
use shell::store_figures::{Backlog, MOST_COUNTED, StoreFigures};
use shell::world::World;
use tests::call::{Bundled, PENDING, koohook, run};
use tests::product::{Mood, READY, ScriptedProduct};
use tests::world::NOW;

const MINUTE: Duration = Duration::from_mins(1);
const RUN: Duration = Duration::from_secs(50);

fn with_metrics() -> Bundled {
    koohook(&[&PENDING[..], &[("KOOHOOK_METRICS", "prometheus")]].concat())
}

fn buy(koohook: &Bundled, order: &str) {
    let line = format!("{order}-1");
    let members = [
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("orderId", order),
        ("orderLineId", &line),
    ];
    assert_eq!(run(koohook.v2(&members)).code, "000004");
}

fn relay(koohook: &Bundled) -> RelayReport {
    run(Relay::new(koohook.endpoint.context(), RUN).run()).unwrap()
}

fn figures(koohook: &Bundled) -> StoreFigures {
    koohook.endpoint.context().store_figures().expect("the relay has read figures")
}

const fn all(count: usize, oldest: Option<u64>) -> Backlog {
    let oldest = match oldest {
        Some(millis) => Some(UnixMillis::new(millis)),
        None => None,
    };
    Backlog { count, is_all: true, oldest }
}

#[test]
fn the_relay_reads_what_waits_in_the_store() {
    let koohook = with_metrics();
    ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(503, ""));
    assert_eq!(koohook.endpoint.context().store_figures(), None);
    relay(&koohook);
    let empty = all(0, None);
    let nothing = StoreFigures {
        read_at: UnixMillis::new(NOW),
        due: empty,
        waiting: empty,
        dead: empty,
        pending: empty,
        usage: empty,
    };
    assert_eq!(figures(&koohook), nothing);
    buy(&koohook, "CS1");
    koohook.world().pass(MINUTE);
    buy(&koohook, "CS2");
    assert_eq!(figures(&koohook), nothing, "a callback reads no figures");
    relay(&koohook);
    let StoreFigures { due, pending, waiting, .. } = figures(&koohook);
    assert_eq!((due, waiting.count), (all(2, Some(NOW)), 2), "deliveries have only begun");
    assert_eq!(pending, all(2, Some(NOW)));
    assert_eq!(pending.age(World::now(koohook.world())), MINUTE);
    // 72 hours later the notices are dead letters.
    for _ in 0..80 {
        koohook.world().pass(Duration::from_hours(1));
        relay(&koohook);
    }
    koohook.world().pass(MINUTE);
    relay(&koohook);
    let StoreFigures { dead, read_at, .. } = figures(&koohook);
    assert_eq!((dead.count, dead.is_all), (2, true));
    let age = dead.age(read_at);
    assert!(age > Duration::from_hours(5) && age < Duration::from_hours(10), "{age:?}");
}

#[test]
fn figures_are_read_once_a_minute_and_only_if_they_are_needed() {
    let koohook = with_metrics();
    ScriptedProduct::of(koohook.world(), |_| READY);
    for second in 0..180 {
        relay(&koohook);
        let minute = (NOW / 1_000 + second) / 60;
        let read = figures(&koohook).read_at.millis() / 60_000;
        assert_eq!(read, minute, "the figures of this minute");
        let first = second == 0 || (NOW / 1_000 + second).is_multiple_of(60);
        let is_new = figures(&koohook).read_at == World::now(koohook.world());
        assert_eq!(is_new, first, "{second}");
        koohook.world().pass(Duration::from_secs(1));
    }
    let without = tests::call::koohook(&PENDING);
    relay(&without);
    assert_eq!(without.endpoint.context().store_figures(), None);
}

/// A store with a slow agenda.
#[test]
fn figures_delay_no_delivery() {
    let spans = [&PENDING[..], &[&PENDING[..], &[("KOOHOOK_METRICS", "prometheus")]].concat()].map(
        |settings| {
            let koohook = tests::call::koohook(settings);
            let product = ScriptedProduct::of(koohook.world(), |_| READY);
            (0..40).for_each(|order| buy(&koohook, &format!("CS{order}")));
            let began = koohook.world().elapsed();
            koohook.world().lag(Duration::from_millis(900));
            let report = relay(&koohook);
            assert_eq!((report.delivered, product.messages().len()), (40, 40));
            koohook.world().elapsed().saturating_sub(began)
        },
    );
    assert_eq!(spans[0], spans[1]);
}

#[test]
fn a_run_does_not_wait_long_for_figures() {
    let koohook = with_metrics();
    ScriptedProduct::of(koohook.world(), |_| READY);
    koohook.world().lag(Duration::from_secs(7));
    let began = koohook.world().elapsed();
    relay(&koohook);
    let took = koohook.world().elapsed().saturating_sub(began);
    assert_eq!(
        koohook.endpoint.context().store_figures(),
        None,
        "the store did not answer in time"
    );
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[test]
fn counts_end_at_ten_thousand() {
    let koohook = with_metrics();
    let past = UnixMillis::new(NOW - 5_000);
    for number in 0..=MOST_COUNTED {
        let version = Version(u128::try_from(number + 1).unwrap().to_be_bytes());
        let agenda =
            Some((Queue::Dead, past.after(Duration::from_millis(u64::try_from(number).unwrap()))));
        let value = Value { version, bytes: vec![1], agenda, ..Value::default() };
        let key = format!("instance:{number:048}");
        run(koohook.store().put(&key, &value, None, past)).unwrap();
    }
    relay(&koohook);
    let expected = Backlog { count: MOST_COUNTED, is_all: false, oldest: Some(past) };
    assert_eq!(figures(&koohook).dead, expected);
}
