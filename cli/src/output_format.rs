//! The option `-o`: a table for people, or JSON for programs.

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::output::{outln, print};

/// The format of a command's output.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum OutputFormat {
    /// A table or text for people, with local times.
    #[default]
    Table,
    /// One JSON document for programs, with times in UTC. A list is an array with one element per
    /// line.
    Json,
}

/// The option `-o`.
#[derive(Args, Clone, Copy, Debug)]
pub struct FormatArgument {
    /// The format of the output.
    #[arg(short = 'o', long = "output", value_name = "FORMAT", value_enum, default_value_t)]
    pub format: OutputFormat,
}

/// A JSON array that is printed element by element, so that a long list needs no memory. It is a
/// whole JSON document only after [`end`](Self::end).
#[derive(Default)]
pub struct JsonArray {
    is_begun: bool,
}

impl FormatArgument {
    /// Whether the output is JSON.
    pub fn is_json(self) -> bool {
        self.format == OutputFormat::Json
    }
}

impl JsonArray {
    /// Prints an element on its own line.
    pub fn push(&mut self, element: &Value) {
        let before = if std::mem::replace(&mut self.is_begun, true) { ",\n" } else { "[\n" };
        print(format_args!("{before}{element}"));
    }

    /// Ends the array.
    pub fn end(self) {
        outln!("{}", if self.is_begun { "\n]" } else { "[]" });
    }
}
