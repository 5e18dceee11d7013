//! Vercel's functions. `vercel_runtime` listens where the platform calls, and reports the end of each call.
//!
//! It writes header names in lower case, so only V2 works here. The platform's proxy frames the requests
//! and limits their headers; koohook limits their bodies, as on every host.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::secret::Secret;
use domain::settings::SettingError;
use http::{Response, StatusCode};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use vercel_runtime::{AppState, Request, ResponseBody, service_fn};

use super::arrival::{Arrival, Rest, arrive, discard};
use super::error::HostError;
use super::header_origin::Origins;
use super::platform::Platform;
use super::rejected_request::{RequestLine, log_rejected};
use crate::config::parse_relay_secret;
use crate::endpoint::Endpoint;
use crate::route::closed;
use crate::time_limits::VERCEL_RELAY;
use crate::unverified_bodies::Bodies;

/// The state that all requests share.
struct Host<F> {
    endpoint: Arc<F>,
    bodies: Arc<Bodies>,
    origins: Origins,
}

/// Serves an endpoint until the platform ends the process. Then it finishes the open requests.
///
/// # Errors
/// If koohook cannot listen where the platform calls.
pub(super) async fn serve<F: Endpoint>(endpoint: Arc<F>) -> Result<(), HostError> {
    let origins = Origins::new(Platform::Vercel);
    let process = Arc::clone(&origins.process);
    let host = Arc::new(Host { endpoint, bodies: Arc::default(), origins });
    let requests = service_fn(move |request: Request, state: AppState| {
        let host = Arc::clone(&host);
        async move { host.respond(request, state).await.map(ResponseBody::from) }
    });
    let served = vercel_runtime::run(requests).await;
    // While the process runs, the next line has this count, as on the other function platforms: a
    // task that waits for it would keep the invocation open, and cost money.
    process.unproven.write_all();
    served.map_err(|fault| HostError::Vercel(fault.to_string()))?;
    tracing::info!("stopped");
    Ok(())
}

impl<F: Endpoint> Host<F> {
    /// Answers a request. At a stop the runtime waits only for `wait_until`, and it may drop this future
    /// if the connection breaks. So the request is carried out there, and always to its end.
    async fn respond(self: Arc<Self>, mut request: Request, state: AppState) -> Response<Bytes> {
        let origin = Arc::new(self.origins.of(request.headers(), None));
        let line = RequestLine { method: request.method().clone(), uri: request.uri().clone() };
        request.extensions_mut().insert(Arc::clone(&origin));
        let (sender, answered) = oneshot::channel();
        let rest = state.clone();
        state.wait_until(async move {
            // If the caller has hung up, nobody waits for the answer.
            let _ = sender.send(self.answer(request, &rest).await);
            // The runtime writes the answer before this work ends; after it, the process may stop.
            yield_now().await;
        });
        let response = answered.await.unwrap_or_else(|_| closed(StatusCode::INTERNAL_SERVER_ERROR));
        log_rejected(&origin, &line, &response);
        response
    }

    /// Reads and answers a request. The rest of a rejected body is read after the answer, so that the
    /// platform's proxy can read the answer. Nothing else is left after an answer.
    async fn answer(&self, request: Request, state: &AppState) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        match arrive(&*self.endpoint, &self.bodies, head, body).await {
            Arrival::Whole(request) => self.endpoint.answer(request).await,
            Arrival::Rejected(response, Rest::Unread(body) | Rest::Begun(body)) => {
                state.wait_until(discard(body));
                response
            }
            Arrival::Rejected(response, Rest::Late) => response,
        }
    }
}

/// The secret of the relay: `CRON_SECRET`, whose value the platform's cron sends.
///
/// # Errors
/// If it is not set, or if `KOOHOOK_RELAY_SECRET` differs from it: then the cron could not start the
/// relay.
pub(super) fn relay_secret(setting: Option<Secret>) -> Result<Secret, SettingError> {
    secret_of(setting, std::env::var(CRON_SECRET).ok().as_deref())
}

fn secret_of(setting: Option<Secret>, cron: Option<&str>) -> Result<Secret, SettingError> {
    let absent =
        "is required, because the cron sends it; generate one with koohook keys secret relay";
    let cron = cron.ok_or_else(|| SettingError::new(CRON_SECRET, absent))?;
    let cron =
        parse_relay_secret(cron).map_err(|problem| SettingError::new(CRON_SECRET, problem))?;
    if setting.is_some_and(|setting| setting.reveal() != cron.reveal()) {
        let problem =
            "differs from KOOHOOK_RELAY_SECRET, and the cron sends CRON_SECRET; unset one of them";
        return Err(SettingError::new(CRON_SECRET, problem));
    }
    Ok(cron)
}

/// How long a run of the relay may take: its function's longest duration, but for the answer.
pub(super) const RELAY_BUDGET: Duration = VERCEL_RELAY.saturating_sub(Duration::from_secs(5));
/// The variable whose value the platform's cron sends.
const CRON_SECRET: &str = "CRON_SECRET";

#[cfg(test)]
mod tests {
    use super::*;

    fn found(setting: Option<&str>, cron: Option<&str>) -> Result<String, String> {
        let setting = setting.map(|text| Secret::new(text.to_owned()));
        let secret = secret_of(setting, cron).map_err(|error| error.to_string())?;
        Ok(secret.reveal().to_owned())
    }

    #[test]
    fn the_crons_secret_starts_the_relay() {
        let [one, other] = ["made-up-secret-of-the-cron-1", "made-up-secret-of-the-cron-2"];
        for setting in [None, Some(one)] {
            assert_eq!(found(setting, Some(one)), Ok(one.to_owned()), "{setting:?}");
            // The cron would send no secret, and each of its calls would be refused.
            assert!(found(setting, None).unwrap_err().starts_with("CRON_SECRET is required"));
        }
        let refused = found(Some(other), Some(one)).unwrap_err();
        assert!(refused.starts_with("CRON_SECRET differs") && !refused.contains(one), "{refused}");
        assert!(found(None, Some("short")).unwrap_err().starts_with("CRON_SECRET "));
    }
}
