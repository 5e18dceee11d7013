//! Measures how many calls the plain HTTP host answers. It compares `receive` with a host without
//! koohook. Each has one thread, and this process loads them in turn over kept-alive connections.
//!
//! Each call repeats a purchase over the memory store: it is verified, parsed, read and answered
//! with a signature. The log is off. A third host writes its log to /dev/null, to show the cost of
//! the log.

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

/// Connections with one request in progress on each.
const CONNECTIONS: usize = 16;

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
        let give_up_at = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            if Instant::now() > give_up_at {
                return Err(format!("{} does not listen", program.display()).into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(host)
    }

    /// Keeps every connection busy for a time, with requests that are already signed. Ends earlier
    /// if there are no more requests.
    pub fn load(
        &self,
        length: Duration,
        requests: &mut impl Iterator<Item = Vec<u8>>,
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

/// Repeats of one purchase in their form on the wire, signed at successive milliseconds up to now.
pub fn batch() -> Result<Vec<Vec<u8>>> {
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    Ok((now - 255..=now)
        .map(|millis| on_the_wire(&purchase("CS2211181819B4LVS", millis)))
        .collect())
}

/// A request in its form on the wire.
pub fn on_the_wire(request: &Request<Vec<u8>>) -> Vec<u8> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\
         Content-Type: application/json;charset=utf8\r\nContent-Length: {}\r\n\r\n",
        request.body().len()
    );
    [head.as_bytes(), request.body()].concat()
}

/// A kept-alive connection with at most one request in progress.
struct KeptConnection {
    stream: TcpStream,
    received: Vec<u8>,
    sent_at: Instant,
}

impl KeptConnection {
    fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { stream, received: Vec::new(), sent_at: Instant::now() })
    }

    fn send(&mut self, request: &[u8]) -> Result<()> {
        self.sent_at = Instant::now();
        Ok(self.stream.write_all(request)?)
    }

    /// Reads one answer and returns its milliseconds. An answer that is not a success is an error.
    fn read_answer(&mut self) -> Result<f64> {
        let mut chunk = [0; 4_096];
        self.received.clear();
        while !is_whole(&self.received)? {
            let read = self.stream.read(&mut chunk)?;
            let chunk = chunk.get(..read).filter(|chunk| !chunk.is_empty());
            self.received.extend_from_slice(chunk.ok_or("connection closed")?);
        }
        Ok(self.sent_at.elapsed().as_secs_f64() * 1_000.0)
    }
}

/// Whether the answer is complete according to its `Content-Length`.
fn is_whole(received: &[u8]) -> Result<bool> {
    let text = str::from_utf8(received)?;
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
