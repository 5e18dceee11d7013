//! A Redis of a test's own, to be stopped, demoted and promoted.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ::redis::{Client, Connection, FromRedisValue};
use tempfile::TempDir;

/// A server that does not outlive its test.
pub struct RedisServer {
    child: Child,
    port: u16,
    _folder: TempDir,
}

/// Longer than a server takes to start, or a replica to follow.
const PATIENCE: Duration = Duration::from_secs(20);

impl RedisServer {
    /// Starts one that syncs every write, if this machine can; in CI it must.
    ///
    /// # Panics
    /// If it should start and does not.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        let there = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        if there.is_err() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "redis-server is missing");
            let _ = writeln!(std::io::stderr(), "!! SKIPPED redis-server is missing");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("a port is free").port();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"])
            .arg(folder.path())
            .args(["--appendonly", "yes", "--appendfsync", "always"])
            .args(["--repl-diskless-sync-delay", "0"])
            .args(arguments)
            .stdout(Stdio::null())
            .spawn();
        let server = Self { child: child.expect("it starts"), port, _folder: folder };
        until(|| server.connection().is_some());
        Some(server)
    }

    /// Starts the one that follows this one, and waits until it does.
    ///
    /// # Panics
    /// If it does not.
    pub fn replica(&self) -> Self {
        let replica = Self::start(&["--replicaof", "127.0.0.1", &self.port.to_string()]);
        let replica = replica.expect("another one started");
        // A replica that is online has heard all, and acknowledges what comes a second later.
        let mut connection = self.connection().expect("it is there");
        until(|| {
            let mut commands = ::redis::pipe();
            commands.cmd("PUBLISH").arg("any").arg("").cmd("WAIT").arg(1).arg(100);
            let answers: Result<[i64; 2], _> = commands.query(&mut connection);
            answers.is_ok_and(|[_, acknowledged]| acknowledged == 1)
        });
        replica
    }

    /// `redis://HOST:PORT`
    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// What it answers to a command, whose words blanks separate.
    ///
    /// # Panics
    /// If the answer is of another kind, or does not come.
    pub fn tell<T: FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut command = ::redis::cmd(words.next().expect("a command"));
        command.arg(words.collect::<Vec<_>>());
        let mut connection = self.connection().expect("it is there");
        command.query(&mut connection).expect("an answer to that")
    }

    /// Sends its process a signal.
    ///
    /// # Panics
    /// If there is no such process or signal.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
    }

    fn connection(&self) -> Option<Connection> {
        Client::open(self.address()).ok()?.get_connection().ok()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn until(mut comes: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !comes() {
        assert!(begun.elapsed() < PATIENCE, "it never comes");
        thread::yield_now();
    }
}
