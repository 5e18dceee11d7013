//! What a command prints. A reader that goes away, as `head` does, ends the printing and not the
//! command: what it writes to a store it finishes first.

use std::fmt;
use std::io::{self, ErrorKind, Stderr, Stdout, Write};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// Prints a line on the standard output: what the command was asked for.
macro_rules! outln {
    ($($text:tt)*) => { $crate::output::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints a line on the standard error: warnings, hints and errors.
macro_rules! errln {
    ($($text:tt)*) => { $crate::output::print_aside(format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use {errln, outln};

/// A stream that remembers its first fault, and is written to no more from then on.
struct Output<W> {
    stream: W,
    fault: Option<io::Error>,
}

static OUT: LazyLock<Mutex<Output<Stdout>>> = LazyLock::new(|| Output::new(io::stdout()));
static ASIDE: LazyLock<Mutex<Output<Stderr>>> = LazyLock::new(|| Output::new(io::stderr()));

impl<W: Write> Output<W> {
    const fn new(stream: W) -> Mutex<Self> {
        Mutex::new(Self { stream, fault: None })
    }

    /// Writes through at once: progress shows, and a full disk is noticed.
    fn print(&mut self, text: fmt::Arguments<'_>) {
        if self.fault.is_none() {
            let written = self.stream.write_fmt(text).and_then(|()| self.stream.flush());
            self.fault = written.err();
        }
    }

    fn is_closed(&self) -> bool {
        self.fault.as_ref().is_some_and(|fault| fault.kind() == ErrorKind::BrokenPipe)
    }

    /// The fault that a command must report. A reader that went away is not a fault.
    fn finish(&mut self) -> io::Result<()> {
        if self.is_closed() {
            return Ok(());
        }
        self.fault.take().map_or(Ok(()), Err)
    }
}

/// Prints text on the standard output.
pub fn print(text: fmt::Arguments<'_>) {
    locked(&OUT).print(text);
}

/// Prints text on the standard error. Nothing can report that this failed.
pub fn print_aside(text: fmt::Arguments<'_>) {
    locked(&ASIDE).print(text);
}

/// Whether the reader of the standard output went away: who only prints may stop.
pub fn is_closed() -> bool {
    locked(&OUT).is_closed()
}

/// Ends the printing.
///
/// # Errors
/// If the standard output could not be written, for instance to a full disk.
pub fn finish() -> io::Result<()> {
    locked(&OUT).finish()
}

fn locked<W>(output: &Mutex<Output<W>>) -> MutexGuard<'_, Output<W>> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes some bytes, then fails.
    struct Failing {
        room: usize,
        kind: ErrorKind,
        writes: usize,
    }

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.writes += 1;
            if self.room < bytes.len() {
                return Err(self.kind.into());
            }
            self.room -= bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn printed(kind: ErrorKind) -> (bool, Option<ErrorKind>, usize) {
        let mut output = Output { stream: Failing { room: 4, kind, writes: 0 }, fault: None };
        for line in ["one\n", "two\n", "three\n"] {
            output.print(format_args!("{line}"));
        }
        let closed = output.is_closed();
        (closed, output.finish().err().map(|fault| fault.kind()), output.stream.writes)
    }

    #[test]
    fn a_reader_that_went_away_is_no_fault_and_is_written_to_no_more() {
        assert_eq!(printed(ErrorKind::BrokenPipe), (true, None, 2));
    }

    #[test]
    fn a_full_disk_is_a_fault() {
        assert_eq!(printed(ErrorKind::StorageFull), (false, Some(ErrorKind::StorageFull), 2));
    }
}
