//! AWS Lambda behind an HTTP API (payload 2.0) or a function URL: both keep the raw query string.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Uri};
use lambda_http::{Body, RequestExt};
use marketplace::page::Bundle;

use super::Error;
use crate::door::Door;
use crate::world::World;

/// Serves a door until Lambda ends the process.
///
/// # Errors
/// Where Lambda's runtime gives up.
pub async fn serve<B: Bundle, W: World>(door: Arc<Door<B, W>>) -> Result<(), Error> {
    let service = lambda_http::service_fn(move |request| {
        let door = Arc::clone(&door);
        async move { Ok::<_, lambda_http::Error>(answer(&door, request).await) }
    });
    lambda_http::run(service).await.map_err(|fault| Error::Lambda(fault.to_string()))
}

/// Answers one event that `lambda_http` made a request of.
pub async fn answer<B: Bundle, W: World>(
    door: &Door<B, W>,
    request: Request<Body>,
) -> Response<Body> {
    let response = door.answer(as_received(request).map(into_bytes)).await;
    // Every answer is ASCII (decision B9), so that it travels as text and not as base64.
    response.map(|body| match String::from_utf8(body.to_vec()) {
        Ok(text) => Body::Text(text),
        Err(_) => Body::Binary(body.to_vec()),
    })
}

/// The request under the path that arrived: the library's own URI is resolved and re-encoded,
/// so that `/x/../saasproduce` would be the door. The query it keeps byte for byte.
fn as_received(mut request: Request<Body>) -> Request<Body> {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let target = format!("{}{query}", request.raw_http_path());
    // A path that is none by HTTP's grammar leads nowhere.
    *request.uri_mut() = target.parse().unwrap_or_else(|_| Uri::from_static("/404"));
    request
}

fn into_bytes(body: Body) -> Bytes {
    match body {
        Body::Empty => Bytes::new(),
        Body::Text(text) => Bytes::from(text),
        Body::Binary(bytes) => Bytes::from(bytes),
        _ => Bytes::new(),
    }
}
