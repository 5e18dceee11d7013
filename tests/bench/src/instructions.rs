//! How many instructions one verified renewal costs inside the process, without socket and store.
//!
//! Counted by `valgrind --tool=callgrind`, the same on every machine of one kind: two processes,
//! one with twice the calls of the other, so that the start cancels out. It runs without the SHA
//! instructions of newer processors, so that the figure is what an old one would need.

use std::ops::RangeInclusive;
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use domain::entity::Subject;
use http::Request;
use protocol::access_key::AccessKey;
use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{Entry, Put, Queue, Store, Stored, Unavailable, Value, Version};
use shell::world::World;
use tests::call::{BASE_KEY, run};
use tests::world::NOW;

use crate::calls::{answer, koohook, purchase};
use crate::interleavings;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget};

/// Measures.
pub fn measure(program: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let count = |what| difference(program, what, pace.counted);
    let signatures = count("signatures")?;
    let rows = [
        (
            "instructions of a renewal / signatures alone",
            "renewals",
            FigureTarget::AtMost(150_000.0),
        ),
        ("  instructions of a repeated purchase", "repeats", FigureTarget::None),
    ];
    for (figure, what, target) in rows {
        let ours = count(what)?;
        table.add(figure, [ours, signatures], ours / signatures, target);
    }
    Ok(())
}

/// Answers one call so many times, over what the purchase left behind.
pub fn calls(call: Request<Vec<u8>>, times: u32) -> Result<()> {
    let call = call.map(Bytes::from);
    let standing = koohook(Memory::new())?;
    answer(&standing, purchase(ORDER, NOW).map(Bytes::from))?;
    let koohook = koohook(Standing::of(standing.world().store())?)?;
    for _ in 0..times {
        answer(&koohook, call.clone())?;
    }
    Ok(())
}

/// Makes the signatures of one call so many times, and nothing else.
pub fn signatures(call: Request<Vec<u8>>, times: u32) -> Result<()> {
    let key = AccessKey::parse(BASE_KEY)?;
    let call = call.map(Bytes::from);
    (0..times).for_each(|_| interleavings::signatures(&key, &call));
    Ok(())
}

/// The order that all of these calls are about.
pub const ORDER: &str = "CS2211181819B4LVS";

/// The instructions of one call: the difference of two runs.
fn difference(program: &Path, what: &str, times: u32) -> Result<f64> {
    let [once, twice] = [times, 2 * times].map(|times| count(program, what, times));
    Ok((twice? - once?) / f64::from(times))
}

fn count(program: &Path, what: &str, times: u32) -> Result<f64> {
    let counted = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([what, &times.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|fault| format!("valgrind does not start: {fault}"))?;
    let said = String::from_utf8_lossy(&counted.stderr).into_owned();
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    match collected {
        Some((_, number)) if counted.status.success() => Ok(number.trim().parse()?),
        Some(_) | None => Err(said.into()),
    }
}

/// A store in which one value stands whatever is written, at no cost but a copy.
struct Standing(Stored);

impl Standing {
    /// The value that a purchase left behind.
    fn of(memory: &Memory) -> Result<Self> {
        let id = domain::instance::id::derive(ORDER, Some(&format!("{ORDER}-000001")), None);
        let key = Subject::Instance(id).key();
        let stored = run(memory.get(&key, UnixMillis::new(NOW)))?;
        stored.map(Self).ok_or_else(|| "no purchase stands".into())
    }
}

impl Store for Standing {
    async fn get(
        &self,
        _: &str,
        _: UnixMillis,
    ) -> std::result::Result<Option<Stored>, Unavailable> {
        Ok(Some(self.0.clone()))
    }

    async fn put(
        &self,
        _: &str,
        _: &Value,
        _: Option<Version>,
        _: UnixMillis,
    ) -> std::result::Result<Put, Unavailable> {
        Ok(Put::Won)
    }

    async fn agenda(
        &self,
        _: Queue,
        _: RangeInclusive<UnixMillis>,
        _: usize,
    ) -> std::result::Result<Vec<Entry>, Unavailable> {
        Ok(Vec::new())
    }
}
