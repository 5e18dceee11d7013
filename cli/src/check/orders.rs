//! Checks the order query with a mock order of the marketplace.

use std::time::Duration;

use protocol::message::{OrderId, OrderLineId};
use protocol::order_query::OrderQuery;
use shell::order_lookup::{AskLimits, AskOutcome, Orders};
use shell::world::World;

use crate::findings::Finding;

/// Queries a mock order.
pub async fn check<W: World>(world: &W, orders: Option<&Orders>) -> Finding {
    let Some(orders) = orders else { return Finding::off(NOT_SET) };
    let ids = (OrderId::parse(MOCK_ORDER), OrderLineId::parse(MOCK_LINE));
    let (Ok(order_id), Ok(line)) = ids else { return Finding::failed("mock order malformed") };
    let query = OrderQuery { order_id, order_line_id: Some(line) };
    let limits = AskLimits { answer: ANSWER, turn: Duration::ZERO };
    match orders.ask(world, &query, limits).await {
        AskOutcome::Found(_) => Finding::ok("the marketplace answers with a mock order"),
        AskOutcome::Never(reason) => {
            Finding::warn(format!("the marketplace has no mock order: {reason}; {ASK}"))
        }
        AskOutcome::NotNow(reason) if reason.starts_with("key-refused") => {
            Finding::failed(format!("the marketplace rejects the access key: {reason}; {CORRECT}"))
        }
        AskOutcome::NotNow(reason) => {
            Finding::failed(format!("no answer of the marketplace: {reason}; {REACH}"))
        }
        AskOutcome::NoTurn => {
            Finding::failed("no answer of the marketplace; run this command again")
        }
    }
}

/// The marketplace's mock order of a purchase (V2 guide, page "querying an order").
const MOCK_ORDER: &str = "MOCKPERIODYEARNEW";
const MOCK_LINE: &str = "MOCKPERIODYEARNEW-000001";
const ANSWER: Duration = Duration::from_secs(10);
const NOT_SET: &str = "KOOHOOK_OPENAPI_AK is not set: V2 purchases have no order details";
const ASK: &str = "the key may still work; try a real purchase";
const CORRECT: &str = "correct KOOHOOK_OPENAPI_AK and KOOHOOK_OPENAPI_SK";
const REACH: &str = "check KOOHOOK_OPENAPI_HOST, routes and firewalls";
