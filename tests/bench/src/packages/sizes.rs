//! The sizes of the packaged programs.

use std::path::Path;

use super::platform::PackagePlatform;
use crate::outcome::Result;
use crate::table::{FigureTable, FigureTarget};

/// The sizes of an earlier commit.
const BEFORE: &str = include_str!("../../sizes-before.txt");
/// How much larger a program may be than before, in KiB.
const MOST_GROWTH: u64 = 250;

/// Adds the size of a program beside that of the hello function, and beside its size before, if the
/// platform's packages were measured before.
pub fn measure(
    platform: PackagePlatform,
    name: &str,
    [program, hello]: [&Path; 2],
    table: &mut FigureTable,
) -> Result<()> {
    let (size, hello) = (bytes(program)?, bytes(hello)?);
    let sides = [kib(size)?, kib(hello)?];
    let [ours, baseline] = sides;
    table.add("  size / hello, KiB", sides, ours / baseline, FigureTarget::None);
    let is_comparable = std::env::var_os("BENCH_SIZES").is_some();
    let is_comparable = is_comparable && platform == PackagePlatform::FunctionGraph;
    if let Some(before) = before(name).filter(|_| is_comparable) {
        table.growth("  size / before, KiB", size / 1_024, before / 1_024, MOST_GROWTH);
    }
    Ok(())
}

fn bytes(program: &Path) -> std::io::Result<u64> {
    Ok(std::fs::metadata(program)?.len())
}

fn kib(bytes: u64) -> Result<f64> {
    Ok(f64::from(u32::try_from(bytes / 1_024)?))
}

/// The bytes of a program before.
fn before(name: &str) -> Option<u64> {
    let rows = BEFORE.lines().filter(|line| !line.starts_with('#'));
    let mut rows = rows.filter_map(|row| row.split_once(' '));
    rows.find(|(function, _)| *function == name)?.1.trim().parse().ok()
}
