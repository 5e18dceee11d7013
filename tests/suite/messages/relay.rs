//! Messages of the relay.

use std::ops::RangeInclusive;
use std::time::Duration;

use protocol::time::UnixMillis;
use shell::relay::Relay;
use shell::store::memory::Memory;
use shell::store::{Entry, Queue, Store, Unavailable};
use tests::call::{Koohook, PENDING, WITH_PRODUCT, koohook, run};
use tests::forward;
use tests::log::Log;
use tests::product::{Mood, ScriptedProduct};

use super::stores::logged;

/// A store whose agenda of unused parts cannot be read.
#[derive(Default)]
struct NoSweep(Memory);

impl Store for NoSweep {
    forward!(0: get, put, catalogue);

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        match queue {
            Queue::Sweep => Err(Unavailable),
            _ => self.0.agenda(queue, span, limit).await,
        }
    }
}

fn relay<S: Store>(koohook: &Koohook<S>) {
    run(Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run()).unwrap();
}

#[test]
fn an_agenda_of_unused_parts_that_cannot_be_read_is_a_warning() {
    let koohook = Koohook::over(NoSweep::default(), &PENDING);
    let log = Log::default();
    let _kept = log.keep();
    relay(&koohook);
    assert!(logged(&log).contains(&("WARN", "agenda cannot be read").into()), "{}", log.text());
}

/// V1 refunds after three hours: the operator must compare the order with the console.
#[test]
fn an_abandoned_purchase_is_one_error_with_its_order() {
    let relayed = [&WITH_PRODUCT[..], &[("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0")]].concat();
    let koohook = koohook(&relayed);
    ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(503, ""));
    let members = [
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("customerId", "made-up-customer"),
        ("orderId", "CS1"),
        ("productId", "OFFI-made-up"),
    ];
    assert_eq!(run(koohook.v1(&members)).code, "000004");
    let log = Log::default();
    let _kept = log.keep();
    for _ in 0..10 {
        koohook.world().pass(Duration::from_mins(61));
        relay(&koohook);
    }
    let text = log.text();
    let lines: Vec<_> = text.lines().filter(|it| it.contains("purchase abandoned")).collect();
    let [line] = lines.as_slice() else { panic!("{text}") };
    for part in [r#""level":"ERROR""#, r#""orderId":"CS1""#, r#""outcome":"abandoned""#] {
        assert!(line.contains(part), "{part}: {line}");
    }
}
