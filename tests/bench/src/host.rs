//! Measures how many calls the plain HTTP host answers. It compares `receive` with a host without
//! koohook. Each has one thread, and this process loads them in turn over kept-alive connections.
//!
//! Each call repeats a purchase over the memory store: it is verified, parsed, read and answered
//! with a signature. The log is off. A third host writes its log to /dev/null, to show the cost of
//! the log.

use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tests::call::SETTINGS;

use crate::calls::{PROCESSING, SUCCESS, purchase};
use crate::clock::now_millis;
use crate::connection::{KeptConnection, on_the_wire};
use crate::outcome::Result;
use crate::pace::Pace;
use crate::peak_memory;
use crate::table::{FigureTable, FigureTarget, paired};

/// Connections with one request in progress on each.
pub const CONNECTIONS: usize = 16;

/// Measures the three hosts and adds the figures.
pub fn measure(
    receive: &Path,
    constant: &Path,
    pace: &Pace,
    table: &mut FigureTable,
) -> Result<()> {
    let hosts = [
        MeasuredHost::start(constant, &[("KOOHOOK_LOG", "off")])?,
        MeasuredHost::start(receive, &[("KOOHOOK_LOG", "off")])?,
        MeasuredHost::start(receive, &[("KOOHOOK_LOG", "info")])?,
    ];
    let length = Duration::from_millis(pace.round_millis);
    let repeats = || Ok::<_, Box<dyn Error>>(batch()?.into_iter().cycle());
    for host in &hosts {
        host.load(length / 4, &mut repeats()?)?;
    }
    let mut loads = [const { Vec::new() }; 3];
    for _ in 0..pace.rounds {
        for (host, loads) in hosts.iter().zip(&mut loads) {
            loads.push(host.load(length, &mut repeats()?)?);
        }
    }
    let [constant, quiet, logging] = loads;
    let rate = |loads: &[HostLoad]| loads.iter().map(|load| load.answers / load.seconds).collect();
    let cost = |loads: &[HostLoad]| loads.iter().map(|load| load.micros / load.answers).collect();
    let (medians, ratio) = paired(rate(&quiet), rate(&constant));
    let figure = "repeats a second, log off / constant host";
    table.add(figure, medians, ratio, FigureTarget::RatioAtLeast(0.7));
    let (medians, ratio) = paired(cost(&quiet), cost(&constant));
    table.add("  processor time of each, us", medians, ratio, FigureTarget::None);
    let (medians, ratio) = paired(rate(&logging), rate(&quiet));
    let figure = "  repeats a second, log to /dev/null / log off";
    table.add(figure, medians, ratio, FigureTarget::RatioAtLeast(0.95));
    Ok(())
}

/// A server process with one thread.
pub struct MeasuredHost {
    process: Child,
    started: Instant,
    /// The address on which it listens.
    pub address: SocketAddr,
}

/// The result of one round of load on a host.
pub struct HostLoad {
    /// The number of answers.
    pub answers: f64,
    /// The seconds of the round.
    pub seconds: f64,
    /// The milliseconds of each answer, sorted.
    pub millis: Vec<f64>,
    /// The microseconds of processor time.
    micros: f64,
}

impl HostLoad {
    /// The milliseconds within which `percent` of a hundred answers came.
    pub fn percentile(&self, percent: usize) -> f64 {
        let last = self.millis.len().saturating_sub(1);
        self.millis.get(last * percent / 100).copied().unwrap_or(f64::NAN)
    }
}

impl MeasuredHost {
    /// Starts a program that listens on the address in `KOOHOOK_LISTEN`.
    pub fn start(program: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let mut host = Self::spawn(&mut quiet(program, settings), "KOOHOOK_LISTEN")?;
        host.connect()?;
        Ok(host)
    }

    /// Starts a command that listens on the address in the environment variable `listen`.
    pub fn spawn(command: &mut Command, listen: &str) -> Result<Self> {
        Self::spawn_at(command, listen, |address| address.to_string())
    }

    /// Starts a command that listens on the port in the environment variable `port`.
    pub fn spawn_at_port(command: &mut Command, port: &str) -> Result<Self> {
        Self::spawn_at(command, port, |address| address.port().to_string())
    }

