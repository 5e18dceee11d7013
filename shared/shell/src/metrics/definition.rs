//! The name, the labels and the meaning of each metric. `docs/metrics.md` has the same table, and a test
//! compares the two.

/// One metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MetricDefinition {
    /// Its name for Prometheus and CloudWatch.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: MetricKind,
    /// Its labels. Each has few possible values.
    pub labels: &'static [&'static str],
    /// The labels that are dimensions in CloudWatch, where each combination of values costs money.
    /// `None` if CloudWatch does not get the metric.
    pub dimensions: Option<&'static [&'static str]>,
    /// What it counts.
    pub help: &'static str,
}

/// The kind of a metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MetricKind {
    /// A count that only grows.
    Counter,
    /// A value at the moment.
    Gauge,
    /// A duration in seconds, with its distribution.
    Histogram,
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    dimensions: &'static [&'static str],
    help: &'static str,
) -> MetricDefinition {
    let (kind, dimensions) = (MetricKind::Counter, Some(dimensions));
    MetricDefinition { name, kind, labels, dimensions, help }
}

const fn histogram(
    name: &'static str,
    labels: &'static [&'static str],
    dimensions: &'static [&'static str],
    help: &'static str,
) -> MetricDefinition {
    let (kind, dimensions) = (MetricKind::Histogram, Some(dimensions));
    MetricDefinition { name, kind, labels, dimensions, help }
}

/// A value of the store.
const fn store_gauge(name: &'static str, help: &'static str) -> MetricDefinition {
    const NONE: &[&str] = &[];
    MetricDefinition { name, kind: MetricKind::Gauge, labels: NONE, dimensions: Some(NONE), help }
}

