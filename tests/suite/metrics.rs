//! Metrics (decision I3): what is counted, that the pages, the dashboard and the alerts name what exists,
//! and that no text of a call is in them.

mod counted;
mod emf;
mod endpoint;
mod keys;
mod named;

use std::time::Duration;

use shell::relay::Relay;
use shell::store::Store;
use tests::call::{Bundled, Koohook, koohook, run};
use tests::test_store::TestStore;

const METRICS: (&str, &str) = ("KOOHOOK_METRICS", "prometheus");

/// A koohook that gives metrics to Prometheus, with these further settings.
fn with_metrics(settings: &[(&str, &str)]) -> Bundled {
    koohook(&[settings, &[METRICS]].concat())
}

/// The metrics as Prometheus reads them.
fn text<S: Store>(koohook: &Koohook<S>) -> String {
    koohook.endpoint.context().metrics_text().expect("metrics are on")
}

/// The value of a metric with its labels; `None` if it is absent.
fn value(text: &str, metric: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
    line.map(|value| value.parse().expect("a value is a number"))
}

fn relay(koohook: &Koohook<TestStore>) {
    let _ = run(Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run());
}

fn buy(koohook: &Bundled, order: &str) -> String {
    let line = format!("{order}-1");
    let members = [
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("orderId", order),
        ("orderLineId", &line),
    ];
    run(koohook.v2(&members)).code
}
