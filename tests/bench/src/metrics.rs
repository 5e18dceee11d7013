//! Measures what metrics cost: calls of one host with metrics, and of one without, in turn.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use crate::host::{MeasuredHost, batch};
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget, paired};

/// The metrics' listener has a port that the system chooses, and nothing fetches them.
const ON: [(&str, &str); 2] =
    [("KOOHOOK_METRICS", "prometheus"), ("KOOHOOK_METRICS_LISTEN", "127.0.0.1:0")];

/// Measures two hosts, each of which answers repeated purchases, and adds the figures.
pub fn measure(receive: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let hosts = [MeasuredHost::start(receive, &ON)?, MeasuredHost::start(receive, &[])?];
    let length = Duration::from_millis(pace.round_millis);
    let repeats = || Ok::<_, Box<dyn Error>>(batch()?.into_iter().cycle());
    for host in &hosts {
        host.load(length / 4, &mut repeats()?)?;
    }
    let mut loads = [const { Vec::new() }; 2];
    for _ in 0..pace.rounds {
        for (host, loads) in hosts.iter().zip(&mut loads) {
            loads.push(host.load(length, &mut repeats()?)?);
        }
    }
    let [on, off] = loads;
    let rate = |loads: &[crate::host::HostLoad]| {
        loads.iter().map(|load| load.answers / load.seconds).collect()
    };
    let (medians, ratio) = paired(rate(&on), rate(&off));
    let figure = "repeats a second, metrics on / off";
    table.add(figure, medians, ratio, FigureTarget::RatioAtLeast(0.95));
    Ok(())
}