/// A value of this process, which CloudWatch does not get: Lambda runs many processes at once.
const fn process_gauge(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> MetricDefinition {
    MetricDefinition { name, kind: MetricKind::Gauge, labels, dimensions: None, help }
}

pub(super) const CALLS: MetricDefinition = counter(
    "koohook_calls_total",
    &["function", "contract", "activity", "code", "outcome"],
    &["function", "outcome"],
    "Callbacks that were answered.",
);
pub(super) const CALL_SECONDS: MetricDefinition = histogram(
    "koohook_call_duration_seconds",
    &["function", "contract", "activity"],
    &["function"],
    "Time from the receipt of a callback to its answer.",
);
pub(super) const REJECTIONS: MetricDefinition = counter(
    "koohook_rejections_total",
    &["contract", "reason"],
    &["reason"],
    "Callbacks that were not verified, by reason.",
);
pub(super) const FAILURES: MetricDefinition = counter(
    "koohook_failures_total",
    &["source", "reason"],
    &["source", "reason"],
    "Work that failed on koohook's side, by reason.",
);
pub(super) const KEYS: MetricDefinition = counter(
    "koohook_key_matches_total",
    &["key", "match"],
    &["key", "match"],
    "Uses of each key: the current one, or the one before it.",
);
pub(super) const PRODUCT_CALLS: MetricDefinition = counter(
    "koohook_product_calls_total",
    &["call", "status"],
    &["call", "status"],
    "Calls of the product that were answered, by HTTP status.",
);
pub(super) const NOTICES: MetricDefinition = counter(
    "koohook_notices_total",
    &["type", "outcome"],
    &["outcome"],
    "Notices that were offered to the product or given up, by outcome.",
);
pub(super) const PRODUCT_SECONDS: MetricDefinition = histogram(
    "koohook_product_duration_seconds",
    &[],
    &[],
    "Time from the offer of a notice to the product's answer, or to its absence.",
);
pub(super) const STORE_SECONDS: MetricDefinition = histogram(
    "koohook_store_duration_seconds",
    &["operation"],
    &["operation"],
    "Time of one operation of the store.",
);
pub(super) const STORE_FAILURES: MetricDefinition = counter(
    "koohook_store_failures_total",
    &["operation"],
    &["operation"],
    "Operations of the store without an answer in time.",
);
pub(super) const ORDER_QUERIES: MetricDefinition = counter(
    "koohook_order_queries_total",
    &["outcome"],
    &["outcome"],
    "Order queries to the marketplace, by outcome.",
);
pub(super) const RUNS: MetricDefinition =
    counter("koohook_relay_runs_total", &["end"], &["end"], "Runs of the relay, by their end.");
pub(super) const RUN_SECONDS: MetricDefinition =
    histogram("koohook_relay_run_duration_seconds", &[], &[], "Time of one run of the relay.");
pub(super) const ABANDONED: MetricDefinition = counter(
    "koohook_purchases_abandoned_total",
    &[],
    &[],
    "Purchases that the relay abandoned, because the marketplace refunded them.",
);
pub(super) const USAGE_REPORTED: MetricDefinition = counter(
    "koohook_usage_reported_total",
    &["status"],
    &["status"],
    "Usage windows that the product reported, by the status in koohook's answer.",
);
pub(super) const USAGE_SENT: MetricDefinition = counter(
    "koohook_usage_sent_total",
    &["outcome"],
    &["outcome"],
    "Usage records that were sent to the marketplace, late or dropped, by outcome.",
);
pub(super) const LAST_RUN: MetricDefinition = process_gauge(
    "koohook_relay_last_run_timestamp_seconds",
    &[],
    "When a run of the relay last ended without a failure, in seconds since 1970.",
);
pub(super) const DUE: MetricDefinition = store_gauge(
    "koohook_store_due",
    "Entities with work for the relay that is due now, counted to 10000.",
);
pub(super) const DUE_AGE: MetricDefinition =
    store_gauge("koohook_store_due_oldest_seconds", "How long the oldest of them has been due.");
pub(super) const WAITING: MetricDefinition = store_gauge(
    "koohook_store_waiting",
    "Entities with work for the relay, due now or later, counted to 10000.",
);
pub(super) const DEAD: MetricDefinition =
    store_gauge("koohook_store_dead", "Entities with dead letters, counted to 10000.");
pub(super) const DEAD_AGE: MetricDefinition = store_gauge(
    "koohook_store_dead_oldest_seconds",
    "How long ago the oldest dead letter was given up.",
);
pub(super) const PENDING: MetricDefinition = store_gauge(
    "koohook_purchases_pending",
    "Purchases that wait for access data, counted to 10000.",
);
pub(super) const PENDING_AGE: MetricDefinition = store_gauge(
    "koohook_purchases_pending_oldest_seconds",
    "How long the oldest of them has waited since its last change.",
);
pub(super) const USAGE: MetricDefinition = store_gauge(
    "koohook_usage_waiting",
    "Instances whose usage is to be sent within an hour, counted to 10000.",
);
pub(super) const USAGE_AGE: MetricDefinition = store_gauge(
    "koohook_usage_oldest_seconds",
    "How long ago the oldest window ended that the relay could not send, or how late the relay is.",
);
pub(super) const FIGURES_READ: MetricDefinition = process_gauge(
    "koohook_store_figures_timestamp_seconds",
    &[],
    "When this process's relay last read these figures of the store, in seconds since 1970.",
);
pub(super) const REHEARSAL_AGE: MetricDefinition = process_gauge(
    "koohook_rehearsal_age_seconds",
    &["contract"],
    "Time since this process's last rehearsal that was answered with success.",
);
pub(super) const READINESS: MetricDefinition = process_gauge(
    "koohook_readiness",
    &["state"],
    "1 for the state that the last probe of this process found, 0 for the others.",
);
pub(super) const LOG_LINES: MetricDefinition = counter(
    "koohook_log_lines_total",
    &["level"],
    &["level"],
    "Lines that this process logged at WARN and ERROR.",
);
pub(super) const BUILD: MetricDefinition =
    process_gauge("koohook_build_info", &["version"], "1, with the version of koohook.");

/// All metrics.
pub const DEFINITIONS: [MetricDefinition; 31] = [
    CALLS,
    CALL_SECONDS,
    REJECTIONS,
    FAILURES,
    KEYS,
    PRODUCT_CALLS,
    NOTICES,
    PRODUCT_SECONDS,
    STORE_SECONDS,
    STORE_FAILURES,
    ORDER_QUERIES,
    RUNS,
    RUN_SECONDS,
    LAST_RUN,
    ABANDONED,
    USAGE_REPORTED,
    USAGE_SENT,
    DUE,
    DUE_AGE,
    WAITING,
    DEAD,
    DEAD_AGE,
    PENDING,
    PENDING_AGE,
    USAGE,
    USAGE_AGE,
    FIGURES_READ,
    REHEARSAL_AGE,
    READINESS,
    LOG_LINES,
    BUILD,
];
