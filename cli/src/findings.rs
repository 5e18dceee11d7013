//! The result of `koohook check` and `koohook status`: one line for each finding, as soon as it is
//! known.

use std::process::ExitCode;

use serde_json::json;

use crate::output::outln;
use crate::output_format::{FormatArgument, JsonArray};
use crate::shown::shown;

/// How a finding ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FindingLevel {
    /// It is as it should be.
    Ok,
    /// The seller does not use it.
    Off,
    /// koohook works, but an operator should know this.
    Warn,
    /// koohook does not work as it should.
    Failed,
}

/// One finding.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How it ended.
    pub level: FindingLevel,
    /// What was found; of a fault also what to do.
    pub text: String,
}

/// Prints findings, and counts those that failed.
pub struct Findings {
    name_width: usize,
    json: Option<JsonArray>,
    failed: usize,
    warned: usize,
}

impl FindingLevel {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Off => "off",
            Self::Warn => "WARN",
            Self::Failed => "failed",
        }
    }
}

impl Finding {
    /// A finding that is as it should be.
    pub fn ok(text: impl Into<String>) -> Self {
        Self { level: FindingLevel::Ok, text: text.into() }
    }

    /// Something that the seller does not use.
    pub fn off(text: impl Into<String>) -> Self {
        Self { level: FindingLevel::Off, text: text.into() }
    }

    /// A finding that an operator should know.
    pub fn warn(text: impl Into<String>) -> Self {
        Self { level: FindingLevel::Warn, text: text.into() }
    }

    /// A fault, and what to do.
    pub fn failed(text: impl Into<String>) -> Self {
        Self { level: FindingLevel::Failed, text: text.into() }
    }
}

impl Findings {
    /// Begins the output.
    pub fn new(format: FormatArgument) -> Self {
        let json = format.is_json().then(JsonArray::default);
        Self { name_width: NAME_WIDTH, json, failed: 0, warned: 0 }
    }

    /// Begins the output of findings whose names are names of settings.
    pub fn of_settings(format: FormatArgument) -> Self {
        Self { name_width: SETTING_WIDTH, ..Self::new(format) }
    }

    /// Prints a finding.
    pub fn print(&mut self, name: &str, finding: &Finding) {
        let Finding { level, text } = finding;
        self.failed += usize::from(*level == FindingLevel::Failed);
        self.warned += usize::from(*level == FindingLevel::Warn);
        match &mut self.json {
            Some(array) => {
                array.push(&json!({ "name": name, "level": level.as_str(), "text": text }));
            }
            None => {
                let width = self.name_width;
                outln!("{name:<width$}  {:<6}  {}", level.as_str(), shown(text));
            }
        }
    }

    /// Ends the output with a sentence, and returns the exit code: 1 if a finding failed.
    pub fn end(self, well: &str) -> ExitCode {
        match self.json {
            Some(array) => array.end(),
            None if (self.failed, self.warned) == (0, 0) => outln!("{well}"),
            None if self.failed == 0 => outln!("{well}; warnings: {}", self.warned),
            None => outln!("failed: {}, warnings: {}", self.failed, self.warned),
        }
        if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The width of the longest name of a check, and of the longest name of a secret setting.
const NAME_WIDTH: usize = 15;
const SETTING_WIDTH: usize = 25;
