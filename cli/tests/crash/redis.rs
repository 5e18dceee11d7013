//! Runs `koohook dev` over a real Redis that is killed, stopped, full, demoted or without its scripts.
//!
//! Acknowledged changes may only be lost if the durability of the server allows it. No instance may exist
//! twice. koohook must answer `000005` in time if the outcome of a write is unknown.

mod failovers;
mod health;
mod kills;
mod outages;
mod starts;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

use tempfile::TempDir;

use crate::load::{new_instance, send};
use crate::running::{Running, SEAL_KEY};

/// A server with these options loses no write.
pub const ALWAYS: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];
/// A server with these options may lose the writes of a second.
const EVERYSEC: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "everysec"];

/// A Redis for one test.
pub struct LocalRedis {
    running: Running,
    port: u16,
    folder: TempDir,
    arguments: Vec<String>,
}

impl LocalRedis {
    /// Starts a Redis. Without redis-server the test is skipped, but in CI it fails.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        if found.is_err() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "redis-server is missing");
            let _ = writeln!(std::io::stderr(), "!! SKIPPED redis-server is missing");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let arguments: Vec<_> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let running = run_redis(port, &folder, &arguments);
        let redis = Self { running, port, folder, arguments };
        redis.wait();
        Some(redis)
    }

    /// The `KOOHOOK_STORE` that names it.
    pub fn setting(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills the server and starts it again with its files.
    fn crash(&mut self) {
        self.running.kill();
        self.running = run_redis(self.port, &self.folder, &self.arguments);
        self.wait();
    }

    /// Sends a signal to the process.
    fn signal(&self, signal: &str) {
        let id = self.running.0.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Sends a command and returns the first line of the answer.
    fn ask(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    }

    /// Sends a command that must succeed.
    fn command(&self, command: &str) {
        assert_eq!(self.ask(command).as_deref(), Some("+OK"), "{command}");
    }

    /// Waits until a replica has every write.
    fn wait_for_replica(&self) {
        while self.ask("WAIT 1 100").as_deref() != Some(":1") {
            thread::yield_now();
        }
    }

    fn wait(&self) {
        while self.ask("PING").as_deref() != Some("+PONG") {
            thread::yield_now();
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn run_redis(port: u16, folder: &TempDir, arguments: &[String]) -> Running {
    let child = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"])
        .arg(folder.path())
        .args(arguments)
        .stdout(Stdio::null())
        .spawn();
    Running(child.unwrap())
}

fn code(address: &str, order: &str) -> String {
    send(address, &new_instance(order)).unwrap().code
}

/// A cluster of one node, which has every slot.
fn cluster() -> Option<LocalRedis> {
    let bus = free_port().to_string();
    let clustered = ["--cluster-enabled", "yes", "--cluster-port", &bus];
    let node = LocalRedis::start(&[&ALWAYS[..], &clustered].concat())?;
    node.command("CLUSTER ADDSLOTSRANGE 0 16383");
    while node.ask("SET up yes").as_deref() != Some("+OK") {
        thread::yield_now();
    }
    Some(node)
}

/// The durability grade that koohook logs at its start, or the error of a failed start.
fn found(setting: &str) -> Result<String, String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_koohook"))
        .args(["dev", "--quiet"])
        .env("KOOHOOK_LISTEN", "127.0.0.1:0")
        .env("KOOHOOK_SEAL_KEY", SEAL_KEY)
        .env("KOOHOOK_STORE", setting)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let mut running = Running(child);
    let mut grade = String::new();
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let Ok(line) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
        if let Some(found) = line["found"].as_str() {
            grade = format!("{} {found}", line["grade"].as_str().unwrap());
        }
        if line.get("listen").is_some() {
            running.kill();
            return Ok(grade);
        }
    }
    let mut error = String::new();
    stderr.read_to_string(&mut error).unwrap();
    Err(error)
}
