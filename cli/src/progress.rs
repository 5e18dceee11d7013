//! The progress of long work: one line on the standard error that overwrites itself. It is printed
//! only on a terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use crate::output::print_aside;

/// A line that counts. It disappears when it is dropped.
pub struct Progress {
    what: &'static str,
    count: usize,
    /// When the line is printed next; `None` if the standard error is not a terminal.
    next: Option<Instant>,
    is_printed: bool,
}

impl Progress {
    /// A line that says how many of `what` are done. Short work prints nothing.
    pub fn new(what: &'static str) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let next = is_terminal.then(|| Instant::now() + INTERVAL);
        Self { what, count: 0, next, is_printed: false }
    }

    /// Counts more of them.
    pub fn add(&mut self, count: usize) {
        self.count += count;
        let now = Instant::now();
        if self.next.is_some_and(|next| next <= now) {
            print_aside(format_args!("\r{CLEAR}{} {}…", self.count, self.what));
            (self.next, self.is_printed) = (Some(now + INTERVAL), true);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_printed {
            print_aside(format_args!("\r{CLEAR}"));
        }
    }
}

/// How often the line changes.
const INTERVAL: Duration = Duration::from_millis(250);
/// Clears the line of a terminal.
const CLEAR: &str = "\u{1b}[2K";
