//! Metrics: numbers for Prometheus or Amazon CloudWatch (decision I3). They contain no ID, name, key or
//! text of a call.
//!
//! - `setting`: where the metrics of a process go.

mod setting;

pub use self::setting::{MetricsListen, MetricsSetting};
