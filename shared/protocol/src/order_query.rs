//! Asks the marketplace for the contents of an order. A V2 call contains only the order's IDs (V2
//! guide, page "querying an order"; decision E7).
//!
//! This module builds the request and reads the answer. It does not send the request.

mod details;
mod outcome;

use std::fmt;

use crate::message::{OrderId, OrderLineId};
use crate::open_api::OpenApiHost;
use crate::signature::sdk::{self, OpenApiCredentials, UnsignedRequest};
use crate::time::UnixMillis;

pub use details::{LINES, MAX_DETAILS_LEN, OrderDetails, PRODUCTS};
pub use outcome::{OrderQueryOutcome, OrderQueryReason};

/// A query for one order and one of its lines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OrderQuery {
    /// The order.
    pub order_id: OrderId,
    /// The line. If it is absent, the order must have exactly one line.
    pub order_line_id: Option<OrderLineId>,
}

/// A signed request. Any HTTP client can send it unchanged.
#[derive(Clone, Eq, PartialEq)]
pub struct OrderQueryRequest {
    /// `GET`.
    pub method: &'static str,
    /// The whole address, with the query.
    pub url: String,
    /// Names in lower case, and values. `host` is signed, so the client must send this value
    /// unchanged.
    pub headers: [(&'static str, String); 4],
}

impl OrderQuery {
    /// Builds and signs the request to one host. Another host needs another signature.
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

    /// Reads the answer to this query.
    pub fn read(&self, status: u16, body: &[u8]) -> OrderQueryOutcome {
        outcome::read(status, body, self.order_line_id.as_ref())
    }
}

impl fmt::Debug for OrderQueryRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The gateway accepts the same headers for 15 minutes, so they must not reach a log.
        formatter.debug_struct("OrderQueryRequest").field("url", &self.url).finish_non_exhaustive()
    }
}

const METHOD: &str = "GET";

/// The guide's path. It is the same on every host.
const PATH: &str = "/api/mkp-openapi-public/global/v1/order/query";
