//! A log that a test reads: the lines that `host::start_log` would write, in a buffer.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::Value;
use tracing::Dispatch;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

/// Everything that this thread logged, at every level, until [`Log::keep`]'s guard was dropped.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

/// If the process has fewer than two subscribers, `tracing` asks only one thread whether a log line
/// is wanted: the first thread that reaches the line. It then uses that result for all threads.
/// These two subscribers accept every line and write none, so `tracing` always asks each thread.
static LISTENERS: OnceLock<[Dispatch; 2]> = OnceLock::new();

impl Log {
    /// Keeps the lines that this thread logs, until the guard is dropped. The lines have the format
    /// of the hosts' lines, without the time.
    pub fn keep(&self) -> tracing::subscriber::DefaultGuard {
        LISTENERS.get_or_init(|| [(); 2].map(|()| Dispatch::new(Registry::default())));
        let lines = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .without_time()
            .with_writer(self.clone());
        let subscriber = tracing_subscriber::registry().with(LevelFilter::TRACE).with(lines);
        tracing::subscriber::set_default(subscriber)
    }

    /// The whole log.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).expect("the log is text")
    }

    /// The lines about callbacks, parsed as JSON.
    pub fn callbacks(&self) -> Vec<Value> {
        let text = self.text();
        let lines =
            text.lines().map(|line| serde_json::from_str(line).expect("a log line is JSON"));
        lines.filter(|line: &Value| line["message"] == "callback").collect()
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
