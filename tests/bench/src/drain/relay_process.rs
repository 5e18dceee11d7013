//! The process that drains the store. The relay runs here as in `koohook serve`, and purchases are
//! answered at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use shell::context::Context;
use shell::endpoint::callbacks::CallbackEndpoint;
use shell::host::{MachineWorld, start_log};
use shell::relay::Relay;
use shell::store::StoreSetting;
use tests::call::{APP_INFO, WITH_PRODUCT, config};

use crate::calls::purchase;
use crate::clock::now_millis;
use crate::counted_store::CountedStore;
use crate::outcome::Result;
use crate::peak_memory::peak_kib;
use crate::stores::SEAL_KEY;

type Bundle = CallbackEndpoint<MachineWorld<CountedStore>>;

/// The time of a run, as in `koohook serve`.
const RUN: Duration = Duration::from_mins(1);
/// The pause between two runs, as there.
const REST: Duration = Duration::from_secs(1);
/// The pause between two purchases.
const BETWEEN_CALLS: Duration = Duration::from_millis(50);

/// Drains a store to a product. Writes its log to the standard output, and one line of JSON to the
/// standard error.
pub fn relay(store: &str, product: &str, notices: usize) -> Result<()> {
    start_log("info");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let line = runtime.block_on(drain(store, product, notices))?;
    eprintln!("{line}");
    Ok(())
}

async fn drain(store: &str, product: &str, notices: usize) -> Result<Value> {
    let store = CountedStore::new(StoreSetting::parse(store)?.open(false).await?);
    let relaying = bundle(store.clone(), product)?;
    let calling = bundle(store.counted_apart(), product)?;
    let before = peak_kib()?;
    let is_over = Arc::new(AtomicBool::new(false));
    let calls = tokio::spawn(call(calling, Arc::clone(&is_over)));
    let context = Arc::clone(relaying.context());
    let runs = tokio::spawn(async move { run_all(&context, notices).await });
    let (delivered, runs, seconds) = runs.await??;
    is_over.store(true, Ordering::Relaxed);
    let mut millis = calls.await?;
    millis.sort_by(f64::total_cmp);
    let percentile = |percent: usize| {
        let last = millis.len().saturating_sub(1);
        millis.get(last * percent / 100).copied().unwrap_or(f64::NAN)
    };
    Ok(json!({
        "delivered": delivered, "runs": runs, "seconds": seconds,
        "operations": store.operations(), "before": before, "peak": peak_kib()?,
        "calls": millis.len(), "p50": percentile(50), "p99": percentile(99),
        "worst": percentile(100),
    }))
}

fn bundle(store: CountedStore, product: &str) -> Result<Bundle> {
    let more = [
        ("KOOHOOK_PRODUCT_URL", product),
        ("KOOHOOK_APP_INFO", APP_INFO),
        ("KOOHOOK_SEAL_KEY", SEAL_KEY),
    ];
    let config = config(&[&WITH_PRODUCT[..], &more].concat());
    let context = Arc::new(Context::new(config.context, MachineWorld::new(store)));
    Ok(CallbackEndpoint::new(config.endpoint, &functions::BASE, context)?)
}

/// Runs the relay until all notices are delivered. Returns their count, the runs and the seconds.
async fn run_all(
    context: &Context<MachineWorld<CountedStore>>,
    notices: usize,
) -> std::result::Result<(usize, usize, f64), String> {
    let (began, mut delivered, mut runs) = (Instant::now(), 0, 0);
    loop {
        let report = Relay::new(context, RUN).run().await.map_err(|fault| fault.to_string())?;
        delivered += report.delivered;
        runs += 1;
        if delivered >= notices {
            return Ok((delivered, runs, began.elapsed().as_secs_f64()));
        }
        if report.delivered == 0 {
            return Err(format!("{delivered} of {notices} delivered: {report:?}"));
        }
        if !report.unfinished {
            tokio::time::sleep(REST).await;
        }
    }
}

/// Answers purchases until the drain is over. Returns the milliseconds of each.
async fn call(bundle: Bundle, is_over: Arc<AtomicBool>) -> Vec<f64> {
    let mut millis = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let now = now_millis().unwrap_or_default();
        let request = purchase(&format!("CS{now}D{}", millis.len()), now);
        let began = Instant::now();
        bundle.answer(request.map(Bytes::from)).await;
        millis.push(began.elapsed().as_secs_f64() * 1_000.0);
        tokio::time::sleep(BETWEEN_CALLS).await;
    }
    millis
}
