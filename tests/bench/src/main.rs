//! Measures what koohook costs. Each figure is compared with the smallest program that could do the
//! work, measured in the same run. `tests/bench/run` builds the programs and starts this one.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints its progress and its table"
)]

mod calls;
mod clock;
mod function;
mod host;
mod instructions;
mod interleavings;
mod kit;
mod lists;
mod outcome;
mod pace;
mod product;
mod runtime_mock;
mod stores;
mod table;

use std::path::{Path, PathBuf};

use calls::{purchase, refresh};
use instructions::ORDER;
use outcome::Result;
use pace::{FULL, Pace, QUICK};
use table::FigureTable;
use tests::world::NOW;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let program = std::env::current_exe()?;
    match arguments.as_slice() {
        [] => measure(&program, &FULL),
        ["--quick"] => measure(&program, &QUICK),
        // `instructions::measure` starts this program again with these arguments.
        ["renewals", times] => instructions::calls(refresh(ORDER, NOW), times.parse()?),
        ["repeats", times] => instructions::calls(purchase(ORDER, NOW), times.parse()?),
        ["signatures", times] => instructions::signatures(refresh(ORDER, NOW), times.parse()?),
        _ => Err("the arguments must be none or --quick; see tests/bench/run --help".into()),
    }
}

fn measure(program: &Path, pace: &Pace) -> Result<()> {
    let in_same_folder = |name: &str| program.with_file_name(name);
    let [receive, constant] = ["receive", "constant-host"].map(in_same_folder);
    let [function, hello, empty] =
        ["new-instance", "hello-function", "empty-function"].map(in_same_folder);
    let mut table = FigureTable::default();
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
    eprintln!("lists: {} instances in each store", pace.instances);
    lists::measure(&in_same_folder("koohook"), pace, &mut table)?;
    eprintln!("product: one that never answers, and {} notices", pace.relayed);
    product::measure(&receive, &mut table)?;
    product::measure_relay(&constant, pace, &mut table)?;
    println!("{table}");
    Ok(())
}

/// One function, built with each of the stores.
fn stores(program: &Path) -> Vec<(String, PathBuf)> {
    let built = |store: &str| program.with_file_name(format!("new-instance-{store}"));
    let stores = ["memory", "sqlite", "redis", "dynamodb"];
    let stores = stores.into_iter().map(|store| (store.to_owned(), built(store)));
    stores.filter(|(_, program)| program.exists()).collect()
}

fn measure_sizes(
    programs: &[(String, PathBuf)],
    empty: &Path,
    table: &mut FigureTable,
) -> Result<()> {
    let kib = |path: &Path| Ok::<_, std::io::Error>(std::fs::metadata(path)?.len() / 1_024);
    for (store, program) in programs {
        let figure = format!("size of new-instance, {store} / empty function, KiB");
        table.growth(&figure, kib(program)?, kib(empty)?, 600);
    }
    Ok(())
}
