//! The log: one JSON line for each event. It goes to the standard output, where every function host
//! collects it. The log of a command that prints data goes to the standard error.

use std::{io, panic};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::EitherWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::log_layer::LogLayer;
use crate::config;

/// The stream to which the log's lines are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum LogStream {
    /// The standard output.
    Output,
    /// The standard error: the standard output is for data.
    Error,
}

impl<'w> MakeWriter<'w> for LogStream {
    type Writer = EitherWriter<io::Stdout, io::Stderr>;

    fn make_writer(&'w self) -> Self::Writer {
        match self {
            Self::Output => EitherWriter::A(io::stdout()),
            Self::Error => EitherWriter::B(io::stderr()),
        }
    }
}

/// Starts the log, once per process, and logs which variables look like settings but are not.
pub fn start_log(targets: &str) {
    start_log_on(targets, LogStream::Output);
}

/// Starts the log of a command that prints data, on the standard error.
pub fn start_log_aside(targets: &str) {
    start_log_on(targets, LogStream::Error);
}

/// Starts the log for the error of a start that could not read its settings.
pub(super) fn start_if_unstarted() {
    start("info", LogStream::Output);
}

fn start_log_on(targets: &str, stream: LogStream) {
    start(targets, stream);
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for (name, nearest) in config::unknown_settings(names) {
        tracing::warn!(name, nearest, "unknown setting ignored");
    }
}

/// Starts the log, once per process.
///
/// A panic is logged with its place only. Its message could contain a value.
fn start(targets: &str, stream: LogStream) {
    // If the log is started twice, the first one stays.
    let _ = log_lines(targets, stream).try_init();
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}

/// Writes the lines of the log, as `targets` (`KOOHOOK_LOG`) selects them. If the targets cannot be
/// read, the level is `info`.
///
/// Whatever the targets are, lines of other crates are written only at WARN and ERROR: other crates
/// log requests and bodies below that (decision G5). Spans of other crates add nothing to a line.
pub fn log_lines<W>(targets: &str, writer: W) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let targets =
        targets.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let lines = LogLayer::new(writer);
    tracing_subscriber::registry().with(targets).with(filter_fn(is_harmless)).with(lines)
}

/// Whether a line may be written: it is koohook's, or at least a warning.
fn is_harmless(line: &Metadata<'_>) -> bool {
    if line.target() == REPEATING {
        return false;
    }
    let krate = line.target().split("::").next().unwrap_or_default();
    *line.level() <= Level::WARN || OWN_CRATES.contains(&krate)
}

/// Where Lambda's runtime logs the failed runs and the panics that koohook has logged already: as the
/// error's debug text, and each time.
const REPEATING: &str = "lambda_runtime::layers::panic";
/// koohook's crates that log.
const OWN_CRATES: [&str; 2] = ["shell", "koohook"];
