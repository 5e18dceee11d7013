//! Metrics: numbers for Prometheus or Amazon CloudWatch (decision I3). They contain no ID, name, key or
//! text of a call.
//!
//! - `setting`: where the metrics of a process go.
//! - `definition`: the name, the labels and the meaning of each metric. `instruments`: the metrics in the
//!   registry of the library.
//! - `recording`: what the steps of a call and the relay record. `words`: the values of labels.
//! - `gauges`: what is computed when the metrics are read. `emf`: CloudWatch's lines.

mod definition;
mod emf;
mod gauges;
mod instruments;
mod recording;
mod setting;
mod words;

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use prometheus::TextEncoder;

pub use self::definition::{DEFINITIONS, MetricDefinition, MetricKind};
use self::emf::EmfState;
pub(crate) use self::gauges::GaugeValues;
use self::instruments::Instruments;
pub(crate) use self::recording::{CalledBack, StoreStep};
pub use self::setting::{MetricsListen, MetricsSetting};

/// The metrics of a process, or nothing if they are off.
pub struct Metrics(Option<Box<ActiveMetrics>>);

/// Metrics that are on.
struct ActiveMetrics {
    instruments: Instruments,
    /// When this process last answered a rehearsal of a contract with success, in milliseconds of the
    /// process's time plus one. Zero: never.
    rehearsed: [AtomicU64; 2],
    /// What the lines for CloudWatch have contained.
    emf: EmfState,
    /// Held while the metrics are read: two readers at once would count the same lines of the log.
    reading: Mutex<()>,
}

impl Metrics {
    /// The metrics of a setting.
    pub fn new(setting: &MetricsSetting) -> Self {
        let keeps_times = matches!(setting, MetricsSetting::Emf);
        // The definitions are constant, and a test makes them: this does not fail.
        let made = setting.is_on().then(|| Instruments::new(keeps_times).ok()).flatten();
        let active = made.map(|instruments| {
            let (rehearsed, emf) = (<[AtomicU64; 2]>::default(), EmfState::default());
            let reading = Mutex::default();
            let active = Box::new(ActiveMetrics { instruments, rehearsed, emf, reading });
            active.begin_counts();
            active
        });
        Self(active)
    }

    /// The metrics as Prometheus reads them. `None` if they are off.
    pub(crate) fn text(&self, values: &GaugeValues) -> Option<String> {
        let active = self.0.as_deref()?;
        let _reading = active.reading.lock().unwrap_or_else(PoisonError::into_inner);
        active.set_gauges(values);
        let families = active.instruments.registry.gather();
        // The encoder fails only for a family without metrics, and `gather` returns none.
        TextEncoder::new().encode_to_string(&families).ok()
    }

    /// The lines that CloudWatch reads: what was counted since the last time. Each ends with a line end.
    pub(crate) fn emf_lines(&self, values: &GaugeValues) -> String {
        let Some(active) = self.0.as_deref() else { return String::new() };
        let _reading = active.reading.lock().unwrap_or_else(PoisonError::into_inner);
        active.set_gauges(values);
        active.emf.lines(&active.instruments, values)
    }
}
