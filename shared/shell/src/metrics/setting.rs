//! Where the metrics of a process go.

use domain::secret::Secret;

/// Where the metrics of a process go (`KOOHOOK_METRICS`).
#[derive(Clone, Debug, Default)]
pub enum MetricsSetting {
    /// There are none.
    #[default]
    Off,
    /// Prometheus fetches them from a listener of their own.
    Prometheus(MetricsListen),
    /// Lambda's log gets them, in CloudWatch's embedded metric format.
    Emf,
}

/// Where Prometheus fetches metrics.
#[derive(Clone, Debug)]
pub struct MetricsListen {
    /// The IP address and port.
    pub listen: String,
    /// What Prometheus must send. Without it the address is on this machine alone.
    pub secret: Option<Secret>,
}

impl MetricsSetting {
    /// Whether there are metrics.
    pub const fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }
}
