//! FunctionGraph's custom runtime. The relay needs it, because HTTP functions of FunctionGraph have
//! no timers.
//!
//! A runtime asks for the next event, works on it, and posts the result. See FunctionGraph's
//! developer guide, "creating an event function using a custom runtime".

use std::time::Duration;

use bytes::Bytes;
use domain::settings::SettingError;
use http::{HeaderValue, Request, Response};
use tokio::time::sleep;

use super::error::HostError;
use super::opening::MachineContext;
use crate::relay::{MIN_BUDGET, Relay};
use crate::web::{Unanswered, Web};
use crate::world::World;

/// Runs the relay for every event. The content of the event does not matter.
///
/// # Errors
/// If the function's timeout is too short for a run. Otherwise it runs until the process ends.
pub async fn relay(context: &MachineContext, address: &str) -> Result<(), HostError> {
    let timeout = std::env::var("RUNTIME_TIMEOUT").ok().and_then(|text| text.parse().ok());
    let budget = timeout.map_or(TIMEOUT, Duration::from_secs).saturating_sub(MARGIN);
    if budget < MIN_BUDGET {
        let problem = "is too short for the relay; set the function's timeout to 30 s";
        return Err(SettingError::new("RUNTIME_TIMEOUT", problem).into());
    }
    loop {
        match next(context, address).await {
            Some(id) => carry_out(context, address, &id, budget).await,
            None => sleep(PAUSE).await,
        }
    }
}

/// The request ID of the next event, if there is one.
async fn next(context: &MachineContext, address: &str) -> Option<String> {
    let request = Request::get(format!("http://{address}/v1/runtime/invocation/request"));
    let response = context.world.web().send(request.body(Bytes::new()).ok()?).await.ok()?;
    let id = response.headers().get("x-cff-request-id").map(HeaderValue::to_str)?.ok()?;
    Some(id.to_owned()).filter(|_| response.status().is_success())
}

async fn carry_out(context: &MachineContext, address: &str, id: &str, budget: Duration) {
    let (outcome, body) = match Relay::new(context, budget).run().await {
        Ok(report) => ("response", report.to_json().to_string()),
        Err(fault) => {
            let error =
                serde_json::json!({ "errorType": "relay", "errorMessage": fault.to_string() });
            ("error", error.to_string())
        }
    };
    let url = format!("http://{address}/v1/runtime/invocation/{outcome}/{id}");
    let answer = post(context, &url, body).await;
    if !answer.is_ok_and(|answer| answer.status().is_success()) {
        let advice = "check the timeout of the function relay";
        tracing::warn!(advice, "platform did not accept the result of the run");
    }
}

async fn post(
    context: &MachineContext,
    address: &str,
    body: String,
) -> Result<Response<Bytes>, Unanswered> {
    let request = Request::post(address).body(Bytes::from(body));
    context.world.web().send(request.map_err(|_| Unanswered::NotReached)?).await
}

/// How long to wait before asking again, if there was no event.
const PAUSE: Duration = Duration::from_millis(50);
/// The timeout of the function if the platform does not report it: the value that our documentation
/// recommends.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The part of the timeout that is reserved for posting the result.
const MARGIN: Duration = Duration::from_millis(500);
