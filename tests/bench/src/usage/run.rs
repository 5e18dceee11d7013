//! The process that sends windows. Nothing else runs in it, so that its peak memory is that of the
//! relay.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shell::relay::Relay;

use super::stored::{context, open};
use crate::outcome::Result;
use crate::peak_memory::peak_kib;

/// The time of a run, as in `koohook serve`.
const RUN: Duration = Duration::from_mins(1);

/// Sends everything that is due to a marketplace, in several runs if one is not enough. Prints one line
/// of JSON.
pub fn send(store: &str, host: &str) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let line = runtime.block_on(send_all(store, host))?;
    println!("{line}");
    Ok(())
}

async fn send_all(store: &str, host: &str) -> Result<Value> {
    let store = open(store).await?;
    let before = peak_kib()?;
    let (mut sent, mut runs, mut seconds) = (0, 0, Vec::new());
    loop {
        // Each process reads the agenda of usage once a minute. A new context is like a new process.
        let context = context(&store, &[("KOOHOOK_OPENAPI_HOST", host)]);
        let began = Instant::now();
        let usage = Relay::new(&context, RUN).run().await?.usage;
        if usage.sent == 0 {
            break;
        }
        seconds.push(began.elapsed().as_secs_f64());
        sent += usage.sent;
        runs += 1;
    }
    let (operations, peak) = (store.operations(), peak_kib()?);
    let seconds: f64 = seconds.iter().sum();
    Ok(json!({
        "sent": sent, "runs": runs, "seconds": seconds, "operations": operations,
        "before": before, "peak": peak,
    }))
}
