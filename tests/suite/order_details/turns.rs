//! Many purchases at once: the order query has one caller at a time until its key has worked.

use std::time::Duration;

use protocol::message::OrderId;
use protocol::order_query::OrderQuery;
use serde_json::Value;
use shell::order_lookup::AskLimits;
use shell::relay::Relay;
use tests::call::{Bundled, run, run_paused};

use super::{BUSY, FOUND, KEY_REFUSED, Outside, asking, relay};

// A burst (decision E7).

fn bought(koohook: &Bundled, orders: usize) {
    for number in 0..orders {
        let order = format!("CS{number}");
        let line = format!("{order}-1");
        let members = [
            ("activity", "newInstance"),
            ("businessId", "made-up-business"),
            ("orderId", order.as_str()),
            ("orderLineId", line.as_str()),
        ];
        assert_eq!(run(koohook.v2(&members)).code, "000004");
    }
}

/// Waiting for a turn uses up no patience: each purchase is told with what was ordered, and asked
/// for once.
#[test]
fn a_burst_is_told_with_what_was_ordered_however_long_each_answer_takes() {
    for seconds in [1, 4, 9] {
        let koohook = asking(false);
        bought(&koohook, 40);
        let outside =
            Outside::around_after(&koohook, Duration::from_secs(seconds), |_| Some(FOUND));
        for _ in 0..60 {
            relay(&koohook);
            koohook.world().pass(Duration::from_secs(1));
        }
        let told = outside.told();
        assert_eq!((told.len(), outside.asked()), (40, 40), "{seconds} s an answer");
        let found =
            |(_, body): &(String, Value)| body["data"]["orderDetails"]["orderType"] == "NEW";
        assert!(told.iter().all(found));
    }
}

/// One at a time until the key has worked, then three at once.
#[test]
fn only_a_key_that_has_worked_is_asked_by_several_at_once() {
    let query = |number: usize| OrderQuery {
        order_id: OrderId::parse(&format!("CS{number}")).unwrap(),
        order_line_id: None,
    };
    let queries: Vec<_> = (0..12).map(query).collect();
    let limits = AskLimits { answer: Duration::from_secs(10), turn: Duration::from_secs(600) };
    for (answer, most) in [(KEY_REFUSED, 1), (BUSY, 1), (FOUND, 3)] {
        let koohook = asking(false);
        let outside = Outside::around(&koohook, move |_| Some(answer));
        let context = koohook.endpoint.context();
        let orders = context.settings.orders.as_ref().unwrap();
        let asks: Vec<_> = queries
            .iter()
            .map(|query| Box::pin(orders.ask(&context.world, query, limits)))
            .collect();
        run(futures_util::future::join_all(asks));
        assert_eq!(context.world.most_called(), most, "{answer:?}");
        assert!(outside.asked() > 2);
    }
}

/// What is not asked for lack of a turn waits, and is not told without.
#[test]
fn no_turn_is_no_postponement() {
    let koohook = asking(false);
    bought(&koohook, 1);
    let outside = Outside::around(&koohook, |_| Some(FOUND));
    let context = koohook.endpoint.context();
    let query = OrderQuery { order_id: OrderId::parse("CS9").unwrap(), order_line_id: None };
    let limits = AskLimits { answer: Duration::from_secs(10), turn: Duration::from_secs(10) };
    let question = context.settings.orders.as_ref().unwrap().ask(&context.world, &query, limits);
    run_paused(koohook.world(), 0, question, || {
        let short = Relay::new(context, Duration::from_secs(5));
        let report = run(short.run()).unwrap();
        assert_eq!((report.failed, outside.asked(), outside.told().len()), (0, 0, 0));
    });
    relay(&koohook);
    assert_eq!((outside.asked(), outside.told().len()), (2, 1));
}

/// A marketplace that is down holds nobody up but who must ask it.
#[test]
fn a_marketplace_that_is_down_does_not_end_the_products_work() {
    let koohook = asking(false);
    bought(&koohook, 20);
    for number in 0..20 {
        let order = format!("CV{number}");
        let members = [
            ("activity", "newInstance"),
            ("businessId", "made-up-business"),
            ("customerId", "made-up-customer"),
            ("orderId", order.as_str()),
            ("productId", "OFFI-made-up"),
        ];
        assert_eq!(run(koohook.v1(&members)).code, "000004");
    }
    let outside = Outside::around(&koohook, |_| None);
    relay(&koohook);
    assert_eq!(outside.told().len(), 20, "those of V1 name no line, and ask nothing");
}

/// Those who wait for a turn are not read again each time that another is done.
#[test]
fn who_waits_for_a_turn_costs_no_reads() {
    let koohook = asking(false);
    bought(&koohook, 200);
    let outside = Outside::around_after(&koohook, Duration::from_millis(200), |_| Some(FOUND));
    koohook.store().take_counts();
    run(Relay::new(koohook.endpoint.context(), Duration::from_secs(60)).run()).unwrap();
    assert_eq!((outside.asked(), outside.told().len()), (200, 200));
    let reads = koohook.store().take_counts().0;
    assert!(reads < 5 * 200, "{reads} reads");
}
