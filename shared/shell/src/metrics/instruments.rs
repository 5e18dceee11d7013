//! The metrics in the registry of the library.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, Result};

use super::definition::{self as all, MetricDefinition};

/// All metrics.
pub(super) struct Instruments {
    pub registry: Registry,
    pub calls: IntCounterVec,
    pub call_seconds: Timing,
    pub rejections: IntCounterVec,
    pub failures: IntCounterVec,
    pub keys: IntCounterVec,
    pub product_calls: IntCounterVec,
    pub notices: IntCounterVec,
    pub product_seconds: Timing,
    pub store_seconds: Timing,
    pub store_failures: IntCounterVec,
    pub order_queries: IntCounterVec,
    pub runs: IntCounterVec,
    pub run_seconds: Timing,
    pub abandoned: IntCounterVec,
    pub usage_reported: IntCounterVec,
    pub usage_sent: IntCounterVec,
    pub log_lines: IntCounterVec,
    /// The gauges, by name.
    pub gauges: BTreeMap<&'static str, GaugeVec>,
}

/// A histogram. For CloudWatch, which computes the distribution itself, it also keeps the values.
pub(super) struct Timing {
    pub definition: MetricDefinition,
    histogram: HistogramVec,
    kept: Option<Mutex<KeptTimes>>,
}

/// The values of a histogram since they were last taken, by the values of its labels.
pub(super) type KeptTimes = BTreeMap<Vec<&'static str>, Vec<f64>>;

/// The most values of one metric in a line for CloudWatch.
const MAX_KEPT: usize = 100;
/// The limits of the buckets of a call, in seconds. The product has 2.5 s by default, koohook must answer
/// within 4 s, and the marketplace waits 5 s.
const SECONDS: [f64; 15] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 3.2, 4.0, 5.0, 15.0];
/// The limits of the buckets of a run of the relay, which lasts up to a minute.
const RUN_SECONDS: [f64; 10] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 25.0, 45.0, 60.0];

impl Instruments {
    /// Makes all metrics. `keeps_times` is whether CloudWatch reads them.
    pub fn new(keeps_times: bool) -> Result<Self> {
        let registry = Registry::new();
        let counter = |definition: &MetricDefinition| {
            let counter = IntCounterVec::new(options(definition), definition.labels)?;
            register(&registry, counter)
        };
        let timing =
            |definition, buckets: &[f64]| Timing::new(&registry, definition, buckets, keeps_times);
        Ok(Self {
            calls: counter(&all::CALLS)?,
            call_seconds: timing(all::CALL_SECONDS, &SECONDS)?,
            rejections: counter(&all::REJECTIONS)?,
            failures: counter(&all::FAILURES)?,
            keys: counter(&all::KEYS)?,
            product_calls: counter(&all::PRODUCT_CALLS)?,
            notices: counter(&all::NOTICES)?,
            product_seconds: timing(all::PRODUCT_SECONDS, &SECONDS)?,
            store_seconds: timing(all::STORE_SECONDS, &SECONDS)?,
            store_failures: counter(&all::STORE_FAILURES)?,
            order_queries: counter(&all::ORDER_QUERIES)?,
            runs: counter(&all::RUNS)?,
            run_seconds: timing(all::RUN_SECONDS, &RUN_SECONDS)?,
            abandoned: counter(&all::ABANDONED)?,
            usage_reported: counter(&all::USAGE_REPORTED)?,
            usage_sent: counter(&all::USAGE_SENT)?,
            log_lines: counter(&all::LOG_LINES)?,
            gauges: gauges(&registry)?,
            registry,
        })
    }

    /// The histograms.
    pub const fn timings(&self) -> [&Timing; 4] {
        [&self.call_seconds, &self.product_seconds, &self.store_seconds, &self.run_seconds]
    }
}

impl Timing {
    fn new(
        registry: &Registry,
        definition: MetricDefinition,
        buckets: &[f64],
        keeps_times: bool,
    ) -> Result<Self> {
        let options = HistogramOpts::from(options(&definition)).buckets(buckets.to_vec());
        let histogram = register(registry, HistogramVec::new(options, definition.labels)?)?;
        let kept = keeps_times.then(Mutex::default);
        Ok(Self { definition, histogram, kept })
    }

    /// Records a duration.
    pub fn observe(&self, labels: &[&'static str], took: Duration) {
        let seconds = took.as_secs_f64();
        self.histogram.with_label_values(labels).observe(seconds);
        if let Some(kept) = &self.kept {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let times = kept.entry(labels.to_vec()).or_default();
            if times.len() < MAX_KEPT {
                times.push(seconds);
            }
        }
    }

    /// Takes the values that were recorded since the last time.
    pub fn take(&self) -> KeptTimes {
        let kept =
            self.kept.as_ref().map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner));
        kept.map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default()
    }
}

fn gauges(registry: &Registry) -> Result<BTreeMap<&'static str, GaugeVec>> {
    let gauges = all::DEFINITIONS.iter().filter(|it| it.kind == all::MetricKind::Gauge);
    let made = gauges.map(|definition| -> Result<_> {
        let gauge = register(registry, GaugeVec::new(options(definition), definition.labels)?)?;
        Ok((definition.name, gauge))
    });
    made.collect()
}

fn options(definition: &MetricDefinition) -> Opts {
    Opts::new(definition.name, definition.help)
}

fn register<C: Clone + Collector + 'static>(registry: &Registry, metric: C) -> Result<C> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
