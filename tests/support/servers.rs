//! Servers that `tests/servers` started, and a runtime to speak to them from.

use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Runtime;

use crate::dynamodb::Table;

/// A server that a store may be in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Server {
    /// One Redis.
    Redis,
    /// Three of them.
    RedisCluster,
    /// Amazon's own emulator.
    Dynamodb,
    /// One that a single test makes forget its scripts.
    RedisForgetful,
}

impl Server {
    /// The variable in which `tests/servers` leaves its address.
    const fn variable(self) -> &'static str {
        match self {
            Self::Redis => "KOOHOOK_TEST_REDIS",
            Self::RedisCluster => "KOOHOOK_TEST_REDIS_CLUSTER",
            Self::Dynamodb => "KOOHOOK_TEST_DYNAMODB",
            Self::RedisForgetful => "KOOHOOK_TEST_REDIS_FORGETFUL",
        }
    }
}

/// `KOOHOOK_STORE` for a store in a server that nobody else has keys in; nothing where there is
/// no such server: said aloud, and in CI a failure.
pub fn setting(server: Server) -> Option<String> {
    static DRAWN: AtomicUsize = AtomicUsize::new(0);
    let variable = server.variable();
    let Ok(address) = std::env::var(variable) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{variable} is not set");
        // Past the test's own output, which nobody sees where it passes.
        let _ = writeln!(std::io::stderr(), "!! SKIPPED {variable} is not set: use tests/servers");
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
        builder.worker_threads(2).enable_all().build().expect("this machine runs threads")
    });
    &RUNTIME
}

/// Runs a future to its end, on that runtime.
pub fn run<F: Future>(future: F) -> F::Output {
    runtime().block_on(future)
}
