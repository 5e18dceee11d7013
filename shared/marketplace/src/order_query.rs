//! Asking the marketplace what was ordered: V2's calls name an order and say nothing of it
//! (guide 2.0, page "querying an order"; decision E7).
//!
//! What stands here makes the request and reads the answer; who sends it, and when, is not the
//! core's. A [`Gate`] says when not to.

mod details;
mod gate;
mod host;
mod outcome;

use std::fmt;

use crate::message::{OrderId, OrderLineId, Scene};
use crate::notice::{Notice, NoticeType};
use crate::signature::sdk::{self, Credentials, Outgoing};
use crate::time::UnixMillis;

pub use details::{MAX_DETAILS_LEN, OrderDetails, OrderFacts};
pub use gate::Gate;
pub use host::{Host, HostUnfit};
pub use outcome::{Outcome, Reason};

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
pub struct Request {
    /// `GET`.
    pub method: &'static str,
    /// All of it, with the query.
    pub url: String,
    /// Lower-case names and their values. `host` is among them, since it is signed: it must go
    /// out as it stands here.
    pub headers: [(&'static str, String); 4],
}

impl OrderQuery {
    /// What to ask before this notice is offered, if anything: under V2 a purchase, an upgrade,
    /// a refresh of two scenes and one that names a product (decision E7).
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing is asked unless it is said here")]
    pub fn of_notice(notice: &Notice) -> Option<Self> {
        let text = |name| {
            let text = notice.data.get(name).and_then(|value| value.as_str());
            text.filter(|text| !text.trim().is_empty())
        };
        let asks = match notice.kind {
            NoticeType::Created | NoticeType::Upgraded => true,
            NoticeType::Renewed => {
                text("productId").is_some() || text("scene").is_some_and(is_change)
            }
            _ => false,
        };
        if !asks || notice.data.contains_key(MEMBER) {
            return None;
        }
        // V1's calls name no line, and carry their product themselves.
        let order_line_id = Some(OrderLineId::parse(text("orderLineId")?).ok()?);
        Some(Self { order_id: OrderId::parse(text("orderId")?).ok()?, order_line_id })
    }

    /// The request to a host, signed now; to another host it has to be signed anew.
    pub fn request(&self, host: &Host, credentials: &Credentials, now: UnixMillis) -> Request {
        let line = self.order_line_id.as_ref().map(|id| ("orderLineId", id.as_str()));
        let query: Vec<_> = [("orderId", self.order_id.as_str())].into_iter().chain(line).collect();
        let outgoing = Outgoing {
            method: METHOD,
            path: PATH,
            query: &query,
            headers: &[("host", host.authority())],
            body: b"",
        };
        let signed = outgoing.sign(credentials, now);
        Request {
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
    pub fn read(&self, status: u16, body: &[u8]) -> Outcome {
        outcome::read(status, body, self.order_line_id.as_ref())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever reads the headers can ask the same again for a quarter of an hour.
        formatter.debug_struct("Request").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Whether a refresh of this scene changes what is served, and not only until when.
fn is_change(scene: &str) -> bool {
    [Scene::RenewalChange, Scene::TrialToFormal].iter().any(|change| change.as_str() == scene)
}

/// The notice's member that holds the answer. A notice with it was asked for already.
pub const MEMBER: &str = "orderDetails";

const METHOD: &str = "GET";

/// The guide's path, on every host.
const PATH: &str = "/api/mkp-openapi-public/global/v1/order/query";
