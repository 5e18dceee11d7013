//! AWS Lambda behind an HTTP API (payload 2.0) or a function URL: both keep the raw query string.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use lambda_http::request::RequestContext;
use lambda_http::{Body, LambdaEvent, RequestExt, lambda_runtime};
use serde::de::IgnoredAny;

use super::error::HostError;
use super::opening::MachineContext;
use super::origin::{origin, serving_process};
use super::rejected_request::{RequestLine, log_rejected};
use crate::call_origin::{CallOrigin, ServingProcess};
use crate::endpoint::Endpoint;
use crate::relay::Relay;
use crate::world::World;

/// Serves an endpoint until Lambda ends the process.
///
/// # Errors
/// If Lambda's runtime fails.
pub async fn serve<F: Endpoint>(
    endpoint: Arc<F>,
    context: Arc<MachineContext>,
) -> Result<(), HostError> {
    let process = serving_process();
    let service = lambda_http::service_fn(move |request| {
        let (endpoint, process) = (Arc::clone(&endpoint), Arc::clone(&process));
        let context = Arc::clone(&context);
        async move {
            let response = answer(&*endpoint, &process, request).await;
            write_metrics(&context);
            Ok::<_, lambda_http::Error>(response)
        }
    });
    lambda_http::run(service).await.map_err(|fault| HostError::Lambda(fault.to_string()))
}

/// Answers one event, which `lambda_http` has turned into a request.
pub async fn answer<F: Endpoint>(
    endpoint: &F,
    process: &Arc<ServingProcess>,
    request: Request<Body>,
) -> Response<Body> {
    let origin = Arc::new(origin_of(process, &request));
    let mut request = as_received(request).map(into_bytes);
    request.extensions_mut().insert(Arc::clone(&origin));
    let line = RequestLine { method: request.method().clone(), uri: request.uri().clone() };
    let response = endpoint.answer(request).await;
    log_rejected(&origin, &line, &response);
    // Every answer is ASCII (decision B9), so Lambda can send it as text, not as base64.
    response.map(|body| match String::from_utf8(body.to_vec()) {
        Ok(text) => Body::Text(text),
        Err(_) => Body::Binary(body.to_vec()),
    })
}

/// Runs the relay for every event of the schedule. The content of the event does not matter.
///
/// # Errors
/// If Lambda's runtime fails.
pub async fn relay(context: Arc<MachineContext>) -> Result<(), HostError> {
    let service = lambda_http::service_fn(move |event: LambdaEvent<IgnoredAny>| {
        let context = Arc::clone(&context);
        async move {
            let deadline = event.context.deadline;
            let left = Duration::from_millis(deadline.saturating_sub(context.world.now().millis()));
            let report = Relay::new(&context, left.saturating_sub(MARGIN)).run().await;
            write_metrics(&context);
            Ok::<_, lambda_http::Error>(report?.to_json())
        }
    });
    lambda_runtime::run(service).await.map_err(|fault| HostError::Lambda(fault.to_string()))
}

/// Writes what was counted in this event. Lambda freezes the process after the answer.
fn write_metrics(context: &MachineContext) {
    let lines = context.emf_lines();
    if !lines.is_empty() {
        // If the log cannot be written, there is no other place to report it.
        let _ = std::io::stdout().lock().write_all(lines.as_bytes());
    }
}

/// The request with the path as received. The library resolves and re-encodes the path, so that
/// `/x/../saasproduce` would reach the endpoint. It does not change the query.
fn as_received(mut request: Request<Body>) -> Request<Body> {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let target = format!("{}{query}", request.raw_http_path());
    // A path that is not valid in HTTP is answered as not found.
    *request.uri_mut() = target.parse().unwrap_or_else(|_| Uri::from_static("/404"));
    request
}

/// The request ID of Lambda, and the caller's address as API Gateway gives it.
fn origin_of(process: &Arc<ServingProcess>, request: &Request<Body>) -> CallOrigin {
    let id = request.lambda_context_ref().map(|context| context.request_id.as_str());
    let address = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
        _ => None,
    };
    origin(process, id, address.and_then(|address| address.parse().ok()))
}

fn into_bytes(body: Body) -> Bytes {
    match body {
        Body::Empty => Bytes::new(),
        Body::Text(text) => Bytes::from(text),
        Body::Binary(bytes) => Bytes::from(bytes),
        _ => Bytes::new(),
    }
}

/// The part of Lambda's timeout that is reserved for the end of the run.
const MARGIN: Duration = Duration::from_secs(1);
