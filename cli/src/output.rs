//! The output of a command. If the reader closes the pipe, as `head` does, the command prints
//! nothing more. It continues and finishes its writes to a store.

use std::fmt;
use std::io::{self, ErrorKind, Stderr, Stdout, Write};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// Prints a line on the standard output: the result of the command.
macro_rules! outln {
    ($($text:tt)*) => { $crate::output::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints a line on the standard error: warnings, hints and errors.
macro_rules! errln {
    ($($text:tt)*) => { $crate::output::print_aside(format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use {errln, outln};

/// A stream that keeps its first fault. After a fault nothing is written to it.
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

    /// Writes and flushes immediately, so that progress shows and a full disk is noticed.
    fn print(&mut self, text: fmt::Arguments<'_>) {
        if self.fault.is_none() {
            let written = self.stream.write_fmt(text).and_then(|()| self.stream.flush());
            self.fault = written.err();
        }
    }

    fn is_closed(&self) -> bool {
        self.fault.as_ref().is_some_and(|fault| fault.kind() == ErrorKind::BrokenPipe)
    }

    /// Returns the fault that a command must report. A closed pipe is not a fault.
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

/// Prints text on the standard error. A failure is ignored: there is no place to report it.
pub fn print_aside(text: fmt::Arguments<'_>) {
    locked(&ASIDE).print(text);
}

/// Whether the reader closed the standard output. A command that only prints may stop.
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

    /// Accepts some bytes, then fails.
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
    fn a_closed_pipe_is_not_a_fault_and_gets_no_more_writes() {
        assert_eq!(printed(ErrorKind::BrokenPipe), (true, None, 2));
    }

    #[test]
    fn a_full_disk_is_a_fault() {
        assert_eq!(printed(ErrorKind::StorageFull), (false, Some(ErrorKind::StorageFull), 2));
    }
}
