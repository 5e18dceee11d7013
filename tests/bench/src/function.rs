//! How fast a function starts and how much memory it takes: the binary as it is deployed, fed by
//! a mock of the interface that AWS Lambda's runtime offers to its functions.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderName, Request, Response};
use serde::Deserialize;
use serde_json::json;
use simulator::answer::{Answer, verify_body_sign};
use tests::call::{BASE_KEY, SETTINGS};

use crate::calls::purchase;
use crate::table::{Table, Target, paired};
use crate::{Pace, Result, now_millis};

/// Measures milliseconds from the start of a process to its first answer, verified.
pub fn measure_start(ours: &Path, hello: &Path, pace: &Pace, table: &mut Table) -> Result<()> {
    let (mut starts, mut hellos) = (Vec::new(), Vec::new());
    for number in 0..=pace.starts {
        let call = purchase(&format!("CS{number:014}"), now_millis()?);
        let hello = Function::start(hello, &[])?.call(&call)?;
        let answer = Function::start(ours, &[])?.call(&call)?;
        answer.check()?;
        // The first pair finds its binaries on disk and not in memory.
        if number > 0 {
            starts.push(answer.millis);
            hellos.push(hello.millis);
        }
    }
    let (medians, ratio) = paired(starts, hellos);
    let figure = "start of new-instance / hello, ms to first answer";
    table.add(figure, medians, ratio, Target::RatioAtMost(1.3));
    Ok(())
}

/// Milliseconds from the start of a process to its first answer, over a store.
pub fn starts(program: &Path, settings: &[(&str, &str)], pace: &Pace) -> Result<Vec<f64>> {
    let mut starts = Vec::new();
    for number in 0..=pace.starts {
        let now = now_millis()?;
        let call = purchase(&format!("CS{now}S{number}"), now);
        let answer = Function::start(program, settings)?.call(&call)?;
        answer.check()?;
        if number > 0 {
            starts.push(answer.millis);
        }
    }
    Ok(starts)
}

/// Measures what a process holds after many purchases, over what it held after the first.
pub fn measure_memory(ours: &Path, pace: &Pace, table: &mut Table) -> Result<()> {
    let function = Function::start(ours, &[])?;
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

/// A running function and the mock that feeds it.
struct Function {
    process: Child,
    started: Instant,
    address: SocketAddr,
    events: Sender<Vec<u8>>,
    answers: Receiver<(Instant, Vec<u8>)>,
    ended: Arc<AtomicBool>,
}

/// What a function answered, and when.
struct Answered {
    millis: f64,
    body: Vec<u8>,
}

impl Function {
    fn start(program: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (events, waiting) = channel();
        let (answered, answers) = channel();
        let ended = Arc::new(AtomicBool::new(false));
        let context = Desk { events: Arc::new(Mutex::new(waiting)), answered };
        let until = Arc::clone(&ended);
        std::thread::spawn(move || context.open(&listener, &until));
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

    /// Hands out one call and waits for its answer.
    fn call(&self, request: &Request<Vec<u8>>) -> Result<Answered> {
        self.events.send(event(request)?.into_bytes())?;
        let (at, body) = self.answers.recv_timeout(Duration::from_secs(10))?;
        let millis = at.duration_since(self.started).as_secs_f64() * 1_000.0;
        Ok(Answered { millis, body })
    }

    /// The most memory that it ever held.
    fn peak_kib(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.process.id());
        let text = std::fs::read_to_string(path)?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.ok_or("no VmHWM")?.parse()?)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the mock, which waits for a caller.
        let _ = TcpStream::connect(self.address);
    }
}

impl Answered {
    /// Holds the answer against the guide: signed, and a success.
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

/// An answer as a function hands it to API Gateway.
#[derive(Deserialize)]
struct Outgoing {
    headers: BTreeMap<String, String>,
    body: String,
}

/// What Lambda gives a function to sign its calls with; made up.
const AWS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "MADEUPACCESSKEYID"),
    ("AWS_SECRET_ACCESS_KEY", "made-up-secret-access-key"),
    ("AWS_REGION", "eu-central-1"),
];

/// What `lambda_http` insists on.
const LAMBDA: [(&str, &str); 5] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "function"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/function"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "mock"),
];

/// A request as API Gateway's HTTP API hands it to a function, payload 2.0.
fn event(request: &Request<Vec<u8>>) -> Result<String> {
    let uri = request.uri();
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": uri.path(),
        "rawQueryString": uri.query(),
        "headers": {
            "accept": "application/json",
            "content-type": "application/json;charset=utf8",
            "host": uri.host(),
        },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "mock",
            "domainName": uri.host(),
            "domainPrefix": "mock",
            "http": {
                "method": request.method().as_str(),
                "path": uri.path(),
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "mock",
            },
            "requestId": "mock",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": str::from_utf8(request.body())?,
        "isBase64Encoded": false,
    });
    Ok(event.to_string())
}

/// The mock: whoever polls is handed the next event; what is posted is an answer.
#[derive(Clone)]
struct Desk {
    events: Arc<Mutex<Receiver<Vec<u8>>>>,
    answered: Sender<(Instant, Vec<u8>)>,
}

impl Desk {
    fn open(self, listener: &TcpListener, ended: &AtomicBool) {
        for stream in listener.incoming().map_while(std::result::Result::ok) {
            if ended.load(Ordering::SeqCst) {
                return;
            }
            let context = self.clone();
            // A connection that breaks off is the end of a function, and no news.
            std::thread::spawn(move || drop(context.serve(&stream)));
        }
    }

    fn serve(&self, stream: &TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        let mut writer = stream;
        while let Some((line, body)) = request(&mut reader)? {
            if line.starts_with("GET ") {
                let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
                writer.write_all(&handed(&events.recv()?)?)?;
            } else {
                self.answered.send((Instant::now(), body))?;
                writer.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")?;
            }
        }
        Ok(())
    }
}

/// One request, its first line and its body; nothing where the connection has ended.
fn request(reader: &mut BufReader<&TcpStream>) -> Result<Option<(String, Vec<u8>)>> {
    let mut first = String::new();
    reader.read_line(&mut first)?;
    if first.is_empty() {
        return Ok(None);
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(number) = line.strip_prefix("content-length: ") {
            length = number.parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((first, body)))
}

/// The answer to a poll.
fn handed(event: &[u8]) -> Result<Vec<u8>> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Lambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-000000000000\r\n\
         Lambda-Runtime-Deadline-Ms: {}\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:local:000000000000:function:mock\r\n\
         \r\n",
        event.len(),
        now_millis()? + 10_000,
    );
    Ok([head.as_bytes(), event].concat())
}
