//! Compares koohook with two servers that a seller could write: `peers/node` and `peers/python`. Each
//! answers the same purchases over the same Redis, in one process.
//!
//! Every answer is verified as the marketplace verifies it. After each round every purchase is
//! repeated, and must get the same instance.

mod purchases;

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::call::BASE_KEY;

use crate::calls::{purchase, verified};
use crate::clock::now_millis;
use crate::host::{HostLoad, MeasuredHost, quiet};
use crate::outcome::Result;
use crate::pace::Pace;
use crate::stores::SEAL_KEY;
use crate::table::{FigureTable, FigureTarget, paired};

/// Measures the three servers in turn, and adds a row for each figure and peer.
pub fn measure(receive: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let variables = ["KOOHOOK_TEST_REDIS", "BENCH_PEERS"].map(std::env::var);
    let [Ok(redis), Ok(folder)] = variables else {
        eprintln!(
            "!! SKIPPED peers: no Redis or no peers; tests/bench/run starts and installs them"
        );
        return Ok(());
    };
    let installed = Installed { receive, folder: folder.into(), redis };
    add(table, "start to verified answer, koohook / PEER, ms", starts(&installed, pace)?);
    let hosts = SERVERS.map(|server| installed.running(server));
    let [koohook, node, python] = hosts;
    let hosts = [koohook?, node?, python?];
    let loads = loads(&hosts, pace)?;
    let all =
        |figure: fn(&HostLoad) -> f64| loads.each_ref().map(|one| one.iter().map(figure).collect());
    add(table, "purchases a second, koohook / PEER", all(|load| load.answers / load.seconds));
    add(table, "  99 of 100 within, koohook / PEER, ms", all(|load| load.percentile(99)));
    let mut peaks = [const { Vec::new() }; 3];
    for (host, peaks) in hosts.iter().zip(&mut peaks) {
        peaks.push(f64::from(u32::try_from(host.peak_kib()?)?) / 1_024.0);
    }
    add(table, "  peak memory, koohook / PEER, MiB", peaks);
    Ok(())
}

/// A server to measure.
#[derive(Clone, Copy)]
enum Server {
    Koohook,
    Node,
    Python,
}

const SERVERS: [Server; 3] = [Server::Koohook, Server::Node, Server::Python];
/// The names of koohook's peers, in the order of [`SERVERS`].
const PEERS: [&str; 2] = ["Node", "Python"];

/// Where the servers are, and their Redis.
struct Installed<'a> {
    receive: &'a Path,
    folder: PathBuf,
    redis: String,
}

impl Installed<'_> {
    /// Starts a server, which may not listen yet.
    fn start(&self, server: Server) -> Result<MeasuredHost> {
        let file = |name| self.folder.join(name);
        let (program, page) = match server {
            Server::Koohook => return self.start_koohook(),
            Server::Node => (PathBuf::from("node"), file("node/server.js")),
            Server::Python => (file("python/venv/bin/python"), file("python/server.py")),
        };
        let mut command = Command::new(program);
        command.arg(page).env("NODE_ENV", "production");
        command.env("ACCESS_KEY", BASE_KEY).env("REDIS_URL", &self.redis);
        MeasuredHost::spawn(&mut command, "LISTEN")
    }

    fn start_koohook(&self) -> Result<MeasuredHost> {
        let store = format!("{}?prefix=bench-peers", self.redis);
        let settings = [("KOOHOOK_STORE", store.as_str()), ("KOOHOOK_SEAL_KEY", SEAL_KEY)];
        MeasuredHost::spawn(&mut quiet(self.receive, &settings), "KOOHOOK_LISTEN")
    }

    /// Starts a server, waits until it listens, and checks that it verifies calls.
    fn running(&self, server: Server) -> Result<MeasuredHost> {
        let mut host = self.start(server)?;
        purchases::check_rejections(&mut host.connect()?)?;
        Ok(host)
    }
}

/// The milliseconds from the start of each process to its first answer, which is verified.
fn starts(installed: &Installed, pace: &Pace) -> Result<[Vec<f64>; 3]> {
    let mut starts = [const { Vec::new() }; 3];
    for number in 0..=pace.starts {
        for (server, starts) in SERVERS.into_iter().zip(&mut starts) {
            let now = now_millis()?;
            let call = purchase(&format!("CS{now}S{number}"), now);
            let mut host = installed.start(server)?;
            let answer = host.connect()?.call(&call)?;
            let millis = host.millis();
            verified(&answer, BASE_KEY, "000000")?;
            // For the first start, the program is on disk and not in memory, so it does not count.
            if number > 0 {
                starts.push(millis);
            }
        }
    }
    Ok(starts)
}

/// The rounds of each server. The first round of each only warms it up.
fn loads(hosts: &[MeasuredHost; 3], pace: &Pace) -> Result<[Vec<HostLoad>; 3]> {
    let run = now_millis()?;
    let mut loads = [const { Vec::new() }; 3];
    for round in 0..=pace.rounds {
        for ((index, host), loads) in hosts.iter().enumerate().zip(&mut loads) {
            let load = purchases::round(host, &format!("CS{run}H{index}R{round}N"), pace)?;
            if round > 0 {
                loads.push(load);
            }
        }
    }
    Ok(loads)
}

/// Adds a row for each peer. `figure` contains the word `PEER`.
fn add(table: &mut FigureTable, figure: &str, [koohook, node, python]: [Vec<f64>; 3]) {
    for (name, peer) in PEERS.into_iter().zip([node, python]) {
        let (medians, ratio) = paired(koohook.clone(), peer);
        table.add(&figure.replace("PEER", name), medians, ratio, FigureTarget::None);
    }
}
