//! A Redis server for one test, which the test stops, demotes and promotes.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ::redis::{Client, Connection, FromRedisValue};
use tempfile::TempDir;

/// A server that stops when its test ends.
pub struct RedisServer {
    child: Child,
    port: u16,
    _folder: TempDir,
}

/// The longest wait for a server's start or a replica's synchronization.
const PATIENCE: Duration = Duration::from_secs(20);

impl RedisServer {
    /// Starts a server that syncs every write, or returns `None` if this machine has no Redis.
    ///
    /// # Panics
    /// If the server does not start, or if CI has no Redis.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        if found.is_err() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "redis-server is missing");
            let _ = writeln!(std::io::stderr(), "!! SKIPPED: redis-server is missing; install it");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder is created");
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
        let server = Self { child: child.expect("the server starts"), port, _folder: folder };
        until(|| server.connection().is_some());
        Some(server)
    }

    /// Starts a replica of this server, and waits until it is synchronized.
    ///
    /// # Panics
    /// If the replica does not start or synchronize.
    pub fn replica(&self) -> Self {
        let replica = Self::start(&["--replicaof", "127.0.0.1", &self.port.to_string()]);
        let replica = replica.expect("this server started, so its replica can");
        // A replica that is online has all data, and acknowledges new data within a second.
        let mut connection = self.connection().expect("the server answers");
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

    /// Sends a command, whose words are separated by blanks, and returns the answer.
    ///
    /// # Panics
    /// If no answer comes, or it has another type.
    pub fn command<T: FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut command = ::redis::cmd(words.next().expect("the command has a first word"));
        command.arg(words.collect::<Vec<_>>());
        let mut connection = self.connection().expect("the server answers");
        command.query(&mut connection).expect("the server answers with this type")
    }

    /// Sends the server's process a signal.
    ///
    /// # Panics
    /// If there is no such process or signal.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill exists").success());
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

fn until(mut is_true: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_true() {
        assert!(start.elapsed() < PATIENCE, "the server did not reach the state in time");
        thread::yield_now();
    }
}
