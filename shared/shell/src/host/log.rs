//! The log: one JSON line for each event. It goes to the standard output, where every function host
//! collects it. The log of a command that prints data goes to the standard error.

use std::{io, panic};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config;

/// The stream to which the log's lines are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum LogStream {
    /// The standard output.
    Output,
    /// The standard error: the standard output is for data.
    Error,
}

/// Starts the log, once per process, and logs which variables look like settings but are not.
pub fn start_log(targets: &str) {
    start_log_on(targets, LogStream::Output);
}

/// Starts the log of a command that prints data, on the standard error.
pub fn start_log_aside(targets: &str) {
    start_log_on(targets, LogStream::Error);
}

fn start_log_on(targets: &str, stream: LogStream) {
    start(targets, stream);
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for (name, nearest) in config::unknown_settings(names) {
        tracing::warn!(name, nearest, "unknown setting ignored");
    }
}

/// Starts the log, once per process. If the targets cannot be read, the level is `info`.
///
/// A panic is logged with its place only. Its message could contain a value.
fn start(targets: &str, stream: LogStream) {
    let targets =
        targets.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false);
    let lines = lines.with_writer(match stream {
        LogStream::Output => BoxMakeWriter::new(io::stdout),
        LogStream::Error => BoxMakeWriter::new(io::stderr),
    });
    // If the log is started twice, the first one stays.
    let _ = tracing_subscriber::registry().with(targets).with(lines).try_init();
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}
