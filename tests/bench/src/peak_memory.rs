//! The peak memory of a process.

use crate::outcome::Result;

/// The peak memory of this process, in KiB.
pub fn peak_kib() -> Result<u64> {
    of_process(std::process::id())
}

/// The peak memory of a process, in KiB.
pub fn of_process(id: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line.and_then(|line| line.split_whitespace().next()).ok_or("no VmHWM")?.parse()?)
}
