//! A signed request to the product (Standard Webhooks).

use bytes::Bytes;
use domain::notice::Message;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use protocol::time::UnixMillis;

use crate::context::Product;

/// Signs a message. `None` if the message's ID is not a header value.
pub(super) fn webhook_request(
    product: &Product,
    message: Message,
    now: UnixMillis,
) -> Option<Request<Bytes>> {
    let Message { id, body } = message;
    let seconds = now.millis() / 1_000;
    let signature = product.secrets.sign(&id, seconds, &body);
    let request = Request::builder()
        .method(Method::POST)
        .uri(product.address.clone())
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signature)
        .body(Bytes::from(body));
    request.ok()
}
