//! The servers that `tests/servers` started, and the runtime for connections to them.

use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Runtime;

use crate::dynamodb::Table;

/// A kind of server for a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Server {
    /// One Redis.
    Redis,
    /// A cluster of three Redis servers.
    RedisCluster,
    /// Amazon's emulator of DynamoDB.
    Dynamodb,
    /// A Redis for the one test that deletes the server's scripts.
    RedisForgetful,
}

impl Server {
    /// The environment variable in which `tests/servers` gives the server's address.
    const fn variable(self) -> &'static str {
        match self {
            Self::Redis => "KOOHOOK_TEST_REDIS",
            Self::RedisCluster => "KOOHOOK_TEST_REDIS_CLUSTER",
            Self::Dynamodb => "KOOHOOK_TEST_DYNAMODB",
            Self::RedisForgetful => "KOOHOOK_TEST_REDIS_FORGETFUL",
        }
    }
}

/// `KOOHOOK_STORE` for a store in a server, with a prefix or table that no other test uses. If the
/// server does not run, it prints a line and returns `None`; in CI it panics.
pub fn setting(server: Server) -> Option<String> {
    static DRAWN: AtomicUsize = AtomicUsize::new(0);
    let variable = server.variable();
    let Ok(address) = std::env::var(variable) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{variable} is not set");
        // Not with `eprintln!`: cargo hides that output if the test passes.
        let _ = writeln!(std::io::stderr(), "!! SKIPPED: {variable} is not set; run tests/servers");
        return None;
    };
    if server == Server::Dynamodb {
        return Some(Table::new(&address).setting);
    }
    let drawn = DRAWN.fetch_add(1, Ordering::SeqCst);
    let mark = if address.contains('?') { '&' } else { '?' };
    Some(format!("{address}{mark}prefix=test-{}-{drawn}", std::process::id()))
}

/// The runtime of every connection in this process.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().expect("the runtime starts")
    });
    &RUNTIME
}

/// Runs a future on that runtime until it finishes.
pub fn run<F: Future>(future: F) -> F::Output {
    runtime().block_on(future)
}
