//! How many calls the plain HTTP host carries: `receive` beside the same host with nothing behind
//! it, one thread each, loaded in turn over kept-alive connections from this process.
//!
//! Each call repeats a purchase over the memory store: verified, read, recalled and answered
//! signed. The log is off; a third host writes it, to nowhere, to show what it costs.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::Request;
use tests::call::SETTINGS;

use crate::calls::{PROCESSING, SUCCESS, purchase};
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget, paired};

/// Connections with one request under way on each.
const CONNECTIONS: usize = 16;

/// Measures.
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
    let (medians, ratio) = paired(rate(&logging), rate(&constant));
    table.add("  repeats a second, log to /dev/null", medians, ratio, FigureTarget::None);
    Ok(())
}

/// A server process of one thread.
pub struct MeasuredHost {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What a host did in a round.
pub struct HostLoad {
    /// How many answers came.
    pub answers: f64,
    /// In how many seconds.
    pub seconds: f64,
    /// How long each took, in milliseconds, the shortest first.
    pub millis: Vec<f64>,
    /// Of processor time.
    micros: f64,
}

impl HostLoad {
    /// How long the slowest of so many in a hundred took.
    pub fn percentile(&self, percent: usize) -> f64 {
        let last = self.millis.len().saturating_sub(1);
        self.millis.get(last * percent / 100).copied().unwrap_or(f64::NAN)
    }
}

impl MeasuredHost {
    /// Starts a program that listens where `KOOHOOK_LISTEN` says.
    pub fn start(program: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let process = Command::new(program)
            .env_clear()
            .envs(SETTINGS)
            .env("KOOHOOK_LOG", "off")
            .envs(settings.iter().copied())
            .env("KOOHOOK_LISTEN", address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let host = Self { process, address };
        let patience = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            if Instant::now() > patience {
                return Err(format!("{} does not listen", program.display()).into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(host)
    }

    /// Keeps every connection busy for a while, with requests signed before; ends early where
    /// there are no more of them.
    pub fn load(
        &self,
        length: Duration,
        requests: &mut impl Iterator<Item = Vec<u8>>,
    ) -> Result<HostLoad> {
        let mut lines = Vec::new();
        for request in requests.by_ref().take(CONNECTIONS) {
            let mut line = KeptConnection::connect(self.address)?;
            line.ask(&request)?;
            lines.push(line);
        }
        let (started, before) = (Instant::now(), self.processor_nanos()?);
        let mut millis = Vec::new();
        let mut more = true;
        while more && started.elapsed() < length {
            for line in &mut lines {
                let Some(request) = requests.next() else {
                    more = false;
                    break;
                };
                millis.push(line.hear()?);
                line.ask(&request)?;
            }
        }
        let seconds = started.elapsed().as_secs_f64();
        let micros = (self.processor_nanos()? - before) / 1_000.0;
        millis.sort_by(f64::total_cmp);
        let answers = f64::from(u32::try_from(millis.len())?);
        Ok(HostLoad { answers, seconds, millis, micros })
    }

    /// Processor time of the host's one thread so far.
    fn processor_nanos(&self) -> Result<f64> {
        let path = format!("/proc/{}/schedstat", self.process.id());
        let text = std::fs::read_to_string(path)?;
        let nanos = text.split(' ').next().unwrap_or_default();
        Ok(nanos.parse()?)
    }
}

impl Drop for MeasuredHost {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Repeats of one purchase as they stand on the wire, signed a millisecond apart up to now.
fn batch() -> Result<Vec<Vec<u8>>> {
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    Ok((now - 255..=now)
        .map(|millis| on_the_wire(&purchase("CS2211181819B4LVS", millis)))
        .collect())
}

/// A request as it stands on the wire.
pub fn on_the_wire(request: &Request<Vec<u8>>) -> Vec<u8> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\
         Content-Type: application/json;charset=utf8\r\nContent-Length: {}\r\n\r\n",
        request.body().len()
    );
    [head.as_bytes(), request.body()].concat()
}

/// A kept-alive connection with at most one request under way.
struct KeptConnection {
    stream: TcpStream,
    heard: Vec<u8>,
    asked: Instant,
}

impl KeptConnection {
    fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { stream, heard: Vec::new(), asked: Instant::now() })
    }

    fn ask(&mut self, request: &[u8]) -> Result<()> {
        self.asked = Instant::now();
        Ok(self.stream.write_all(request)?)
    }

    /// Reads one answer, and how many milliseconds it took; anything but a success ends the run.
    fn hear(&mut self) -> Result<f64> {
        let mut chunk = [0; 4_096];
        self.heard.clear();
        while !is_whole(&self.heard)? {
            let read = self.stream.read(&mut chunk)?;
            let chunk = chunk.get(..read).filter(|chunk| !chunk.is_empty());
            self.heard.extend_from_slice(chunk.ok_or("connection closed")?);
        }
        Ok(self.asked.elapsed().as_secs_f64() * 1_000.0)
    }
}

/// Whether all of an answer is there, by its `Content-Length`.
fn is_whole(heard: &[u8]) -> Result<bool> {
    let text = str::from_utf8(heard)?;
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Ok(false);
    };
    let length = head.split("\r\n").find_map(|line| line.strip_prefix("Content-Length: "));
    if body.len() < length.ok_or("no length")?.parse()? {
        return Ok(false);
    }
    let body = body.as_bytes();
    let fine = body.starts_with(SUCCESS) || body.starts_with(PROCESSING);
    if head.starts_with("HTTP/1.1 200 ") && fine {
        Ok(true)
    } else {
        Err(format!("not a success: {text}").into())
    }
}
