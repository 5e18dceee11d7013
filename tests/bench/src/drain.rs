//! Measures how fast the relay drains a store after a weekend: the product was down for 62 hours, and
//! every attempt failed. Now all notices are due, and the product answers each after 1 ms.
//!
//! - `backlog`: fills a store with the notices. `slow_product`: the product, in a process of its own.
//! - `purchases`: answers purchases before the drain, for comparison.
//! - `relay_process`: the relay as in `koohook serve`, in a process of its own. At the same time this
//!   process answers purchases, to show what they lose to the drain.
//!
//! The store's server, the product and the relay share the processors of this machine.

mod backlog;
mod purchases;
mod relay_process;
mod slow_product;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

pub use self::relay_process::relay;
use self::slow_product::SlowProduct;
pub use self::slow_product::serve;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget};

/// The least notices a second over SQLite and over Redis.
const LEAST: [f64; 2] = [5_000.0, 10_000.0];
/// The most milliseconds of a callback (decision G2).
const MOST_MILLIS: f64 = 4_000.0;
/// By how much the memory of the relay's process may grow, in KiB.
const MOST_GROWTH: u64 = 64 * 1_024;

/// Measures over SQLite, and over Redis if it runs.
pub fn measure(program: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = format!("sqlite:{}", folder.path().join("drain.db").display());
    let redis = std::env::var("KOOHOOK_TEST_REDIS");
    let redis = redis.map(|address| format!("{address}?prefix=bench-drain")).ok();
    let stores = [("SQLite", Some(file)), ("Redis", redis)];
    for ((name, store), least) in stores.into_iter().zip(LEAST) {
        match store {
            Some(store) => measure_over(program, name, &store, least, pace, table)?,
            None => eprintln!("!! SKIPPED drain over {name}: tests/bench/run starts one"),
        }
    }
    Ok(())
}

fn measure_over(
    program: &Path,
    name: &str,
    store: &str,
    least: f64,
    pace: &Pace,
    table: &mut FigureTable,
) -> Result<()> {
    eprintln!("  {} notices in {name}", pace.drained);
    let began = Instant::now();
    let entities = backlog::fill(store, pace.drained)?;
    let written = float(entities)? / began.elapsed().as_secs_f64();
    let purchases = purchases::a_second(store, PURCHASES)?;
    let figure = format!("purchases a second over {name} / values written a second");
    table.add(&figure, [purchases, written], purchases / written, NONE);
    let product = SlowProduct::start(program)?;
    let drained = drain(program, store, &product, pace.drained)?;
    let number = |name: &str| drained.get(name).and_then(Value::as_f64).ok_or("a count is missing");
    let (delivered, seconds) = (number("delivered")?, number("seconds")?);
    let (received, different) = product.counts()?;
    let calls = number("calls")?;
    if received != different || float(received)? < delivered {
        return Err(
            format!("the product received {received}, {different} different: {drained}").into()
        );
    }
    let rate = delivered / seconds;
    let figure =
        format!("{} notices of {entities} entities drained, {name}, notices/s", pace.drained);
    table.add(&figure, [rate, least], rate / least, FigureTarget::AtLeast(least));
    let trips = number("operations")? / delivered;
    table.add(
        "  round trips to the store / three for each notice",
        [trips, 3.0],
        trips / 3.0,
        NONE,
    );
    let figure = "  p99 / median of the callbacks during the drain, ms";
    let times = [number("p99")?, number("p50")?];
    table.add(figure, times, times[0] / times[1], FigureTarget::AtMost(MOST_MILLIS));
    let worst = [number("worst")?, calls];
    table.add("  longest callback, ms / callbacks", worst, worst[0] / worst[1], NONE);
    let kib = |name: &str| drained.get(name).and_then(Value::as_u64).ok_or("a size is missing");
    table.growth("  peak memory / before, KiB", kib("peak")?, kib("before")?, MOST_GROWTH);
    Ok(())
}

/// Runs the relay until nothing is left. Returns its counts.
fn drain(program: &Path, store: &str, product: &SlowProduct, notices: usize) -> Result<Value> {
    let address = format!("http://{}/", product.address);
    let drained = Command::new(program)
        .args(["drain", store, &address, &notices.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    let last = drained.stderr.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
    serde_json::from_slice(last.unwrap_or_default()).map_err(|_| {
        format!("the drain failed: {}", String::from_utf8_lossy(&drained.stderr)).into()
    })
}

fn float(count: usize) -> Result<f64> {
    Ok(f64::from(u32::try_from(count)?))
}

/// The purchases before the drain.
const PURCHASES: usize = 5_000;
const NONE: FigureTarget = FigureTarget::None;
