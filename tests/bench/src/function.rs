//! Measures how fast a function starts and how much memory it needs. The function is the deployed
//! binary; a mock of its runtime sends the events.

use std::path::Path;

use crate::calls::purchase;
use crate::clock::now_millis;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::running_function::RunningFunction;
use crate::table::{FigureTable, FigureTarget, paired};

/// Measures the milliseconds from the start of a process to its first answer, which is verified.
pub fn measure_start(
    program: &Path,
    hello: &Path,
    pace: &Pace,
    table: &mut FigureTable,
) -> Result<()> {
    let (mut starts, mut hellos) = (Vec::new(), Vec::new());
    for number in 0..=pace.starts {
        let call = purchase(&format!("CS{number:014}"), now_millis()?);
        let hello = RunningFunction::start(hello, &[])?.call(&call)?;
        let answer = RunningFunction::start(program, &[])?.call(&call)?;
        answer.check()?;
        // For the first pair, the binaries are on disk and not in memory, so it does not count.
        if number > 0 {
            starts.push(answer.millis);
            hellos.push(hello.millis);
        }
    }
    let (medians, ratio) = paired(starts, hellos);
    let figure = "start of new-instance / hello, ms to first answer";
    table.add(figure, medians, ratio, FigureTarget::RatioAtMost(1.3));
    Ok(())
}

/// The milliseconds from the start of a process to its first answer, over a store.
pub fn starts(program: &Path, settings: &[(&str, &str)], pace: &Pace) -> Result<Vec<f64>> {
    let mut starts = Vec::new();
    for number in 0..=pace.starts {
        let now = now_millis()?;
        let call = purchase(&format!("CS{now}S{number}"), now);
        let answer = RunningFunction::start(program, settings)?.call(&call)?;
        answer.check()?;
        if number > 0 {
            starts.push(answer.millis);
        }
    }
    Ok(starts)
}

/// Measures how much the peak memory of a process grows from the first purchase to the last.
pub fn measure_memory(program: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let function = RunningFunction::start(program, &[])?;
    let mut first = 0;
    for number in 0..pace.calls {
        let call = purchase(&format!("CS{number:014}"), now_millis()?);
        function.call(&call)?.check()?;
        if number == 0 {
            first = function.peak_kib()?;
        }
    }
    let figure = "peak memory after 1,000 calls / the first, KiB";
    table.growth(figure, function.peak_kib()?, first, 5 * 1_024);
    Ok(())
}
