//! The grade of a Redis that changes while koohook runs.

use std::io::Write;
use std::net::TcpListener;
use std::thread;

use shell::store::{AnyStore, StoreSetting};
use tests::log::Log;
use tests::redis_server::RedisServer;
use tests::servers::run;

fn open(server: &RedisServer) -> AnyStore {
    run(StoreSetting::parse(&server.address()).unwrap().open(false)).unwrap()
}

/// What the log says when the grade is read again: the level and the grade; nothing for nothing.
fn said(store: &AnyStore) -> Option<(String, String)> {
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
        assert!(!text("advice").is_empty(), "an operator wants to know what to do");
    }
    Some((text("level"), format!("{} {}", text("was"), text("grade"))))
}

/// What a start says that is refused.
fn refusal(setting: &str) -> String {
    run(StoreSetting::parse(setting).unwrap().open(false)).unwrap_err().to_string()
}

#[test]
fn a_setting_that_does_not_fit_the_server_is_named() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let address = server.address();
    let number = refusal(&format!("{address}/99"));
    assert!(number.contains("no database with this number; correct the number"), "{number}");
    let cluster = refusal(&format!("{address}?cluster=true"));
    assert!(cluster.contains("remove cluster=true"), "{cluster}");
}

/// It answers every line as a mail server does, from the first word on.
#[test]
fn a_server_that_is_not_a_redis_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let setting = format!("redis://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ =
                stream.unwrap().write_all(b"220 made-up.example ESMTP\r\n".repeat(9).as_slice());
        }
    });
    let refusal = refusal(&setting);
    assert!(refusal.contains("does not answer like a Redis server; correct the host"), "{refusal}");
}

fn line(level: &str, grades: &str) -> Option<(String, String)> {
    Some((level.to_owned(), grades.to_owned()))
}

#[test]
fn a_grade_that_changes_is_said_once() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let store = open(&server);
    assert_eq!(said(&store), None);
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
        let _: () = server.tell(&format!("CONFIG SET {setting}"));
        assert_eq!(said(&store), expected, "{setting}");
        assert_eq!(said(&store), None, "{setting}");
    }
    let _replica = server.replica();
    assert_eq!(said(&store), line("WARN", "A B"), "a failover has become possible");
}

#[test]
fn a_server_that_does_not_answer_is_no_change() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let store = open(&server);
    let _: () = server.tell("CONFIG SET appendonly no");
    server.signal("-STOP");
    assert_eq!(said(&store), None);
    server.signal("-CONT");
    let _: () = server.tell("REPLICAOF 127.0.0.1 1");
    assert_eq!(said(&store), None, "a replica is another server");
    let _: () = server.tell("REPLICAOF NO ONE");
    assert_eq!(said(&store), line("ERROR", "A C"));
    let address = server.address();
    drop(server);
    assert_eq!(said(&store), None, "{address} is gone");
}

#[test]
fn other_stores_have_no_grade() {
    let store = run(StoreSetting::parse("memory:").unwrap().open(false)).unwrap();
    assert_eq!(said(&store), None);
}
