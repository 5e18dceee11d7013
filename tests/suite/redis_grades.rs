//! The grade of a Redis whose settings change while koohook runs.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use shell::store::{AnyStore, StoreSetting};
use tests::log::Log;
use tests::redis_server::RedisServer;
use tests::servers::run;

fn open(server: &RedisServer) -> AnyStore {
    run(StoreSetting::parse(&server.address()).unwrap().open(false)).unwrap()
}

/// The log line after the grade is read again: its level and its grades. `None` if no line is
/// logged.
fn logged(store: &AnyStore) -> Option<(String, String)> {
    let log = Log::default();
    {
        let _kept = log.keep();
        run(store.reassess());
    }
    let text = log.text();
    assert!(text.lines().count() <= 1 && !text.contains("127.0.0.1"), "{text}");
    let line: serde_json::Value = serde_json::from_str(text.lines().next()?).unwrap();
    let text = |name: &str| line[name].as_str().unwrap().to_owned();
    if text("level") != "INFO" {
        assert!(!text("advice").is_empty(), "the line states what the operator must do");
    }
    Some((text("level"), format!("{} {}", text("was"), text("grade"))))
}

/// The error of a start that fails.
fn refusal(setting: &str) -> String {
    run(StoreSetting::parse(setting).unwrap().open(false)).unwrap_err().to_string()
}

#[test]
fn the_error_names_a_setting_that_does_not_fit_the_server() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let address = server.address();
    let number = refusal(&format!("{address}/99"));
    assert!(number.contains("no database with this number; correct the number"), "{number}");
    let cluster = refusal(&format!("{address}?cluster=true"));
    assert!(cluster.contains("remove cluster=true"), "{cluster}");
}

/// The server answers every line like a mail server.
#[test]
fn the_error_reports_a_server_that_is_not_a_redis() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let setting = format!("redis://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming().flatten() {
            let _ = (&stream).write_all(b"220 made-up.example ESMTP\r\n".repeat(9).as_slice());
            // It waits for the next line.
            open.push(stream);
        }
    });
    let refusal = refusal(&setting);
    assert!(refusal.contains("does not answer like a Redis server; correct the host"), "{refusal}");
}

/// A proxy holds the questions back until koohook has sent all of them.
#[test]
fn a_start_asks_the_server_in_one_round_trip() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let setting = format!("redis://{}", listener.local_addr().unwrap());
    let server = TcpStream::connect(server.address().trim_start_matches("redis://")).unwrap();
    thread::spawn(move || {
        let client = listener.accept().unwrap().0;
        thread::scope(|threads| {
            threads.spawn(|| io::copy(&mut &server, &mut &client));
            hold_questions(&client, &server)
        })
    });
    run(StoreSetting::parse(&setting).unwrap().open(false)).unwrap();
}

fn hold_questions(mut client: &TcpStream, mut server: &TcpStream) -> io::Result<()> {
    let (mut held, mut chunk) = (Vec::new(), [0; 4_096]);
    loop {
        let read = client.read(&mut chunk)?;
        if read == 0 {
            return server.shutdown(Shutdown::Both);
        }
        held.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&held);
        let asked = QUESTIONS.iter().filter(|question| text.contains(*question)).count();
        // Before the questions, the client introduces itself.
        if asked == 0 || asked == QUESTIONS.len() {
            server.write_all(&held)?;
            held.clear();
        }
    }
}

/// What koohook asks before it serves.
const QUESTIONS: [&str; 5] = ["PING", "\nINFO", "appendonly", "appendfsync", "maxmemory-policy"];

fn line(level: &str, grades: &str) -> Option<(String, String)> {
    Some((level.to_owned(), grades.to_owned()))
}

#[test]
fn a_changed_grade_is_logged_once() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let store = open(&server);
    assert_eq!(logged(&store), None);
    for (setting, expected) in [
        ("appendfsync everysec", line("WARN", "A B")),
        ("appendfsync no", line("ERROR", "B C")),
        ("maxmemory-policy allkeys-lru", None),
        ("appendfsync always", None),
        ("maxmemory-policy noeviction", line("INFO", "C A")),
        ("appendonly no", line("ERROR", "A C")),
        ("appendfsync everysec", None),
        ("appendonly yes", line("INFO", "C B")),
        ("appendfsync always", line("INFO", "B A")),
    ] {
        let _: () = server.command(&format!("CONFIG SET {setting}"));
        assert_eq!(logged(&store), expected, "{setting}");
        assert_eq!(logged(&store), None, "{setting}");
    }
    let _replica = server.replica();
    assert_eq!(logged(&store), line("WARN", "A B"), "a failover has become possible");
}

#[test]
fn a_server_that_does_not_answer_does_not_change_the_grade() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let store = open(&server);
    let _: () = server.command("CONFIG SET appendonly no");
    server.signal("-STOP");
    assert_eq!(logged(&store), None);
    server.signal("-CONT");
    let _: () = server.command("REPLICAOF 127.0.0.1 1");
    assert_eq!(logged(&store), None, "a replica's settings do not count");
    let _: () = server.command("REPLICAOF NO ONE");
    assert_eq!(logged(&store), line("ERROR", "A C"));
    let address = server.address();
    drop(server);
    assert_eq!(logged(&store), None, "the server at {address} was stopped");
}

#[test]
fn other_stores_have_no_grade() {
    let store = run(StoreSetting::parse("memory:").unwrap().open(false)).unwrap();
    assert_eq!(logged(&store), None);
}
