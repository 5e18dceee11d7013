//! Many concurrent purchases: koohook sends one order query at a time until its key has worked
//! (decision E7).

use std::time::Duration;

use protocol::message::OrderId;
use protocol::order_query::OrderQuery;
use serde_json::Value;
use shell::order_lookup::AskLimits;
use shell::relay::Relay;
use tests::call::{Bundled, run, run_paused};

use super::{BUSY, FOUND, KEY_REFUSED, Outside, asking, relay};

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

/// A wait for a turn is not an attempt. Each purchase is queried once, and its notice has the order
/// details.
#[test]
fn every_notice_of_a_burst_has_the_order_details_if_answers_are_slow() {
    for seconds in [1, 4, 9] {
        let koohook = asking(false);
        bought(&koohook, 40);
        let outside =
            Outside::around_after(&koohook, Duration::from_secs(seconds), |_| Some(FOUND));
        for _ in 0..60 {
            relay(&koohook);
            koohook.world().pass(Duration::from_secs(1));
        }
        let notices = outside.notices();
        assert_eq!((notices.len(), outside.asked()), (40, 40), "{seconds} s an answer");
        let found =
            |(_, body): &(String, Value)| body["data"]["orderDetails"]["orderType"] == "NEW";
        assert!(notices.iter().all(found));
    }
}

/// One query at a time until the key has worked, then three concurrent queries.
#[test]
fn concurrent_queries_start_only_after_the_key_has_worked() {
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

/// A purchase whose query gets no turn waits. Its notice is not sent without the order details.
#[test]
fn a_query_that_gets_no_turn_does_not_count_as_an_attempt() {
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
        assert_eq!((report.failed, outside.asked(), outside.notices().len()), (0, 0, 0));
    });
    relay(&koohook);
    assert_eq!((outside.asked(), outside.notices().len()), (2, 1));
}

/// If the marketplace is down, only notices that need an order query wait.
#[test]
fn notices_without_a_query_are_sent_while_the_marketplace_is_down() {
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
    assert_eq!(
        outside.notices().len(),
        20,
        "V1 purchases name no order line, so they need no query"
    );
}

/// The relay does not read all waiting purchases again each time that one query finishes.
#[test]
fn a_query_that_waits_for_its_turn_reads_nothing() {
    let koohook = asking(false);
    bought(&koohook, 200);
    let outside = Outside::around_after(&koohook, Duration::from_millis(200), |_| Some(FOUND));
    koohook.store().take_counts();
    run(Relay::new(koohook.endpoint.context(), Duration::from_secs(60)).run()).unwrap();
    assert_eq!((outside.asked(), outside.notices().len()), (200, 200));
    let reads = koohook.store().take_counts().0;
    assert!(reads < 5 * 200, "{reads} reads");
}
