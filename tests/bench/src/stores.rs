//! Measures the cost of an external store. Purchases a second over Redis are compared with the
//! script that writes them, in the same server. Also measures the first answer of a function that
//! first connects to its store.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tests::servers::{self, Server};

use crate::calls::purchase;
use crate::clock::now_millis;
use crate::connection::on_the_wire;
use crate::function;
use crate::host::{HostLoad, MeasuredHost};
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget, median, paired};

/// A made-up seal key: 32 times the letter K.
pub const SEAL_KEY: &str = "S0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0s=";
/// The script with which the store writes.
const SCRIPT: &str = include_str!("../../../shared/shell/src/store/redis/put.lua");
/// The approximate length of a stored and sealed purchase.
const VALUE_LEN: usize = 700;
/// Connections with one request in progress on each, on both sides.
const CONNECTIONS: &str = "16";

/// Measures purchases a second and their times.
pub fn measure(receive: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let Ok(address) = std::env::var("KOOHOOK_TEST_REDIS") else {
        eprintln!("!! SKIPPED stores: no Redis; tests/bench/run starts one if it is installed");
        return Ok(());
    };
    let settings = [("KOOHOOK_STORE", address.as_str()), ("KOOHOOK_SEAL_KEY", SEAL_KEY)];
    let host = MeasuredHost::start(receive, &settings)?;
    let length = Duration::from_millis(pace.round_millis);
    let (mut loads, mut bare) = (Vec::new(), Vec::new());
    for round in 0..pace.rounds {
        let mut purchases = purchases(round)?;
        loads.push(host.load(length, &mut purchases)?);
        bare.push(bare_script(&address, pace)?);
    }
    let rate = |load: &HostLoad| load.answers / load.seconds;
    let (medians, ratio) =
        paired(loads.iter().map(rate).collect(), bare.iter().map(|bare| bare.rate).collect());
    let figure = "purchases a second over Redis / only its script";
    table.add(figure, medians, ratio, FigureTarget::RatioAtLeast(0.5));
    for (figure, percent) in [("  half of them within, ms", 50), ("  99 of 100 within, ms", 99)] {
        let ours = loads.iter().map(|load| load.percentile(percent)).collect();
        let baseline = bare.iter().map(|bare| if percent == 50 { bare.p50 } else { bare.p99 });
        let (medians, ratio) = paired(ours, baseline.collect());
        table.add(figure, medians, ratio, FigureTarget::None);
    }
    Ok(())
}

/// Measures the start of a function with its connection to a store, and compares it with the memory
/// store.
pub fn measure_start(
    ours: &[(String, PathBuf)],
    pace: &Pace,
    table: &mut FigureTable,
) -> Result<()> {
    let Some((_, memory)) = ours.iter().find(|(store, _)| store == "memory") else {
        return Ok(());
    };
    let baseline = median(function::starts(memory, &[], pace)?);
    let folder = tempfile::tempdir()?;
    for (store, program) in ours {
        let setting = match store.as_str() {
            "sqlite" => Some(format!(
                "sqlite:{}?durability=any",
                folder.path().join("koohook.db").display()
            )),
            "redis" => std::env::var("KOOHOOK_TEST_REDIS").ok(),
            "dynamodb" => servers::setting(Server::Dynamodb),
            _ => None,
        };
        let Some(setting) = setting else { continue };
        let settings = [("KOOHOOK_STORE", setting.as_str()), ("KOOHOOK_SEAL_KEY", SEAL_KEY)];
        let started = median(function::starts(program, &settings, pace)?);
        let figure = format!("  start over {store} / over memory, ms");
        table.add(&figure, [started, baseline], started / baseline, FigureTarget::None);
    }
    Ok(())
}

/// New purchases, signed now.
fn purchases(round: usize) -> Result<impl Iterator<Item = Vec<u8>>> {
    let now = now_millis()?;
    let signed =
        move |number: usize| on_the_wire(&purchase(&format!("CS{now}{round:03}{number:06}"), now));
    // They are signed before the round starts. They are more than a host can answer in a round.
    Ok((0..MAX_PURCHASES).map(signed).collect::<Vec<_>>().into_iter())
}

const MAX_PURCHASES: usize = 40_000;

/// The results of `redis-benchmark` with only the script.
struct Bare {
    rate: f64,
    p50: f64,
    p99: f64,
}

fn bare_script(address: &str, pace: &Pace) -> Result<Bare> {
    let (host, port) =
        address.strip_prefix("redis://").and_then(|rest| rest.split_once(':')).ok_or("address")?;
    let loaded = Command::new("redis-cli")
        .args(["-h", host, "-p", port, "script", "load", SCRIPT])
        .output()?;
    let sha = String::from_utf8(loaded.stdout)?.trim().to_owned();
    let value = "v".repeat(VALUE_LEN);
    let requests = (pace.round_millis * 20).to_string();
    let output = Command::new("redis-benchmark")
        .args(["-h", host, "-p", port, "-c", CONNECTIONS, "-n", &requests, "-r", "100000000"])
        .args(["--csv", "evalsha", &sha, "6", "bench:{0}:kept:__rand_int__"])
        .args(["bench:{0}:agenda:due", "bench:{0}:agenda:dead", "bench:{0}:agenda:sweep"])
        .args([
            "bench:{0}:agenda:usage",
            "bench:{0}:catalogue",
            "",
            "1",
            "0123456789abcdef",
            &value,
            "",
            "",
            "",
            "",
        ])
        .args(["__rand_int__", "1795725412085", "__rand_int__", "0123456789abcdef"])
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95…","p99…","max…"
    let row = text.lines().last().ok_or("redis-benchmark prints nothing")?;
    // The first cell is the command, which may contain commas. The figures are the last seven
    // cells.
    let cells: Vec<f64> =
        row.rsplit(',').take(7).map_while(|cell| cell.trim_matches('"').parse().ok()).collect();
    match cells.as_slice() {
        [_max, p99, _p95, p50, _min, _average, rate] => {
            Ok(Bare { rate: *rate, p50: *p50, p99: *p99 })
        }
        _ => Err(format!("redis-benchmark prints an unknown row: {row:.80}").into()),
    }
}
