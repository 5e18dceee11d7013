//! The listener from which Prometheus fetches metrics. It has its own address and connections, so that
//! neither callers nor Prometheus can delay the other.

use std::sync::Arc;

use tokio::net::TcpListener;

use super::error::HostError;
use super::http::serve_forever;
use super::opening::MachineContext;
use crate::endpoint::metrics::MetricsEndpoint;
use crate::metrics::{MetricsListen, MetricsSetting};

/// A listener for metrics, or nothing if there are none.
#[derive(Debug)]
pub struct MetricsListener(Option<(TcpListener, MetricsListen)>);

/// How many connections may be open concurrently. A Prometheus keeps one open.
const MAX_CONNECTIONS: usize = 16;

impl MetricsListener {
    /// Listens, if the setting asks for it.
    ///
    /// # Errors
    /// If the address is not free.
    pub async fn bind(setting: &MetricsSetting) -> Result<Self, HostError> {
        let MetricsSetting::Prometheus(settings) = setting else { return Ok(Self(None)) };
        let bound = TcpListener::bind(&settings.listen).await;
        let listener = bound.map_err(HostError::MetricsListen)?;
        Ok(Self(Some((listener, settings.clone()))))
    }

    /// Starts to serve the metrics of a context in the background, until the runtime ends. They are also
    /// served while the process stops, so that its last counts can be fetched.
    ///
    /// # Errors
    /// If the listener's address cannot be read.
    pub fn start(self, context: &Arc<MachineContext>) -> Result<(), HostError> {
        let Some((listener, settings)) = self.0 else { return Ok(()) };
        tracing::info!(listen = %listener.local_addr()?, "metrics listening");
        let endpoint = Arc::new(MetricsEndpoint::new(Arc::clone(context), settings.secret));
        tokio::spawn(serve_forever(endpoint, listener, MAX_CONNECTIONS));
        Ok(())
    }
}
