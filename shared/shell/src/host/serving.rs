//! Serves an endpoint, or runs the relay, on the host of the platform.

use std::sync::Arc;

use domain::secret::Secret;
#[cfg(any(feature = "http", feature = "vercel"))]
use domain::settings::SettingError;

use super::error::HostError;
use super::functiongraph;
#[cfg(feature = "http")]
use super::http;
#[cfg(feature = "http")]
use super::keep_probing::start_probing;
#[cfg(feature = "lambda")]
use super::lambda;
#[cfg(any(feature = "http", feature = "vercel"))]
use super::machine::MachineWorld;
#[cfg(feature = "http")]
use super::metrics_listener::MetricsListener;
use super::opening::MachineContext;
use super::platform::Platform;
use super::start_line::{RelayHere, StartFacts};
#[cfg(feature = "vercel")]
use super::vercel;
use crate::config::Config;
use crate::endpoint::Endpoint;
#[cfg(any(feature = "http", feature = "vercel"))]
use crate::endpoint::relay::RelayEndpoint;
#[cfg(any(feature = "http", feature = "vercel"))]
use crate::store::AnyStore;

/// What the host of a platform needs beside an endpoint.
pub(super) struct Serving {
    pub platform: Platform,
    facts: StartFacts,
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only plain HTTP uses it"))]
    listen: String,
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only plain HTTP uses it"))]
    max_connections: usize,
    #[cfg_attr(
        not(any(feature = "http", feature = "vercel")),
        expect(dead_code, reason = "only a timer over HTTP sends it")
    )]
    relay_secret: Option<Secret>,
}

impl Serving {
    /// Takes its part of the settings.
    pub fn of(config: &mut Config, platform: Platform) -> Self {
        Self {
            platform,
            facts: StartFacts::of(config),
            listen: std::mem::take(&mut config.listen),
            max_connections: config.max_connections,
            relay_secret: config.relay_secret.take(),
        }
    }

    /// Serves an endpoint.
    ///
    /// # Errors
    /// If the host fails, or if the program was built for another platform.
    pub async fn serve<F: Endpoint>(
        self,
        endpoint: Arc<F>,
        context: Arc<MachineContext>,
    ) -> Result<(), HostError> {
        match &self.platform {
            #[cfg(feature = "lambda")]
            Platform::Lambda => {
                self.facts.log(&context, RelayHere::No, None);
                lambda::serve(endpoint, context).await
            }
            #[cfg(feature = "vercel")]
            Platform::Vercel => {
                self.facts.log(&context, RelayHere::No, None);
                vercel::serve(endpoint).await
            }
            #[cfg(feature = "http")]
            Platform::FunctionGraph { .. } | Platform::Machine => {
                self.serve_plainly(endpoint, context).await
            }
            #[cfg(not(all(feature = "http", feature = "lambda", feature = "vercel")))]
            other => Err(HostError::NotCompiledIn(other.feature())),
        }
    }

    /// Runs the relay whenever the platform's timer starts it.
    ///
    /// # Errors
    /// If the host fails, or if the program was built for another platform.
    pub async fn relay(self, context: Arc<MachineContext>) -> Result<(), HostError> {
        match &self.platform {
            #[cfg(feature = "lambda")]
            Platform::Lambda => lambda::relay(context).await,
            Platform::FunctionGraph { runtime: Some(address) } => {
                functiongraph::relay(&context, address).await
            }
            #[cfg(feature = "vercel")]
            Platform::Vercel => {
                let secret = vercel::relay_secret(self.relay_secret.clone())?;
                let endpoint = relay_endpoint(&context, Some(secret))?.within(vercel::RELAY_BUDGET);
                self.serve(Arc::new(endpoint), context).await
            }
            #[cfg(feature = "http")]
            Platform::FunctionGraph { runtime: None } | Platform::Machine => {
                let endpoint = relay_endpoint(&context, self.relay_secret.clone())?;
                self.serve(Arc::new(endpoint), context).await
            }
            #[cfg(not(all(feature = "http", feature = "lambda", feature = "vercel")))]
            other => Err(HostError::NotCompiledIn(other.feature())),
        }
    }

    /// Serves plain HTTP. A process that its platform may freeze does not probe itself.
    #[cfg(feature = "http")]
    async fn serve_plainly<F: Endpoint>(
        self,
        endpoint: Arc<F>,
        context: Arc<MachineContext>,
    ) -> Result<(), HostError> {
        let listener = http::bind(&self.listen).await?;
        let metrics = MetricsListener::bind(&context.settings.metrics).await?;
        if self.platform == Platform::Machine {
            start_probing(Arc::clone(&context)).await;
        }
        let listen = listener.local_addr()?.to_string();
        self.facts.log(&context, RelayHere::No, Some(&listen));
        metrics.start(&context)?;
        http::serve_on(endpoint, listener, self.max_connections).await
    }
}

/// The endpoint that an HTTP timer calls.
#[cfg(any(feature = "http", feature = "vercel"))]
fn relay_endpoint(
    context: &Arc<MachineContext>,
    secret: Option<Secret>,
) -> Result<RelayEndpoint<MachineWorld<AnyStore>>, SettingError> {
    let problem = "is required; the timer sends it to start the relay";
    let secret = secret.ok_or_else(|| SettingError::new("KOOHOOK_RELAY_SECRET", problem))?;
    Ok(RelayEndpoint::new(Arc::clone(context), secret))
}
