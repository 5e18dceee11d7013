//! What koohook costs: each figure beside the least that could do its work, both measured in the
//! same run. `tests/bench/run` builds what is needed and starts this.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints its progress and its table"
)]

mod calls;
mod function;
mod host;
mod instructions;
mod interleavings;
mod kit;
mod product;
mod stores;
mod table;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use calls::{purchase, refresh};
use instructions::ORDER;
use table::Table;
use tests::world::NOW;

/// Whatever goes wrong ends the run.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long to measure.
struct Pace {
    /// Rounds of load on each host, and of a simulation.
    rounds: usize,
    /// Milliseconds of load in a round.
    round_millis: u64,
    /// Starts of each function.
    starts: usize,
    /// Calls to one function whose memory is watched.
    calls: usize,
    /// Lives in a round of a simulation, of four deliveries each.
    lives: usize,
    /// Notices that the relay delivers.
    relayed: usize,
    /// Calls that are counted instruction by instruction; twice as many in a second run.
    counted: u32,
}

const FULL: Pace = Pace {
    rounds: 15,
    round_millis: 2_000,
    starts: 50,
    calls: 1_000,
    lives: 10_000,
    relayed: 5_000,
    counted: 2_000,
};

const QUICK: Pace = Pace {
    rounds: 3,
    round_millis: 500,
    starts: 10,
    calls: 1_000,
    lives: 2_000,
    relayed: 1_000,
    counted: 200,
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let program = std::env::current_exe()?;
    match arguments.as_slice() {
        [] => measure(&program, &FULL),
        ["--quick"] => measure(&program, &QUICK),
        // What instructions::measure asks of a process of its own.
        ["renewals", times] => instructions::calls(refresh(ORDER, NOW), times.parse()?),
        ["repeats", times] => instructions::calls(purchase(ORDER, NOW), times.parse()?),
        ["signatures", times] => instructions::signatures(refresh(ORDER, NOW), times.parse()?),
        _ => Err("wants nothing or --quick".into()),
    }
}

fn measure(program: &Path, pace: &Pace) -> Result<()> {
    let beside = |name: &str| program.with_file_name(name);
    let [receive, constant] = ["receive", "constant-host"].map(beside);
    let [function, hello, empty] = ["new-instance", "hello-function", "empty-function"].map(beside);
    let mut table = Table::default();
    eprintln!("throughput: {} rounds on each host", pace.rounds);
    host::measure(&receive, &constant, pace, &mut table)?;
    eprintln!("instructions: {} calls and twice as many", pace.counted);
    instructions::measure(program, pace, &mut table)?;
    eprintln!("start: {} of each function", pace.starts);
    function::measure_start(&function, &hello, pace, &mut table)?;
    let stores = stores(program);
    measure_sizes(&stores, &empty, &mut table)?;
    stores::measure_start(&stores, pace, &mut table)?;
    eprintln!("memory: {} calls", pace.calls);
    function::measure_memory(&function, pace, &mut table)?;
    eprintln!("simulation: {} rounds", pace.rounds);
    interleavings::measure(pace, &mut table)?;
    eprintln!("kit: {} rounds of 10,000 departments", pace.rounds);
    kit::measure(pace, &mut table)?;
    eprintln!("redis: {} rounds", pace.rounds);
    stores::measure(&receive, pace, &mut table)?;
    eprintln!("product: one that never answers, and {} notices", pace.relayed);
    product::measure(&receive, &mut table)?;
    product::measure_relay(&constant, pace, &mut table)?;
    println!("{table}");
    Ok(())
}

/// The same function, built with each of the stores.
fn stores(program: &Path) -> Vec<(String, PathBuf)> {
    let built = |store: &str| program.with_file_name(format!("new-instance-{store}"));
    let stores = ["memory", "sqlite", "redis", "dynamodb"];
    let stores = stores.into_iter().map(|store| (store.to_owned(), built(store)));
    stores.filter(|(_, program)| program.exists()).collect()
}

fn measure_sizes(ours: &[(String, PathBuf)], empty: &Path, table: &mut Table) -> Result<()> {
    let kib = |path: &Path| Ok::<_, std::io::Error>(std::fs::metadata(path)?.len() / 1_024);
    for (store, program) in ours {
        let figure = format!("size of new-instance, {store} / empty function, KiB");
        table.growth(&figure, kib(program)?, kib(empty)?, 600);
    }
    Ok(())
}

/// The time of day.
fn now_millis() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_millis())?)
}
