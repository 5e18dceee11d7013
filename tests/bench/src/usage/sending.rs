//! Sends many windows to a marketplace on loopback, in a process of its own. The baseline reads and
//! writes the same bytes in the store, as often as sending must.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::marketplace::LoopbackMarketplace;
use super::stored::{context, instance_id, open, rewrite, write_instances, write_windows};
use crate::clock::now_millis;
use crate::lists;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget};

/// The windows of an instance.
const WINDOWS: usize = 100;
/// The most records of a request.
const A_REQUEST: usize = 1_000;
/// The store's operations for one value: it is read and written before and after the request.
const OPERATIONS: usize = 4;
/// The most seconds for all windows that 1,000 instances with 100 windows have: two runs.
const MOST_SECONDS: f64 = 120.0;
/// By how much the memory of a process may grow, in KiB.
const MOST_GROWTH: u64 = 64 * 1_024;

/// Measures over a store.
pub fn measure(
    program: &Path,
    name: &str,
    store: &str,
    pace: &Pace,
    table: &mut FigureTable,
) -> Result<()> {
    let (windows, instances) = (pace.windows, pace.windows / WINDOWS);
    fill(store, instances)?;
    let (marketplace, address) = LoopbackMarketplace::listen((0..instances).map(lists::id))?;
    let sent =
        Command::new(program).args(["send-usage", store, &format!("http://{address}")]).output()?;
    let sent: Value = serde_json::from_slice(&sent.stdout)
        .map_err(|_| format!("sending failed: {}", String::from_utf8_lossy(&sent.stderr)))?;
    let number = |name: &str| sent.get(name).and_then(Value::as_f64).ok_or("a count is missing");
    let (requests, received, busy) = marketplace.totals()?;
    let (all, received) = (float(windows)?, float(received)?);
    if (received - number("sent")?).abs() > 0.5 {
        return Err(format!("the marketplace received {received} records: {sent}").into());
    }
    let seconds = number("seconds")? - busy.as_secs_f64();
    let bare = bare_seconds(store, instances)?;
    let figure = format!("{windows} records sent, {name} / bare store, s");
    table.add(&figure, [seconds, bare], seconds / bare, FigureTarget::AtMost(MOST_SECONDS));
    // What a run takes and cannot send any more waits for five minutes.
    let waiting = all - received;
    table.add("  of them wait for a later run", [waiting, all], waiting / all, FigureTarget::None);
    let [requests, least] = [float(requests)?, float(windows.div_ceil(A_REQUEST))?];
    let target = FigureTarget::RatioAtMost(1.1);
    table.add("  requests / the fewest possible", [requests, least], requests / least, target);
    let [operations, least] = [number("operations")?, float(OPERATIONS * instances)?];
    let target = FigureTarget::RatioAtMost(1.3);
    let figure = "  round trips to the store / four for each instance";
    table.add(figure, [operations, least], operations / least, target);
    let kib = |name: &str| sent.get(name).and_then(Value::as_u64).ok_or("a size is missing");
    table.growth("  peak memory / before, KiB", kib("peak")?, kib("before")?, MOST_GROWTH);
    Ok(())
}

fn fill(store: &str, instances: usize) -> Result<()> {
    eprintln!("  {} windows in {}", instances * WINDOWS, store.split(':').next().unwrap_or(store));
    let end = now_millis()? / 3_600_000 * 3_600_000;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let context = context(&open(store).await?, &[]);
        write_instances(&context, instances).await?;
        write_windows(&context, instances, WINDOWS, end).await
    })
}

/// The seconds of two reads and writes of every value.
fn bare_seconds(store: &str, instances: usize) -> Result<f64> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let context = context(&open(store).await?, &[]);
        let ids: Vec<_> = (0..instances).map(instance_id).collect::<Result<_>>()?;
        Ok(rewrite(&context, &ids).await? + rewrite(&context, &ids).await?)
    })
}

fn float(count: usize) -> Result<f64> {
    Ok(f64::from(u32::try_from(count)?))
}
