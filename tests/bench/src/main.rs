//! Measures what koohook costs. Each figure is compared with the smallest program that could do the
//! work, measured in the same run. `tests/bench/run` builds the programs and starts this one.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints its progress and its table"
)]

mod backup;
mod calls;
mod clock;
mod connection;
mod counted_store;
mod drain;
mod function;
mod host;
mod instructions;
mod interleavings;
mod kit;
mod lists;
mod metrics;
mod outcome;
mod pace;
mod packages;
mod peak_memory;
mod peers;
mod product;
mod reseal;
mod running_function;
mod runtime_mock;
mod stores;
mod table;
mod usage;

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
        // `instructions::measure` starts this program again with these arguments.
        ["renewals", times] => instructions::calls(refresh(ORDER, NOW), times.parse()?),
        ["repeats", times] => instructions::calls(purchase(ORDER, NOW), times.parse()?),
        ["signatures", times] => instructions::signatures(refresh(ORDER, NOW), times.parse()?),
        // `usage` starts this program again with these arguments.
        ["send-usage", store, host] => usage::send(store, host),
        // `drain` starts this program again with these arguments.
        ["drain", store, product, notices] => drain::relay(store, product, notices.parse()?),
        ["slow-product"] => drain::serve(),
        subjects => measure(&program, subjects),
    }
}

/// A part of the measurement, and what it needs.
struct Subject {
    name: &'static str,
    measure: fn(&Programs, &Pace, &mut FigureTable) -> Result<()>,
}

/// The folder of the built programs.
struct Programs(PathBuf);

const SUBJECTS: [Subject; 15] = [
    Subject { name: "throughput", measure: throughput },
    Subject { name: "metrics", measure: metrics_cost },
    Subject { name: "instructions", measure: counted },
    Subject { name: "functions", measure: function_costs },
    Subject {
        name: "packages",
        measure: |programs, pace, table| packages::measure(&programs.0, pace, table),
    },
    Subject { name: "simulation", measure: |_, pace, table| interleavings::measure(pace, table) },
    Subject { name: "kit", measure: |_, pace, table| kit::measure(pace, table) },
    Subject { name: "redis", measure: over_redis },
    Subject {
        name: "peers",
        measure: |programs, pace, table| peers::measure(&programs.path("receive"), pace, table),
    },
    Subject { name: "lists", measure: operators_lists },
    Subject {
        name: "backup",
        measure: |programs, pace, table| backup::measure(&programs.path("koohook"), pace, table),
    },
    Subject { name: "product", measure: with_product },
    Subject {
        name: "usage",
        measure: |programs, pace, table| usage::measure(&programs.0, pace, table),
    },
    Subject {
        name: "reseal",
        measure: |programs, pace, table| reseal::measure(&programs.path("koohook"), pace, table),
    },
    Subject {
        name: "drain",
        measure: |programs, pace, table| drain::measure(&programs.0, pace, table),
    },
];

/// Measures the subjects with these names, or all of them.
fn measure(program: &Path, arguments: &[&str]) -> Result<()> {
    let is_quick = arguments.contains(&"--quick");
    let names: Vec<_> = arguments.iter().filter(|name| **name != "--quick").collect();
    let known = |name: &str| SUBJECTS.iter().any(|subject| subject.name == name);
    if !names.iter().all(|name| known(name)) {
        return Err("unknown argument; see tests/bench/run --help".into());
    }
    let pace = if is_quick { &QUICK } else { &FULL };
    let programs = Programs(program.to_owned());
    let mut table = FigureTable::default();
    for Subject { name, measure } in SUBJECTS {
        if names.is_empty() || names.iter().any(|wanted| **wanted == name) {
            eprintln!("{name}");
            measure(&programs, pace, &mut table)?;
        }
    }
    println!("{table}");
    Ok(())
}

impl Programs {
    fn path(&self, name: &str) -> PathBuf {
        self.0.with_file_name(name)
    }
}

fn throughput(programs: &Programs, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    host::measure(&programs.path("receive"), &programs.path("constant-host"), pace, table)
}

fn metrics_cost(programs: &Programs, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    metrics::measure(&programs.path("receive"), pace, table)
}

fn counted(programs: &Programs, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    instructions::measure(&programs.0, pace, table)
}

/// The start, the size and the memory of a function.
fn function_costs(programs: &Programs, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let function = programs.path("new-instance");
    function::measure_start(&function, &programs.path("hello-function"), pace, table)?;
    let stores = stores(&programs.0);
    measure_sizes(&stores, &programs.path("empty-function"), table)?;
    stores::measure_start(&stores, pace, table)?;
    function::measure_memory(&function, pace, table)
}

fn over_redis(programs: &Programs, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    stores::measure(&programs.path("receive"), pace, table)
}

fn operators_lists(programs: &Programs, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    lists::measure(&programs.path("koohook"), pace, table)
}

fn with_product(programs: &Programs, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    product::measure(&programs.path("receive"), table)?;
    product::measure_relay(&programs.path("constant-host"), pace, table)
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
