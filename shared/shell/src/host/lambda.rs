//! AWS Lambda behind an HTTP API (payload 2.0) or a function URL: both keep the raw query string.

mod event;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::{LambdaEvent, lambda_runtime};
use serde::de::IgnoredAny;

pub use self::event::HttpEvent;
use super::error::HostError;
use super::opening::MachineContext;
use super::origin::{origin, serving_process};
use super::rejected_request::{RequestLine, log_rejected, log_status};
use crate::call_origin::ServingProcess;
use crate::endpoint::Endpoint;
use crate::relay::Relay;
use crate::route::closed;
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
    let service = lambda_http::service_fn(move |event: LambdaEvent<HttpEvent>| {
        let (endpoint, process) = (Arc::clone(&endpoint), Arc::clone(&process));
        let context = Arc::clone(&context);
        async move {
            let response = answer(&*endpoint, &process, event).await;
            write_metrics(&context);
            Ok::<_, lambda_http::Error>(response)
        }
    });
    lambda_runtime::run(service).await.map_err(|fault| HostError::Lambda(fault.to_string()))
}

/// Answers one event.
pub async fn answer<F: Endpoint>(
    endpoint: &F,
    process: &Arc<ServingProcess>,
    event: LambdaEvent<HttpEvent>,
) -> ApiGatewayV2httpResponse {
    let (event, context) = event.into_parts();
    let origin = Arc::new(origin(process, Some(&context.request_id), event.address()));
    let mut request = match event.into_request() {
        Ok(request) => request,
        Err(status) => {
            log_status(&origin, status, None);
            return event::response(closed(status));
        }
    };
    request.extensions_mut().insert(Arc::clone(&origin));
    let line = RequestLine { method: request.method().clone(), uri: request.uri().clone() };
    let response = endpoint.answer(request).await;
    log_rejected(&origin, &line, &response);
    event::response(response)
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

/// The part of Lambda's timeout that is reserved for the end of the run.
const MARGIN: Duration = Duration::from_secs(1);
