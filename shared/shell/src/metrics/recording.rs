//! What the steps of a call and the relay record.

use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus::IntCounterVec;
use protocol::result_code::ResultCode;
use protocol::signature::{Contract, Rejection};

use super::{ActiveMetrics, Metrics, words};
use crate::failure::Failure;

/// A callback that was answered.
pub(crate) struct CalledBack {
    /// The program that answered. `None` if no host made the request.
    pub function: Option<&'static str>,
    pub contract: Contract,
    /// `None` if the call is not verified, or its activity is unknown.
    pub activity: Option<&'static str>,
    pub code: ResultCode,
    pub outcome: &'static str,
    /// Whether a rehearsal was answered with success, as the time since the process's start.
    pub rehearsed: Option<Duration>,
    pub took: Duration,
}

/// An operation of the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum StoreStep {
    Read,
    Write,
    Agenda,
}

impl StoreStep {
    const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Agenda];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Agenda => "agenda",
        }
    }
}

impl ActiveMetrics {
    /// Makes the counters exist that an alert looks at. Prometheus does not see the first count of a
    /// counter that did not exist before.
    pub(super) fn begin_counts(&self) {
        let it = &self.instruments;
        for source in words::SOURCES {
            for reason in words::FAILURES {
                it.failures.with_label_values(&[source, reason]);
            }
        }
        for step in StoreStep::ALL {
            it.store_failures.with_label_values(&[step.as_str()]);
        }
        for outcome in words::USAGE_OUTCOMES {
            it.usage_sent.with_label_values(&[outcome]);
        }
        for end in words::RUN_ENDS {
            it.runs.with_label_values(&[end]);
        }
        it.abandoned.with_label_values::<&str>(&[]);
    }
}

impl Metrics {
    fn active(&self) -> Option<&ActiveMetrics> {
        self.0.as_deref()
    }

    /// Counts a callback.
    pub(crate) fn called_back(&self, call: &CalledBack) {
        let Some(active) = self.active() else { return };
        let function = call.function.unwrap_or(words::OTHER);
        let (contract, activity) = (contract(call.contract), call.activity.unwrap_or(words::OTHER));
        let labels = [function, contract, activity, call.code.as_str(), call.outcome];
        active.instruments.calls.with_label_values(&labels).inc();
        active.instruments.call_seconds.observe(&[function, contract, activity], call.took);
        if let Some(at) = call.rehearsed {
            let [v1, v2] = &active.rehearsed;
            let of_contract = if call.contract == Contract::V1 { v1 } else { v2 };
            let millis = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
            of_contract.store(millis.saturating_add(1), Ordering::Relaxed);
        }
    }

    /// Counts a callback that was not verified.
    pub(crate) fn rejected(&self, of: Contract, rejection: Rejection) {
        self.count(
            |it| &it.instruments.rejections,
            &[contract(of), words::rejection(rejection)],
            1,
        );
    }

    /// Counts a failure on koohook's side.
    pub(crate) fn failed(&self, source: &'static str, failure: Failure) {
        self.count(|it| &it.instruments.failures, &[source, words::failure(failure)], 1);
    }

    /// Counts a use of a key.
    pub(crate) fn key_matched(&self, key: &'static str, is_current: bool) {
        self.count(|it| &it.instruments.keys, &[key, words::which(is_current)], 1);
    }

    /// Counts a call of the product that was answered.
    pub(crate) fn product_called(&self, call: &'static str, status: u16) {
        self.count(|it| &it.instruments.product_calls, &[call, words::status(status)], 1);
    }

    /// Counts a notice that was offered, or was given up.
    pub(crate) fn notice(&self, kind: &'static str, outcome: &'static str) {
        self.count(|it| &it.instruments.notices, &[kind, outcome], 1);
    }

    /// Records how long the product took.
    pub(crate) fn product_took(&self, took: Duration) {
        if let Some(active) = self.active() {
            active.instruments.product_seconds.observe(&[], took);
        }
    }

    /// Records an operation of the store.
    pub(crate) fn store_took(&self, step: StoreStep, took: Duration, has_failed: bool) {
        let Some(active) = self.active() else { return };
        active.instruments.store_seconds.observe(&[step.as_str()], took);
        if has_failed {
            active.instruments.store_failures.with_label_values(&[step.as_str()]).inc();
        }
    }

    /// Counts an order query.
    pub(crate) fn order_queried(&self, outcome: &'static str) {
        self.count(|it| &it.instruments.order_queries, &[outcome], 1);
    }

    /// Records a run of the relay.
    pub(crate) fn relayed(&self, end: &'static str, abandoned: usize, took: Duration) {
        let Some(active) = self.active() else { return };
        active.instruments.runs.with_label_values(&[end]).inc();
        active.instruments.run_seconds.observe(&[], took);
        self.count(|it| &it.instruments.abandoned, &[], abandoned);
    }

    /// Counts windows that the product reported.
    pub(crate) fn usage_reported(&self, counts: &[(&'static str, usize)]) {
        for (status, count) in counts.iter().copied() {
            self.count(|it| &it.instruments.usage_reported, &[status], count);
        }
    }

    /// Counts what became of usage records in a run.
    pub(crate) fn usage_sent(&self, counts: &[(&'static str, usize)]) {
        for (outcome, count) in counts.iter().copied() {
            self.count(|it| &it.instruments.usage_sent, &[outcome], count);
        }
    }

    fn count(
        &self,
        counter: impl Fn(&ActiveMetrics) -> &IntCounterVec,
        labels: &[&'static str],
        count: usize,
    ) {
        if let Some(active) = self.active().filter(|_| count > 0) {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            counter(active).with_label_values(labels).inc_by(count);
        }
    }
}

/// The value of the label of a contract.
pub(super) const fn contract(contract: Contract) -> &'static str {
    match contract {
        Contract::V1 => "V1",
        Contract::V2 => "V2",
    }
}