    fn spawn_at(
        command: &mut Command,
        variable: &str,
        value: fn(&SocketAddr) -> String,
    ) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        command.env(variable, value(&address)).stdin(Stdio::null()).stdout(Stdio::null());
        let started = Instant::now();
        let process = command.spawn()?;
        Ok(Self { process, started, address })
    }

    /// Connects as soon as the process listens.
    pub fn connect(&mut self) -> Result<KeptConnection> {
        let give_up_at = Instant::now() + Duration::from_secs(10);
        loop {
            match KeptConnection::connect(self.address) {
                Ok(connection) => return Ok(connection),
                Err(_) if Instant::now() < give_up_at && self.process.try_wait()?.is_none() => {
                    // Much shorter than a start, whose time is measured.
                    std::thread::sleep(Duration::from_micros(100));
                }
                Err(fault) => return Err(format!("a program does not listen: {fault}").into()),
            }
        }
    }

    /// The milliseconds since the start of the process.
    pub fn millis(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1_000.0
    }

    /// The peak memory of the process.
    pub fn peak_kib(&self) -> Result<u64> {
        peak_memory::of_process(self.process.id())
    }

    /// Keeps every connection busy for a time, with requests that are already signed. Ends earlier
    /// if there are no more requests.
    pub fn load(
        &self,
        length: Duration,
        requests: &mut impl Iterator<Item = Vec<u8>>,
    ) -> Result<HostLoad> {
        self.load_each(length, requests, &mut check_success)
    }

    /// Does the same as [`Self::load`], and gives the bytes of each answer to `answered`, in the
    /// order of the requests.
    pub fn load_each(
        &self,
        length: Duration,
        requests: &mut impl Iterator<Item = Vec<u8>>,
        answered: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<HostLoad> {
        let mut connections = Vec::new();
        for request in requests.by_ref().take(CONNECTIONS) {
            let mut connection = KeptConnection::connect(self.address)?;
            connection.send(&request)?;
            connections.push(connection);
        }
        let (started, before) = (Instant::now(), self.processor_nanos()?);
        let mut millis = Vec::new();
        let mut more = true;
        while more && started.elapsed() < length {
            for connection in &mut connections {
                let Some(request) = requests.next() else {
                    more = false;
                    break;
                };
                millis.push(connection.read_answer()?);
                answered(connection.answer())?;
                connection.send(&request)?;
            }
        }
        let seconds = started.elapsed().as_secs_f64();
        let micros = (self.processor_nanos()? - before) / 1_000.0;
        millis.sort_by(f64::total_cmp);
        let answers = f64::from(u32::try_from(millis.len())?);
        Ok(HostLoad { answers, seconds, millis, micros })
    }

    /// The processor time of the host's one thread until now.
    fn processor_nanos(&self) -> Result<f64> {
        let path = format!("/proc/{}/schedstat", self.process.id());
        let text = std::fs::read_to_string(path)?;
        let nanos = text.split(' ').next().unwrap_or_default();
        Ok(nanos.parse()?)
    }
}

impl Drop for MeasuredHost {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A command that starts a program of koohook without its log.
pub fn quiet(program: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(SETTINGS).env("KOOHOOK_LOG", "off").envs(settings.iter().copied());
    command
}

/// Repeats of one purchase in their form on the wire, signed at successive milliseconds up to now.
pub fn batch() -> Result<Vec<Vec<u8>>> {
    let now = now_millis()?;
    Ok((now - 255..=now)
        .map(|millis| on_the_wire(&purchase("CS2211181819B4LVS", millis)))
        .collect())
}

/// Checks that an answer is a success, without its signature.
fn check_success(answer: &[u8]) -> Result<()> {
    let text = str::from_utf8(answer)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or("no head")?;
    let body = body.as_bytes();
    let fine = body.starts_with(SUCCESS) || body.starts_with(PROCESSING);
    if head.starts_with("HTTP/1.1 200 ") && fine {
        Ok(())
    } else {
        Err(format!("not a success: {text}").into())
    }
}
