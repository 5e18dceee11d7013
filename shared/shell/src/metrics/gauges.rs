//! What is computed when the metrics are read.

use std::sync::atomic::Ordering;
use std::time::Duration;

use protocol::signature::Contract;
use protocol::time::UnixMillis;

use super::definition as all;
use super::recording::contract;
use super::{ActiveMetrics, MetricDefinition};
use crate::logged_lines::LoggedLines;
use crate::readiness::ReadinessWord;
use crate::store_figures::StoreFigures;

/// What the gauges show.
pub(crate) struct GaugeValues {
    /// The time of day.
    pub now: UnixMillis,
    /// The time since the process's start.
    pub elapsed: Duration,
    /// What waited in the store.
    pub figures: Option<StoreFigures>,
    /// When a run of the relay last ended without a failure.
    pub relayed: Option<UnixMillis>,
    /// What the last probe found.
    pub readiness: ReadinessWord,
    /// The lines at WARN and ERROR.
    pub lines: LoggedLines,
}

/// Older figures of the store are not shown: the relay does not run.
const FRESH: Duration = Duration::from_mins(5);

impl ActiveMetrics {
    /// Sets the gauges. A gauge without a value is absent.
    pub(super) fn set_gauges(&self, values: &GaugeValues) {
        self.set(&all::BUILD, &[env!("CARGO_PKG_VERSION")], Some(1.0));
        self.set(&all::LAST_RUN, &[], values.relayed.map(seconds));
        for word in ReadinessWord::ALL {
            let is_current = word == values.readiness;
            self.set(&all::READINESS, &[word.as_str()], Some(if is_current { 1.0 } else { 0.0 }));
        }
        for (of, at) in [Contract::V1, Contract::V2].into_iter().zip(&self.rehearsed) {
            let at = at.load(Ordering::Relaxed).checked_sub(1).map(Duration::from_millis);
            let age = at.map(|at| values.elapsed.saturating_sub(at).as_secs_f64());
            self.set(&all::REHEARSAL_AGE, &[contract(of)], age);
        }
        let lines = &self.instruments.log_lines;
        for (level, count) in [("warn", values.lines.warn), ("error", values.lines.error)] {
            let counter = lines.with_label_values(&[level]);
            counter.inc_by(count.saturating_sub(counter.get()));
        }
        self.set_figures(values);
    }

    fn set_figures(&self, values: &GaugeValues) {
        let now = values.now;
        self.set(&all::FIGURES_READ, &[], values.figures.map(|it| seconds(it.read_at)));
        let fresh = values.figures.filter(|it| now.since(it.read_at) <= FRESH);
        let count = |of: fn(StoreFigures) -> usize| fresh.map(|it| number(of(it)));
        let age = |of: fn(StoreFigures, UnixMillis) -> Duration| {
            fresh.map(|it| of(it, now).as_secs_f64())
        };
        self.set(&all::DUE, &[], count(|it| it.due.count));
        self.set(&all::DUE_AGE, &[], age(|it, now| it.due.age(now)));
        self.set(&all::WAITING, &[], count(|it| it.waiting.count));
        self.set(&all::DEAD, &[], count(|it| it.dead.count));
        self.set(&all::DEAD_AGE, &[], age(|it, now| it.dead.age(now)));
        self.set(&all::PENDING, &[], count(|it| it.pending.count));
        self.set(&all::PENDING_AGE, &[], age(|it, now| it.pending.age(now)));
        self.set(&all::USAGE, &[], count(|it| it.usage.count));
        self.set(&all::USAGE_AGE, &[], age(|it, now| it.usage.age(now)));
    }

    fn set(&self, definition: &MetricDefinition, labels: &[&str], value: Option<f64>) {
        let Some(gauge) = self.instruments.gauges.get(definition.name) else { return };
        match value {
            Some(value) => gauge.with_label_values(labels).set(value),
            // A gauge that has no value yet cannot be removed, and is absent anyway.
            None => drop(gauge.remove_label_values(labels)),
        }
    }
}

fn seconds(at: UnixMillis) -> f64 {
    Duration::from_millis(at.millis()).as_secs_f64()
}

/// A count of at most 10,000.
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
