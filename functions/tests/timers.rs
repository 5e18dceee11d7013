//! Checks that Lambda's schedule and FunctionGraph's timer start the relay. A local socket
//! simulates each platform's runtime API.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 32 bytes that are obviously only for tests.
const SEAL_KEY: &str = "bWFkZS11cC1zZWFsLWtleS1vZi0zMi1ieXRlcy0tLS0=";
const REPORT: &str = r#"{"abandoned":0,"dead":0,"delivered":0,"failed":0,"partsDeleted":0,"partsKept":0,"stopped":false,"troubled":0,"unfinished":false,"usageDropped":0,"usageLate":0,"usageRejected":0,"usageSent":0,"usageStopped":false,"usageTroubled":0,"usageUnfinished":false,"usageWaiting":0}"#;

/// A relay process. It is stopped when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(environment: &[(&str, &str)]) -> Running {
    Running(relay(environment).stdout(Stdio::null()).spawn().unwrap())
}

fn relay(environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
    command
        .env_clear()
        .env("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks")
        .env("KOOHOOK_PRODUCT_SECRET", "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMQ==")
        .env("KOOHOOK_SEAL_KEY", SEAL_KEY)
        .env("KOOHOOK_STORE", "memory:")
        .envs(environment.iter().copied())
        .stderr(Stdio::piped());
    command
}

/// Reads one request: its request line and its body.
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

/// Simulates a runtime. Each request must have the next expected line and gets its answer. Returns
/// the posted bodies. The test fails if the relay sends no request within 60 seconds.
fn play(listener: TcpListener, answers: &[(&str, &str)]) -> Vec<String> {
    let owned = |(line, answer): &(&str, &str)| ((*line).to_owned(), (*answer).to_owned());
    let answers: Vec<(String, String)> = answers.iter().map(owned).collect();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(posted(&listener, &answers)));
    receiver.recv_timeout(Duration::from_secs(60)).unwrap()
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
fn any_event_of_lambdas_schedule_starts_a_relay_run() {
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
        assert_eq!(report, REPORT);
    }
}

/// FunctionGraph's default timeout is three seconds, which is too short for a delivery attempt. So
/// the relay does not start, and the error names the setting.
#[test]
fn the_relay_does_not_start_if_function_graphs_timeout_is_too_short() {
    for (timeout, rejected) in [("3", true), ("4", true), ("5", false)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut relay = start(&[("RUNTIME_API_ADDR", &address), ("RUNTIME_TIMEOUT", timeout)]);
        if rejected {
            let mut errors = String::new();
            relay.0.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            assert!(errors.contains("RUNTIME_TIMEOUT is too short"), "{timeout}: {errors}");
            assert!(!relay.0.wait().unwrap().success());
        } else {
            // The relay started: it requests its first event.
            let none = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
            play(listener, &[("GET /v1/runtime/invocation/request", none)]);
        }
    }
}

#[test]
fn function_graphs_timer_starts_a_run_and_gets_the_report() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let _relay = start(&[("RUNTIME_API_ADDR", &address), ("RUNTIME_TIMEOUT", "30")]);
    let next = "GET /v1/runtime/invocation/request";
    let event = "HTTP/1.1 200 OK\r\nX-CFF-Request-Id: one\r\ncontent-length: 2\r\n\r\n{}";
    let none = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    let accepted = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let posted = play(
        listener,
        &[
            (next, none),
            (next, event),
            ("POST /v1/runtime/invocation/response/one", accepted),
            (next, none),
        ],
    );
    assert_eq!(posted, [REPORT]);
}

/// Runs a relay on FunctionGraph until it has sent these requests and one more. Returns its log.
fn log_of(settings: &[(&str, &str)], answers: &[(&str, &str)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let platform = [("RUNTIME_API_ADDR", address.as_str()), ("RUNTIME_TIMEOUT", "30")];
    let environment = [&platform[..], settings].concat();
    let mut running = Running(relay(&environment).stdout(Stdio::piped()).spawn().unwrap());
    play(listener, answers);
    running.0.kill().unwrap();
    let mut log = String::new();
    running.0.stdout.take().unwrap().read_to_string(&mut log).unwrap();
    log
}

/// Checks that exactly one line has this level and this message.
fn check_line(log: &str, level: &str, message: &str) {
    let (level, message) = (format!(r#""level":"{level}""#), format!(r#""message":"{message}"#));
    let count = log.lines().filter(|it| it.contains(&level) && it.contains(&message)).count();
    assert_eq!(count, 1, "{level} {message}: {log}");
}

#[test]
fn a_result_that_function_graph_does_not_accept_is_a_warning() {
    let next = "GET /v1/runtime/invocation/request";
    let event = "HTTP/1.1 200 OK\r\nX-CFF-Request-Id: one\r\ncontent-length: 2\r\n\r\n{}";
    let failed = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
    let answers = [(next, event), ("POST /v1/runtime/invocation/response/one", failed)];
    check_line(&log_of(&[], &answers), "WARN", "platform did not accept the result of the run");
}

#[test]
fn settings_that_an_operator_must_see_are_warnings_at_the_start() {
    let settings = [
        ("KOOHOOK_PRODUCT_URL", "http://10.0.0.1/hooks"),
        ("KOOHOOK_PRODUCT_HTTP", "private"),
        ("KOOHOOK_PRODUCT_SECRETE", "canary"),
    ];
    let none = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    let log = log_of(&settings, &[("GET /v1/runtime/invocation/request", none)]);
    check_line(&log, "WARN", "product is called over http; credentials");
    check_line(&log, "WARN", "unknown setting ignored");
    check_line(&log, "WARN", "store is lost with the instance");
    assert!(
        log.contains(r#""nearest":"KOOHOOK_PRODUCT_SECRET""#) && !log.contains("canary"),
        "{log}"
    );
}

/// Another program listens at the address.
#[test]
fn a_function_that_cannot_start_is_an_error_in_the_log_and_an_exit_code() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let settings = [
        ("KOOHOOK_LISTEN", address.as_str()),
        ("KOOHOOK_RELAY_SECRET", "constructed-relay-secret"),
    ];
    let output = relay(&settings).stdout(Stdio::piped()).output().unwrap();
    let [log, errors] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    assert_eq!(output.status.code(), Some(1), "{log} {errors}");
    check_line(&log, "ERROR", "cannot start");
    assert!(errors.contains("koohook does not start"), "{errors}");
}

/// A platform's alarm reads the log, not the standard error.
#[test]
fn unusable_settings_are_an_error_in_the_log() {
    let output = relay(&[("KOOHOOK_STORE", "canary:")]).stdout(Stdio::piped()).output().unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    check_line(&log, "ERROR", "cannot start");
    assert!(log.contains("KOOHOOK_STORE") && !log.contains("canary"), "{log}");
}
