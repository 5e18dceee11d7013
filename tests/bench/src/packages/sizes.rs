//! The sizes of the packaged programs.

use std::path::Path;

use crate::outcome::Result;
use crate::table::{FigureTable, FigureTarget};

/// The sizes of an earlier commit.
const BEFORE: &str = include_str!("../../sizes-before.txt");
/// How much larger a program may be than before, in KiB.
const MOST_GROWTH: u64 = 250;

/// Adds the size of a program beside that of the hello function, and beside its size before.
pub fn measure(name: &str, program: &Path, hello: &Path, table: &mut FigureTable) -> Result<()> {
    let [size, hello] = [program, hello].map(bytes);
    let (size, hello) = (size?, hello?);
    let sides = [kib(size)?, kib(hello)?];
    let [ours, baseline] = sides;
    table.add("  size / hello, KiB", sides, ours / baseline, FigureTarget::None);
    let builder = std::env::var("BENCH_BUILDER").unwrap_or_default();
    if let Some(before) = before(name, &builder) {
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

/// The bytes of a program before, if it was built in the same way.
fn before(name: &str, builder: &str) -> Option<u64> {
    let mut rows = BEFORE.lines().filter(|line| !line.starts_with('#')).map(str::split_whitespace);
    let column = rows.next()?.position(|column| column == builder)?;
    rows.map(Iterator::collect::<Vec<_>>)
        .find(|row| row.first() == Some(&name))?
        .get(column)?
        .parse()
        .ok()
}
