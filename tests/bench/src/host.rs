//! How many calls the plain HTTP host carries: `receive` beside the same host with nothing behind
//! it, one thread each, loaded in turn over kept-alive connections from this process.
//!
//! Each call repeats a purchase over the memory store: verified, read, recalled and answered
//! signed. The log is off; a third host writes it, to nowhere, to show what it costs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::Request;
use tests::call::SETTINGS;

use crate::calls::{SUCCESS, purchase};
use crate::table::{Table, Target, paired};
use crate::{Pace, Result};

/// Connections with one request under way on each.
const CONNECTIONS: usize = 16;

/// Measures.
pub fn measure(receive: &Path, constant: &Path, pace: &Pace, table: &mut Table) -> Result<()> {
    let hosts = [
        Host::start(constant, "off")?,
        Host::start(receive, "off")?,
        Host::start(receive, "info")?,
    ];
    let length = Duration::from_millis(pace.round_millis);
    for host in &hosts {
        host.load(length / 4)?;
    }
    let mut loads = [const { Vec::new() }; 3];
    for _ in 0..pace.rounds {
        for (host, loads) in hosts.iter().zip(&mut loads) {
            loads.push(host.load(length)?);
        }
    }
    let [constant, quiet, logging] = loads;
    let rate = |loads: &[Load]| loads.iter().map(|load| load.answers / load.seconds).collect();
    let cost = |loads: &[Load]| loads.iter().map(|load| load.micros / load.answers).collect();
    let (medians, ratio) = paired(rate(&quiet), rate(&constant));
    let figure = "repeats a second, log off / constant host";
    table.add(figure, medians, ratio, Target::RatioAtLeast(0.7));
    let (medians, ratio) = paired(cost(&quiet), cost(&constant));
    table.add("  processor time of each, us", medians, ratio, Target::None);
    let (medians, ratio) = paired(rate(&logging), rate(&constant));
    table.add("  repeats a second, log to /dev/null", medians, ratio, Target::None);
    Ok(())
}

/// A server process of one thread.
struct Host {
    process: Child,
    address: SocketAddr,
}

/// What a host did in a round.
struct Load {
    answers: f64,
    seconds: f64,
    /// Of processor time.
    micros: f64,
}

impl Host {
    fn start(program: &Path, log: &str) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let process = Command::new(program)
            .env_clear()
            .envs(SETTINGS)
            .env("KOOHOOK_LISTEN", address.to_string())
            .env("KOOHOOK_LOG", log)
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

    /// Keeps every connection busy for a while, with requests signed just before.
    fn load(&self, length: Duration) -> Result<Load> {
        let requests: Vec<_> = batch()?;
        let mut requests = requests.iter().cycle();
        let mut lines = Vec::new();
        for request in requests.by_ref().take(CONNECTIONS) {
            let mut line = Line::connect(self.address)?;
            line.ask(request)?;
            lines.push(line);
        }
        let (started, before) = (Instant::now(), self.processor_nanos()?);
        let mut answers = 0_u32;
        while started.elapsed() < length {
            for (line, request) in lines.iter_mut().zip(requests.by_ref()) {
                line.hear()?;
                line.ask(request)?;
                answers += 1;
            }
        }
        let seconds = started.elapsed().as_secs_f64();
        let micros = (self.processor_nanos()? - before) / 1_000.0;
        Ok(Load { answers: answers.into(), seconds, micros })
    }

    /// Processor time of the host's one thread so far.
    fn processor_nanos(&self) -> Result<f64> {
        let path = format!("/proc/{}/schedstat", self.process.id());
        let text = std::fs::read_to_string(path)?;
        let nanos = text.split(' ').next().unwrap_or_default();
        Ok(nanos.parse()?)
    }
}

impl Drop for Host {
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

fn on_the_wire(request: &Request<Vec<u8>>) -> Vec<u8> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\
         Content-Type: application/json;charset=utf8\r\nContent-Length: {}\r\n\r\n",
        request.body().len()
    );
    [head.as_bytes(), request.body()].concat()
}

/// A kept-alive connection with at most one request under way.
struct Line {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Line {
    fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { stream, heard: Vec::new() })
    }

    fn ask(&mut self, request: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(request)?)
    }

    /// Reads one answer; anything but a success ends the run.
    fn hear(&mut self) -> Result<()> {
        let mut chunk = [0; 4_096];
        self.heard.clear();
        while !is_whole(&self.heard)? {
            let read = self.stream.read(&mut chunk)?;
            let chunk = chunk.get(..read).filter(|chunk| !chunk.is_empty());
            self.heard.extend_from_slice(chunk.ok_or("connection closed")?);
        }
        Ok(())
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
    if head.starts_with("HTTP/1.1 200 ") && body.as_bytes().starts_with(SUCCESS) {
        Ok(true)
    } else {
        Err(format!("not a success: {text}").into())
    }
}
