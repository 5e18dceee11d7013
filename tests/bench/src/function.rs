//! Measures how fast a function starts and how much memory it needs. The function is the deployed
//! binary; a mock of its runtime sends the events.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use http::{HeaderName, Request, Response};
use serde::Deserialize;
use simulator::answer::{Answer, verify_body_sign};
use tests::call::{BASE_KEY, SETTINGS};

use crate::calls::purchase;
use crate::clock::now_millis;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::runtime_mock::{RuntimeMock, TimedAnswer, event};
use crate::table::{FigureTable, FigureTarget, paired};

/// Measures the milliseconds from the start of a process to its first answer, which is verified.
pub fn measure_start(
    program: &Path,
    hello: &Path,
    pace: &Pace,
    table: &mut FigureTable,
) -> Result<()> {
    let (mut starts, mut hellos) = (Vec::new(), Vec::new());
    for number in 0..=pace.starts {
        let call = purchase(&format!("CS{number:014}"), now_millis()?);
        let hello = RunningFunction::start(hello, &[])?.call(&call)?;
        let answer = RunningFunction::start(program, &[])?.call(&call)?;
        answer.check()?;
        // For the first pair, the binaries are on disk and not in memory, so it does not count.
        if number > 0 {
            starts.push(answer.millis);
            hellos.push(hello.millis);
        }
    }
    let (medians, ratio) = paired(starts, hellos);
    let figure = "start of new-instance / hello, ms to first answer";
    table.add(figure, medians, ratio, FigureTarget::RatioAtMost(1.3));
    Ok(())
}

/// The milliseconds from the start of a process to its first answer, over a store.
pub fn starts(program: &Path, settings: &[(&str, &str)], pace: &Pace) -> Result<Vec<f64>> {
    let mut starts = Vec::new();
    for number in 0..=pace.starts {
        let now = now_millis()?;
        let call = purchase(&format!("CS{now}S{number}"), now);
        let answer = RunningFunction::start(program, settings)?.call(&call)?;
        answer.check()?;
        if number > 0 {
            starts.push(answer.millis);
        }
    }
    Ok(starts)
}

/// Measures how much the peak memory of a process grows from the first purchase to the last.
pub fn measure_memory(program: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let function = RunningFunction::start(program, &[])?;
    let mut first = 0;
    for number in 0..pace.calls {
        let call = purchase(&format!("CS{number:014}"), now_millis()?);
        function.call(&call)?.check()?;
        if number == 0 {
            first = function.peak_kib()?;
        }
    }
    let figure = "peak memory after 1,000 calls / the first, KiB";
    table.growth(figure, function.peak_kib()?, first, 5 * 1_024);
    Ok(())
}

/// A running function and the mock that sends its events.
struct RunningFunction {
    process: Child,
    started: Instant,
    address: SocketAddr,
    events: Sender<Vec<u8>>,
    answers: Receiver<TimedAnswer>,
    ended: Arc<AtomicBool>,
}

/// The answer of a function, and its time.
struct FunctionAnswer {
    millis: f64,
    body: Vec<u8>,
}

impl RunningFunction {
    fn start(program: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let (events, answers) = RuntimeMock::listen(listener, Arc::clone(&ended));
        let started = Instant::now();
        let process = Command::new(program)
            .env_clear()
            .envs(SETTINGS)
            .envs(AWS)
            .envs(settings.iter().copied())
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .envs(LAMBDA)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self { process, started, address, events, answers, ended })
    }

    /// Sends one call and waits for its answer.
    fn call(&self, request: &Request<Vec<u8>>) -> Result<FunctionAnswer> {
        self.events.send(event(request)?.into_bytes())?;
        let (at, body) = self.answers.recv_timeout(Duration::from_secs(10))?;
        let millis = at.duration_since(self.started).as_secs_f64() * 1_000.0;
        Ok(FunctionAnswer { millis, body })
    }

    /// The peak memory of the process.
    fn peak_kib(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.process.id());
        let text = std::fs::read_to_string(path)?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.ok_or("no VmHWM")?.parse()?)
    }
}

impl Drop for RunningFunction {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the mock, which waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl FunctionAnswer {
    /// Checks that the answer is signed and a success.
    fn check(&self) -> Result<()> {
        let Outgoing { headers, body } = serde_json::from_slice(&self.body)?;
        let mut response = Response::new(body.into_bytes());
        for (name, value) in headers {
            let name: HeaderName = name.parse()?;
            response.headers_mut().insert(name, value.parse()?);
        }
        verify_body_sign(&response, BASE_KEY)?;
        match Answer::read(&response)?.code.as_str() {
            "000000" => Ok(()),
            code => Err(format!("answered {code}").into()),
        }
    }
}

/// An answer in the form that a function gives to API Gateway.
#[derive(Deserialize)]
struct Outgoing {
    headers: BTreeMap<String, String>,
    body: String,
}

/// Made-up credentials in the variables that Lambda sets for a function.
const AWS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "MADEUPACCESSKEYID"),
    ("AWS_SECRET_ACCESS_KEY", "made-up-secret-access-key"),
    ("AWS_REGION", "eu-central-1"),
];

/// The variables that `lambda_http` requires.
const LAMBDA: [(&str, &str); 5] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "function"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/function"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "mock"),
];
