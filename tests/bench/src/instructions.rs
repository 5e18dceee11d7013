//! Measures the instructions of one verified renewal in the process, without socket and store.
//!
//! `valgrind --tool=callgrind` counts them, with the same result on every machine of one kind. It
//! counts two processes, one with twice the calls of the other, so that the start cancels out.
//! callgrind does not use the SHA instructions of newer processors, so the figure is that of an old
//! one.

use std::ops::RangeInclusive;
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use domain::catalogue::CatalogueList;
use domain::entity::Subject;
use http::Request;
use protocol::access_key::AccessKey;
use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::{
    CatalogueItem, CataloguePlace, Entry, Put, Queue, Store, Stored, Unavailable, Value, Version,
};
use shell::world::World;
use tests::call::{BASE_KEY, run};
use tests::world::NOW;

use crate::calls::{answer, koohook, purchase};
use crate::interleavings;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget};

/// Counts the instructions and adds the figures.
pub fn measure(program: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let count = |what| difference(program, what, pace.counted);
    let signatures = count("signatures")?;
    let rows = [
        (
            "instructions of a renewal / only signatures",
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

/// Answers one call `times` times, over the stored purchase.
pub fn calls(call: Request<Vec<u8>>, times: u32) -> Result<()> {
    let call = call.map(Bytes::from);
    let first = koohook(Memory::new())?;
    answer(&first, purchase(ORDER, NOW).map(Bytes::from))?;
    let koohook = koohook(FixedStore::of(first.world().store())?)?;
    for _ in 0..times {
        answer(&koohook, call.clone())?;
    }
    Ok(())
}

/// Makes only the signatures of one call, `times` times.
pub fn signatures(call: Request<Vec<u8>>, times: u32) -> Result<()> {
    let key = AccessKey::parse(BASE_KEY)?;
    let call = call.map(Bytes::from);
    (0..times).for_each(|_| interleavings::signatures(&key, &call));
    Ok(())
}

/// The order of all these calls.
pub const ORDER: &str = "CS2211181819B4LVS";

/// The instructions of one call: the difference between two runs, per call.
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
    let output = String::from_utf8_lossy(&counted.stderr).into_owned();
    let collected = output.lines().find_map(|line| line.split_once("Collected : "));
    match collected {
        Some((_, number)) if counted.status.success() => Ok(number.trim().parse()?),
        Some(_) | None => Err(output.into()),
    }
}

/// A store that always contains one value, whatever is written. A read costs only a copy.
struct FixedStore(Stored);

impl FixedStore {
    /// The value that a purchase has stored.
    fn of(memory: &Memory) -> Result<Self> {
        let id = domain::instance::id::derive(ORDER, Some(&format!("{ORDER}-000001")), None);
        let key = Subject::Instance(id).key();
        let stored = run(memory.get(&key, UnixMillis::new(NOW)))?;
        stored.map(Self).ok_or_else(|| "the purchase is not stored".into())
    }
}

impl Store for FixedStore {
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

    async fn catalogue(
        &self,
        _: CatalogueList,
        _: Option<&CataloguePlace>,
        _: usize,
    ) -> std::result::Result<Vec<CatalogueItem>, Unavailable> {
        Ok(Vec::new())
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
