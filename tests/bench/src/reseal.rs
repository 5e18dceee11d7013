//! Measures `koohook store reseal`: how many values it seals anew in a second, and its peak memory. The
//! baseline is the same command on a store whose values need nothing: it only reads and decrypts.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::lists;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::stores::SEAL_KEY;
use crate::table::{FigureTable, FigureTarget};

/// A made-up key: 32 times the letter N.
const NEW_KEY: &str = "Tk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk4=";
/// By how much the peak memory may exceed that of a run over a small store, in KiB.
const MOST_GROWTH: u64 = 32 * 1_024;
/// The values of the small store.
const FEW: usize = 100;

/// A run of the command.
struct ResealRun {
    /// How many values it wrote.
    written: f64,
    seconds: f64,
    peak_kib: u64,
}

/// Measures over SQLite and Redis.
pub fn measure(koohook: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    compare(koohook, "SQLite", [file("many.db"), file("few.db")], pace, table)?;
    let Ok(address) = std::env::var("KOOHOOK_TEST_REDIS") else { return Ok(()) };
    let prefixed = |prefix: &str| format!("{address}?prefix=bench-reseal-{prefix}");
    compare(koohook, "Redis", [prefixed("many"), prefixed("few")], pace, table)
}

fn compare(
    koohook: &Path,
    name: &str,
    [many, few]: [String; 2],
    pace: &Pace,
    table: &mut FigureTable,
) -> Result<()> {
    let values = pace.instances;
    lists::fill(&many, values)?;
    lists::fill(&few, FEW)?;
    let (small, run, again) =
        (reseal(koohook, &few)?, reseal(koohook, &many)?, reseal(koohook, &many)?);
    if run.written < f64::from(u32::try_from(values)?) || again.written > 0.0 {
        return Err(format!("{} values written, then {}", run.written, again.written).into());
    }
    // The command reads each value twice: it checks its work.
    let figure = format!("reseal of {values} values, {name} / only read, s");
    let seconds = [run.seconds, again.seconds];
    table.add(&figure, seconds, run.seconds / again.seconds, FigureTarget::None);
    let rates = [run.written / run.seconds, run.written / again.seconds];
    table.add("  values a second", rates, run.seconds / again.seconds, FigureTarget::None);
    let figure = format!("  peak memory / of {FEW} values, KiB");
    table.growth(&figure, run.peak_kib, small.peak_kib, MOST_GROWTH);
    Ok(())
}

/// Runs the command with a new key, and the key of the stored values as the previous one.
fn reseal(koohook: &Path, store: &str) -> Result<ResealRun> {
    let began = Instant::now();
    let output = Command::new("python3")
        .args(["-c", MEASURE])
        .arg(koohook)
        .args(["store", "reseal", "--wait", "0s", "-o", "json"])
        .env("KOOHOOK_STORE", store)
        .env("KOOHOOK_SEAL_KEY", NEW_KEY)
        .env("KOOHOOK_SEAL_KEY_PREVIOUS", SEAL_KEY)
        .stdin(Stdio::null())
        .output()?;
    let seconds = began.elapsed().as_secs_f64();
    let text = String::from_utf8(output.stdout)?;
    let (report, peak) = text.trim_end().rsplit_once('\n').ok_or("no report")?;
    let report: Value = serde_json::from_str(report)?;
    if !output.status.success() || report.get("end").and_then(Value::as_str) != Some("complete") {
        return Err(format!("reseal failed: {report}").into());
    }
    let written = report.pointer("/written/previous/0").and_then(Value::as_f64);
    Ok(ResealRun { written: written.ok_or("no count")?, seconds, peak_kib: peak.parse()? })
}

/// Runs a command, then prints the peak memory of it in KiB.
const MEASURE: &str = "import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)
sys.exit(code)";
