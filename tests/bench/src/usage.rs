//! Measures usage (话单): how fast reports are accepted, what sending many windows costs, and how large
//! the stored usage of an instance becomes.
//!
//! - `reports`: accepts reports. `sending`: sends windows in a process of its own; `run` is that
//!   process. `marketplace`: receives them.
//! - `sizes`: the stored value.
//! - `stored`: writes instances and windows, and repeats writes without koohook.

mod marketplace;
mod reports;
mod run;
mod sending;
mod sizes;
mod stored;

use std::path::Path;

pub use self::run::send;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::FigureTable;

/// Measures usage over SQLite, and over Redis if it runs.
pub fn measure(program: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    sizes::measure(table)?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    reports::measure("SQLite", &file("reports.db"), pace, table)?;
    sending::measure(program, "SQLite", &file("sending.db"), pace, table)?;
    let Ok(address) = std::env::var("KOOHOOK_TEST_REDIS") else {
        eprintln!("!! SKIPPED usage over Redis: tests/bench/run starts one if it is installed");
        return Ok(());
    };
    let prefixed = |prefix: &str| format!("{address}?prefix=bench-{prefix}");
    reports::measure("Redis", &prefixed("reports"), pace, table)?;
    sending::measure(program, "Redis", &prefixed("sending"), pace, table)
}
