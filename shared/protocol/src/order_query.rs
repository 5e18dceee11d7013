//! Asking the marketplace what was ordered: V2's calls name an order and say nothing of it
//! (guide 2.0, page "querying an order"; decision E7).
//!
//! This module makes the request and reads the answer; it does not send.

mod details;
mod host;
mod outcome;

use std::fmt;

use crate::message::{OrderId, OrderLineId};
use crate::signature::sdk::{self, OpenApiCredentials, UnsignedRequest};
use crate::time::UnixMillis;

pub use details::{LINES, MAX_DETAILS_LEN, OrderDetails, PRODUCTS};
pub use host::{OpenApiHost, OpenApiHostError};
pub use outcome::{OrderQueryOutcome, OrderQueryReason};

/// One question: what is this order, and this line of it?
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OrderQuery {
    /// The order.
    pub order_id: OrderId,
    /// The line; without it, the order's only one is meant.
    pub order_line_id: Option<OrderLineId>,
}

/// A request, signed, as plain text: it is as good as sent.
#[derive(Clone, Eq, PartialEq)]
pub struct OrderQueryRequest {
    /// `GET`.
    pub method: &'static str,
    /// All of it, with the query.
    pub url: String,
    /// Lower-case names and their values. `host` is among them, since it is signed: it must go
    /// out unchanged.
    pub headers: [(&'static str, String); 4],
}

impl OrderQuery {
    /// The request to a host, signed now. A request to another host needs another signature.
    pub fn request(
        &self,
        host: &OpenApiHost,
        credentials: &OpenApiCredentials,
        now: UnixMillis,
    ) -> OrderQueryRequest {
        let line = self.order_line_id.as_ref().map(|id| ("orderLineId", id.as_str()));
        let query: Vec<_> = [("orderId", self.order_id.as_str())].into_iter().chain(line).collect();
        let outgoing = UnsignedRequest {
            method: METHOD,
            path: PATH,
            query: &query,
            headers: &[("host", host.authority())],
            body: b"",
        };
        let signed = outgoing.sign(credentials, now);
        OrderQueryRequest {
            method: METHOD,
            url: format!("{}{PATH}?{}", host.origin(), sdk::query_text(&query)),
            headers: [
                ("host", host.authority().to_owned()),
                ("content-type", "application/json; charset=UTF-8".to_owned()),
                ("x-sdk-date", signed.x_sdk_date),
                ("authorization", signed.authorization),
            ],
        }
    }

    /// Reads an answer to this question.
    pub fn read(&self, status: u16, body: &[u8]) -> OrderQueryOutcome {
        outcome::read(status, body, self.order_line_id.as_ref())
    }
}

impl fmt::Debug for OrderQueryRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With these headers, the same request can be sent again for a quarter of an hour.
        formatter.debug_struct("OrderQueryRequest").field("url", &self.url).finish_non_exhaustive()
    }
}

const METHOD: &str = "GET";

/// The guide's path, on every host.
const PATH: &str = "/api/mkp-openapi-public/global/v1/order/query";
