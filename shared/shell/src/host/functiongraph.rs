//! FunctionGraph's custom runtime, for its timer: its HTTP functions have no timers.
//!
//! A runtime asks for the next event, works on it, and posts what came of it (FunctionGraph's
//! developer guide, "creating an event function using a custom runtime").

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

/// Delivers what is due whenever an event comes, whatever it says.
///
/// # Errors
/// If the platform gives a run less time than an attempt needs. Else it ends with its process.
pub async fn relay(context: &MachineContext, address: &str) -> Result<(), HostError> {
    let timeout = std::env::var("RUNTIME_TIMEOUT").ok().and_then(|text| text.parse().ok());
    let budget = timeout.map_or(TIMEOUT, Duration::from_secs).saturating_sub(MARGIN);
    if budget < MIN_BUDGET {
        let wants = "is too short for the relay: set the function's timeout to 30 s";
        return Err(SettingError::new("RUNTIME_TIMEOUT", wants).into());
    }
    loop {
        match next(context, address).await {
            Some(id) => carry_out(context, address, &id, budget).await,
            None => sleep(PAUSE).await,
        }
    }
}

/// The next event's name, if there is an event.
async fn next(context: &MachineContext, address: &str) -> Option<String> {
    let request = Request::get(format!("http://{address}/v1/runtime/invocation/request"));
    let response = context.world.web().send(request.body(Bytes::new()).ok()?).await.ok()?;
    let id = response.headers().get("x-cff-request-id").map(HeaderValue::to_str)?.ok()?;
    Some(id.to_owned()).filter(|_| response.status().is_success())
}

async fn carry_out(context: &MachineContext, address: &str, id: &str, budget: Duration) {
    let (outcome, body) = match Relay::new(context, budget).run().await {
        Ok(report) => {
            report.log();
            ("response", report.to_json())
        }
        Err(fault) => {
            tracing::error!(fault = %fault, "relay failed");
            let error =
                serde_json::json!({ "errorType": "relay", "errorMessage": fault.to_string() });
            ("error", error.to_string())
        }
    };
    if post(context, &format!("http://{address}/v1/runtime/invocation/{outcome}/{id}"), body)
        .await
        .is_err()
    {
        tracing::warn!("outcome not taken");
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

/// How long to wait before asking again for an event that did not come.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a run may take if the platform does not say: what our documentation tells to set.
const TIMEOUT: Duration = Duration::from_secs(30);
/// What of the platform's own time is left for posting the outcome.
const MARGIN: Duration = Duration::from_millis(500);
