//! The relay as its platforms start it: Lambda's schedule, and FunctionGraph's timer by its custom
//! runtime. Each is played by a socket of this machine that speaks what its guide says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected fails, and says where"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 32 bytes that look made up.
const SEAL_KEY: &str = "bWFkZS11cC1zZWFsLWtleS1vZi0zMi1ieXRlcy0tLS0=";
const REPORT: &str = r#"{"abandoned":0,"dead":0,"delivered":0,"failed":0,"partsKept":0,"partsLetGo":0,"stopped":false,"troubled":0,"unfinished":false}"#;

/// A relay that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(environment: &[(&str, &str)]) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
    command
        .env_clear()
        .env("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks")
        .env("KOOHOOK_PRODUCT_SECRET", "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMQ==")
        .env("KOOHOOK_SEAL_KEY", SEAL_KEY)
        .env("KOOHOOK_STORE", "memory:")
        .envs(environment.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    Running(command.spawn().unwrap())
}

/// One request: its line, and its body.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let (mut line, mut len) = (String::new(), 0);
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut header = String::new();
    while reader.read_line(&mut header).unwrap() > 2 {
        if let Some(("content-length", value)) = header.to_lowercase().trim_end().split_once(": ") {
            len = value.parse().unwrap();
        }
        header.clear();
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).unwrap();
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    Some((line, String::from_utf8(body).unwrap()))
}

/// Plays a runtime: answers each request in turn, by its line and the next of these answers, and
/// gives back what was posted. A relay that never asks has failed.
fn play(listener: TcpListener, answers: &[(&str, &str)]) -> Vec<String> {
    let owned = |(line, answer): &(&str, &str)| ((*line).to_owned(), (*answer).to_owned());
    let answers: Vec<(String, String)> = answers.iter().map(owned).collect();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(posted(&listener, &answers)));
    told.recv_timeout(Duration::from_secs(60)).unwrap()
}

fn posted(listener: &TcpListener, answers: &[(String, String)]) -> Vec<String> {
    let mut answers = answers.iter();
    let mut posted = Vec::new();
    loop {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        while let Some((line, body)) = request(&mut reader) {
            let Some((expected, answer)) = answers.next() else { return posted };
            assert_eq!(line, *expected);
            if line.starts_with("POST") {
                posted.push(body);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
    }
}

#[test]
fn a_schedule_of_lambda_starts_a_run_whatever_its_event_says() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let _relay = start(&[
        ("AWS_LAMBDA_RUNTIME_API", &address),
        ("AWS_LAMBDA_FUNCTION_NAME", "relay"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
    ]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let event = |id: &str, body: &str| {
        format!(
            "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: {id}\r\n\
             lambda-runtime-deadline-ms: {}\r\n\
             lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:1:function:relay\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            now + 60_000,
            body.len()
        )
    };
    let (first, second) = (event("one", r#"{"source":"aws.scheduler"}"#), event("two", "null"));
    let next = "GET /2018-06-01/runtime/invocation/next";
    let accepted = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
    let posted = play(
        listener,
        &[
            (next, &first),
            ("POST /2018-06-01/runtime/invocation/one/response", accepted),
            (next, &second),
            ("POST /2018-06-01/runtime/invocation/two/response", accepted),
        ],
    );
    assert_eq!(posted.len(), 2);
    for report in posted {
        // Lambda's answer is JSON; a report goes as its text.
        assert_eq!(report, format!("{REPORT:?}"));
    }
}

/// The platform's default is three seconds: no attempt would have its time, so the start says what
/// to do.
#[test]
fn a_timeout_of_function_graph_that_is_too_short_refuses_the_start() {
    for (timeout, refused) in [("3", true), ("4", true), ("5", false)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut relay = start(&[("RUNTIME_API_ADDR", &address), ("RUNTIME_TIMEOUT", timeout)]);
        if refused {
            let mut said = String::new();
            relay.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            assert!(said.contains("RUNTIME_TIMEOUT is too short"), "{timeout}: {said}");
            assert!(!relay.0.wait().unwrap().success());
        } else {
            // It asks for its first event.
            let none = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
            play(listener, &[("GET /v1/runtime/invocation/request", none)]);
        }
    }
}

#[test]
fn a_timer_of_function_graph_starts_a_run_and_hears_of_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let _relay = start(&[("RUNTIME_API_ADDR", &address), ("RUNTIME_TIMEOUT", "30")]);
    let next = "GET /v1/runtime/invocation/request";
    let event = "HTTP/1.1 200 OK\r\nX-CFF-Request-Id: one\r\ncontent-length: 2\r\n\r\n{}";
    let none = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    let taken = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let posted = play(
        listener,
        &[
            (next, none),
            (next, event),
            ("POST /v1/runtime/invocation/response/one", taken),
            (next, none),
        ],
    );
    assert_eq!(posted, [REPORT]);
}
