//! Writes each event of the log as one JSON line, with one write. A callback must not wait long for
//! its log: this thread's buffers are used again, and the date is formatted once a second.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::time::UnixMillis;
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;

/// Writes the lines.
pub(super) struct LogLayer<W> {
    writer: W,
}

/// A line, and what this thread uses again for the next line.
#[derive(Default)]
struct LineBuffer {
    line: Vec<u8>,
    /// The text of the current value, before JSON escapes it.
    text: String,
    /// The last second, counted from 1970, and its date and time.
    second: Option<u64>,
    date: String,
}

thread_local! {
    static BUFFER: Cell<LineBuffer> = Cell::default();
}

/// The largest buffers that a thread keeps, in bytes.
const MAX_KEPT: usize = 16 * 1024;
/// The length of `2026-11-26T18:31:42`.
const DATE_LEN: usize = 19;

impl<W> LogLayer<W> {
    /// The layer that writes to `writer`.
    pub const fn new(writer: W) -> Self {
        Self { writer }
    }
}

impl<S, W> Layer<S> for LogLayer<W>
where
    S: Subscriber,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        crate::logged_lines::count(*event.metadata().level());
        // An event inside a value's `Debug` finds empty buffers here and gets its own line.
        let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
        buffer.format(event, SystemTime::now());
        // If the log cannot be written, there is no other place to report it.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(&buffer.line);
        if buffer.line.capacity().max(buffer.text.capacity()) <= MAX_KEPT {
            let _ = BUFFER.try_with(|kept| kept.set(buffer));
        }
    }
}

impl LineBuffer {
    fn format(&mut self, event: &Event<'_>, now: SystemTime) {
        self.line.clear();
        self.line.extend_from_slice(br#"{"timestamp":""#);
        self.add_time(now.duration_since(UNIX_EPOCH).unwrap_or_default());
        self.line.extend_from_slice(br#"","level":""#);
        self.line.extend_from_slice(event.metadata().level().as_str().as_bytes());
        self.line.push(b'"');
        event.record(self);
        self.line.extend_from_slice(b"}\n");
    }

    /// Adds a time since 1970, as RFC 3339 in UTC with microseconds.
    fn add_time(&mut self, since: Duration) {
        if self.second != Some(since.as_secs()) {
            let millis = since.as_secs().saturating_mul(1_000);
            self.date = UnixMillis::new(millis).to_rfc3339();
            self.date.truncate(DATE_LEN);
            self.second = Some(since.as_secs());
        }
        self.line.extend_from_slice(self.date.as_bytes());
        // Writing to memory does not fail.
        let _ = write!(self.line, ".{:06}Z", since.subsec_micros());
    }

    /// Adds a member of the line.
    fn add<T: Serialize + ?Sized>(&mut self, field: &Field, value: &T) {
        self.add_name(field);
        // These values and memory do not fail.
        let _ = serde_json::to_writer(&mut self.line, value);
    }

    fn add_name(&mut self, field: &Field) {
        self.line.push(b',');
        let _ = serde_json::to_writer(&mut self.line, field.name());
        self.line.push(b':');
    }
}

impl Visit for LineBuffer {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        // A value that cannot be formatted stays as far as it was written.
        let _ = write!(text, "{value:?}");
        self.add(field, text.as_str());
        self.text = text;
    }
}
