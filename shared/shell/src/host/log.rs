//! The log: one JSON line an event, to the standard output, where every function host collects it;
//! of a command that prints data, to the standard error.

use std::{io, panic};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Where the log's lines go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stream {
    /// To the standard output.
    Output,
    /// To the standard error: the standard output is for data.
    Aside,
}

/// Starts the log, once per process. Targets that cannot be read are as if they were `info`.
///
/// A panic is one line with its place: its message could quote a value, and is dropped.
pub fn start(targets: &str, stream: Stream) {
    let targets =
        targets.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false);
    let lines = lines.with_writer(match stream {
        Stream::Output => BoxMakeWriter::new(io::stdout),
        Stream::Aside => BoxMakeWriter::new(io::stderr),
    });
    // A second start in one process keeps the first log.
    let _ = tracing_subscriber::registry().with(targets).with(lines).try_init();
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}
