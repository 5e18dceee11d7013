//! `test.ping`: asks whether the product is reachable and has the same secret (decision I5). It
//! belongs to no entity, and has no sequence.

use std::time::UNIX_EPOCH;

use bytes::Bytes;
use domain::notice::Message;
use http::header::DATE;
use http::{Response, StatusCode};
use protocol::time::UnixMillis;
use serde_json::json;

use super::advice::{advice, advice_on_status};
use super::webhook_request::webhook_request;
use crate::context::Product;
use crate::time_limits::RELAY_ATTEMPT;
use crate::web::Unanswered;
use crate::world::{Web, World};

/// The product's answer to `test.ping`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PingAnswer {
    /// Whether the product accepted it; else what is wrong, and what to do.
    pub outcome: Result<(), String>,
    /// The time in the answer's header `Date`, if there is one.
    pub date: Option<UnixMillis>,
}

/// Sends `test.ping` once. Any status from 200 to 299 accepts it; the body does not matter.
pub async fn ping<W: World>(world: &W, product: &Product) -> PingAnswer {
    let now = world.now();
    let id = format!("ping_{}", hex(world.random()));
    let body = json!({ "type": "test.ping", "timestamp": now.to_rfc3339(), "data": {} });
    let message = Message { id, body: body.to_string().into_bytes() };
    let Some(request) = webhook_request(product, message, now) else {
        return unanswered(Unanswered::NotReached);
    };
    let sent = world.within(RELAY_ATTEMPT, world.product_web().send(request)).await;
    match sent.unwrap_or(Err(Unanswered::TimedOut)) {
        Ok(response) => answered(&response),
        Err(fault) => unanswered(fault),
    }
}

fn unanswered(fault: Unanswered) -> PingAnswer {
    let outcome = Err(format!("product did not answer: {fault}; {}", advice(fault)));
    PingAnswer { outcome, date: None }
}

fn answered(response: &Response<Bytes>) -> PingAnswer {
    let date = response.headers().get(DATE).and_then(|value| value.to_str().ok());
    let date = date.and_then(|text| httpdate::parse_http_date(text).ok());
    let date = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok());
    let status = response.status();
    let outcome = if status.is_success() {
        Ok(())
    } else {
        let code = status.as_u16();
        let advice = if status == StatusCode::GONE { GONE } else { advice_on_status(code) };
        Err(format!("product answered {code} to test.ping; {advice}"))
    };
    PingAnswer { outcome, date: date.map(|date| UnixMillis::EPOCH.after(date)) }
}

fn hex(bytes: [u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A notice that is answered 410 becomes a dead letter.
const GONE: &str = "correct the product: it must answer 204 to types that it does not know";
