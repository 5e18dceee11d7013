//! A running function whose platform gives it events, and the mock of this platform.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use http::{Request, Response};
use serde::Deserialize;
use tests::call::{BASE_KEY, SETTINGS};

use crate::calls::verified;
use crate::outcome::Result;
use crate::peak_memory;
use crate::runtime_mock::{RuntimeMock, TimedAnswer, event};

/// A running function and the mock that sends its events.
pub struct RunningFunction {
    process: Child,
    started: Instant,
    address: SocketAddr,
    events: Sender<Vec<u8>>,
    answers: Receiver<TimedAnswer>,
    ended: Arc<AtomicBool>,
}

/// The answer of a function, and its time.
pub struct FunctionAnswer {
    /// The milliseconds since the start of the process.
    pub millis: f64,
    /// What the function posted.
    pub body: Vec<u8>,
}

impl RunningFunction {
    /// Starts a function as AWS Lambda does.
    pub fn start(program: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(program);
        command.env_clear().envs(SETTINGS).envs(AWS).envs(settings.iter().copied()).envs(LAMBDA);
        Self::spawn(&mut command, "AWS_LAMBDA_RUNTIME_API")
    }

    /// Starts a command. The environment variable `runtime` gets the address of the mock.
    pub fn spawn(command: &mut Command, runtime: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let (events, answers) = RuntimeMock::listen(listener, Arc::clone(&ended));
        command.env(runtime, address.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
        let started = Instant::now();
        let process = command.spawn()?;
        Ok(Self { process, started, address, events, answers, ended })
    }

    /// Sends one call as an event, and waits for its answer.
    pub fn call(&self, request: &Request<Vec<u8>>) -> Result<FunctionAnswer> {
        self.send(event(request)?.into_bytes())
    }

    /// Sends one event and waits for its answer.
    pub fn send(&self, event: Vec<u8>) -> Result<FunctionAnswer> {
        self.events.send(event)?;
        let (at, body) = self.answers.recv_timeout(Duration::from_secs(10))?;
        let millis = at.duration_since(self.started).as_secs_f64() * 1_000.0;
        Ok(FunctionAnswer { millis, body })
    }

    /// The peak memory of the process.
    pub fn peak_kib(&self) -> Result<u64> {
        peak_memory::of_process(self.process.id())
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
    pub fn check(&self) -> Result<()> {
        verified(&self.response()?, BASE_KEY, "000000").map(drop)
    }

    /// The HTTP response in the answer.
    pub fn response(&self) -> Result<Response<Vec<u8>>> {
        let Outgoing { status, headers, body } = serde_json::from_slice(&self.body)?;
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        Ok(response.body(body.into_bytes())?)
    }
}

/// An answer in the form that a function gives to API Gateway.
#[derive(Deserialize)]
struct Outgoing {
    #[serde(rename = "statusCode")]
    status: u16,
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
