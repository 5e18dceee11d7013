//! Measures the backup of a store and its restore into another one of the same kind: values a second,
//! and the most memory that the command used. The baseline is the same command on a store with few
//! values, so the ratio of the memory shows whether it grows with the store.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::lists::fill;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::stores::SEAL_KEY;
use crate::table::{FigureTable, FigureTarget};

/// The instances of the baseline's store.
const FEW: usize = 1_000;
/// How often the memory of a command is read.
const GLANCE: Duration = Duration::from_millis(2);

/// The figures of one command.
struct Run {
    values_a_second: f64,
    mib: f64,
}

/// Measures both commands over SQLite and Redis.
pub fn measure(koohook: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let prefixed = |address: &str, name: &str| format!("{address}?prefix=bench-backup-{name}");
    let names = ["many", "few", "many-new", "few-new"];
    compare(koohook, "SQLite", folder.path(), names.map(file), pace, table)?;
    let Ok(address) = std::env::var("KOOHOOK_TEST_REDIS") else { return Ok(()) };
    let stores = names.map(|name| prefixed(&address, name));
    compare(koohook, "Redis", folder.path(), stores, pace, table)
}

fn compare(
    koohook: &Path,
    name: &str,
    folder: &Path,
    [many, few, many_new, few_new]: [String; 4],
    pace: &Pace,
    table: &mut FigureTable,
) -> Result<()> {
    let values = pace.instances;
    fill(&many, values)?;
    fill(&few, FEW)?;
    let path = |text: &str| folder.join(format!("{name}-{text}")).display().to_string();
    let (many_file, few_file) = (path("many"), path("few"));
    let backup = |file: &str, store: &str, values| {
        run(koohook, &["store", "backup", file, "--store", store], values)
    };
    let restore = |file: &str, store: &str, values| {
        run(koohook, &["store", "restore", file, "--store", store], values)
    };
    let backups = [backup(&many_file, &many, values)?, backup(&few_file, &few, FEW)?];
    add(table, &format!("backup of {values} values, {name}"), &backups);
    let restores = [restore(&many_file, &many_new, values)?, restore(&few_file, &few_new, FEW)?];
    add(table, &format!("restore of {values} values with its check, {name}"), &restores);
    Ok(())
}

fn add(table: &mut FigureTable, what: &str, [many, few]: &[Run; 2]) {
    let rates = [many.values_a_second, few.values_a_second];
    let figure = format!("{what} / of {FEW}, values/s");
    table.add(&figure, rates, rates[0] / rates[1], FigureTarget::None);
    let memory = [many.mib, few.mib];
    let figure = format!("  peak memory, {what}, MiB");
    table.add(&figure, memory, memory[0] / memory[1], FigureTarget::None);
}

/// Runs a command to its end.
fn run(koohook: &Path, arguments: &[&str], values: usize) -> Result<Run> {
    let started = Instant::now();
    let mut child = Command::new(koohook)
        .args(arguments)
        .env("KOOHOOK_SEAL_KEY", SEAL_KEY)
        .stdout(Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0.0_f64;
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        most = most.max(fs::read_to_string(&status).ok().and_then(|it| peak(&it)).unwrap_or(0.0));
        std::thread::sleep(GLANCE);
    };
    if !ended.success() {
        return Err(format!("koohook {} failed", arguments.join(" ")).into());
    }
    let values = f64::from(u32::try_from(values)?);
    Ok(Run { values_a_second: values / started.elapsed().as_secs_f64(), mib: most })
}

/// The peak of a process's memory in MiB, as Linux reports it.
fn peak(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok().map(|kib| kib / 1_024.0)
}
