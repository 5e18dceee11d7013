//! AWS Lambda behind an HTTP API (payload 2.0) or a function URL: both keep the raw query string.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use lambda_http::Body;
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
    lambda_http::run(service)
        .await
        .map_err(|fault| Error::Lambda(fault.to_string()))
}

/// Answers one event that `lambda_http` made a request of.
pub async fn answer<B: Bundle, W: World>(
    door: &Door<B, W>,
    request: Request<Body>,
) -> Response<Body> {
    let response = door.answer(request.map(into_bytes)).await;
    // Every answer is ASCII (decision B9), so that it travels as text and not as base64.
    response.map(|body| match String::from_utf8(body.to_vec()) {
        Ok(text) => Body::Text(text),
        Err(_) => Body::Binary(body.to_vec()),
    })
}

fn into_bytes(body: Body) -> Bytes {
    match body {
        Body::Empty => Bytes::new(),
        Body::Text(text) => Bytes::from(text),
        Body::Binary(bytes) => Bytes::from(bytes),
        _ => Bytes::new(),
    }
}
