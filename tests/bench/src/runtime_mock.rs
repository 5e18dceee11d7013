//! A mock of the interface that the runtimes of AWS Lambda and of FunctionGraph offer to their functions.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::Request;
use serde_json::{Map, json};

use crate::clock::now_millis;
use crate::outcome::Result;

/// An answer and the time when it arrived.
pub type TimedAnswer = (Instant, Vec<u8>);

/// The mock. It answers each poll with the next event, and each post contains an answer.
#[derive(Clone)]
pub struct RuntimeMock {
    events: Arc<Mutex<Receiver<Vec<u8>>>>,
    answered: Sender<TimedAnswer>,
}

impl RuntimeMock {
    /// Serves on a separate thread until the function has ended. Returns the sender of events and
    /// the receiver of answers with their times.
    pub fn listen(
        listener: TcpListener,
        ended: Arc<AtomicBool>,
    ) -> (Sender<Vec<u8>>, Receiver<TimedAnswer>) {
        let (events, waiting) = channel();
        let (answered, answers) = channel();
        let mock = Self { events: Arc::new(Mutex::new(waiting)), answered };
        std::thread::spawn(move || mock.open(&listener, &ended));
        (events, answers)
    }

    fn open(self, listener: &TcpListener, ended: &AtomicBool) {
        for stream in listener.incoming().map_while(std::result::Result::ok) {
            if ended.load(Ordering::SeqCst) {
                return;
            }
            let mock = self.clone();
            // If a connection breaks, its function has ended. This is not an error.
            std::thread::spawn(move || drop(mock.serve(&stream)));
        }
    }

    fn serve(&self, stream: &TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        let mut writer = stream;
        while let Some((line, body)) = request(&mut reader)? {
            if line.starts_with("GET ") {
                let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
                writer.write_all(&poll_answer(&events.recv()?)?)?;
            } else {
                self.answered.send((Instant::now(), body))?;
                writer.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")?;
            }
        }
        Ok(())
    }
}

/// One request: its first line and its body; `None` if the connection has ended.
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
fn poll_answer(event: &[u8]) -> Result<Vec<u8>> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Lambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-000000000000\r\n\
         X-Cff-Request-Id: 00000000-0000-4000-8000-000000000000\r\n\
         Lambda-Runtime-Deadline-Ms: {}\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:local:000000000000:function:mock\r\n\
         \r\n",
        event.len(),
        now_millis()? + 10_000,
    );
    Ok([head.as_bytes(), event].concat())
}

/// A request in the form that API Gateway's HTTP API sends to a function, payload 2.0.
pub fn event(request: &Request<Vec<u8>>) -> Result<String> {
    let uri = request.uri();
    let host = uri.host().unwrap_or("seller.example.com");
    let mut headers = Map::new();
    for (name, value) in [("accept", "application/json"), ("content-type", JSON), ("host", host)] {
        headers.insert(name.to_owned(), value.into());
    }
    for (name, value) in request.headers() {
        headers.insert(name.as_str().to_owned(), value.to_str()?.into());
    }
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": uri.path(),
        "rawQueryString": uri.query(),
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "mock",
            "domainName": host,
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

/// The content type of the marketplace's calls.
const JSON: &str = "application/json;charset=utf8";
