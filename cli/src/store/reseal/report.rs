//! What `koohook store reseal` prints at its end.

use std::process::ExitCode;

use serde_json::json;
use shell::seal::SealedBy;

use super::pass::ResealPass;
use crate::output::{errln, outln};
use crate::output_format::FormatArgument;

/// How the command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ResealEnd {
    /// The current key has sealed every value.
    Complete,
    /// Values wait for a run without `--dry-run`.
    ToDo,
    /// No key decrypts some values. The current key has sealed all others.
    Unopened,
    /// Other processes still seal values with a previous key.
    OthersWrite,
}

/// What the command did and found.
pub struct ResealReport {
    format: FormatArgument,
    /// How many keys `KOOHOOK_SEAL_KEY_PREVIOUS` has.
    pub previous_keys: usize,
    is_dry: bool,
    /// How many times the command has read the whole store.
    pub passes: usize,
    /// What all passes wrote.
    pub written: ResealPass,
    /// The last pass.
    pub checked: Option<ResealPass>,
    /// What sealed the mark, if a dry run read it.
    pub mark: Option<SealedBy>,
}

impl ResealEnd {
    /// The exit code of the command.
    pub fn exit_code(self) -> ExitCode {
        if self == Self::Complete { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::ToDo => "to-do",
            Self::Unopened => "unopened",
            Self::OthersWrite => "others-write",
        }
    }
}

impl ResealReport {
    /// An empty report.
    pub fn new(format: FormatArgument, previous_keys: usize, is_dry: bool) -> Self {
        let (passes, written, checked, mark) = (0, ResealPass::default(), None, None);
        Self { format, previous_keys, is_dry, passes, written, checked, mark }
    }

    /// The end after a pass that wrote nothing.
    pub fn end_of_count(&self) -> ResealEnd {
        let of_others = self.checked.as_ref().map_or(0, ResealPass::of_others);
        let mark_waits = self.mark.is_some_and(|key| key != SealedBy::Current);
        if of_others > 0 || mark_waits { ResealEnd::ToDo } else { self.end_of_reseal() }
    }

    /// The end after a pass that found only values of the current key.
    pub fn end_of_reseal(&self) -> ResealEnd {
        let unopened = self.checked.as_ref().map_or(0, |pass| pass.unopened);
        if unopened > 0 { ResealEnd::Unopened } else { ResealEnd::Complete }
    }

    /// Prints the report. Without an end the command failed, and prints its error afterwards.
    pub fn print(&self, end: Option<ResealEnd>) {
        if self.format.is_json() {
            self.print_json(end);
        } else {
            self.print_text(end);
        }
    }

    fn print_text(&self, end: Option<ResealEnd>) {
        if !self.is_dry {
            outln!("sealed with KOOHOOK_SEAL_KEY now: {}", self.of_others(&self.written));
        }
        if let Some(pass) = &self.checked {
            let (right, others) = (pass.right, self.of_others(pass));
            outln!("checked: {right} values are sealed with KOOHOOK_SEAL_KEY; not: {others}");
            if pass.unopened > 0 {
                errln!("koohook: no key that is set decrypts {} values:", pass.unopened);
                pass.unopened_keys.iter().for_each(|key| errln!("  {key}"));
            }
        }
        match end {
            Some(end) => outln!("{}", self.advice(end)),
            None => outln!("{INTERRUPTED}"),
        }
    }

    /// A count of values, and what had sealed them.
    fn of_others(&self, pass: &ResealPass) -> String {
        let previous = pass.previous.iter().enumerate();
        let previous =
            previous.map(|(place, count)| format!("previous key {}: {count}", place + 1));
        let unencrypted = format!("unencrypted: {}", pass.unencrypted);
        let parts: Vec<_> = previous.chain([unencrypted]).collect();
        format!("{} ({})", pass.of_others(), parts.join(", "))
    }

    const fn advice(&self, end: ResealEnd) -> &'static str {
        match end {
            ResealEnd::Complete if self.previous_keys > 0 && self.is_dry => NOT_NEEDED_NOW,
            ResealEnd::Complete if self.previous_keys > 0 => NOT_NEEDED,
            ResealEnd::Complete => "every value is sealed with KOOHOOK_SEAL_KEY",
            ResealEnd::ToDo => {
                "values need a previous key, or are unencrypted; run this command without --dry-run"
            }
            ResealEnd::Unopened => UNOPENED,
            ResealEnd::OthersWrite => OTHERS_WRITE,
        }
    }

    fn print_json(&self, end: Option<ResealEnd>) {
        let counts = |pass: &ResealPass| {
            json!({
                "current": pass.right, "previous": pass.previous, "unencrypted": pass.unencrypted,
                "unopened": pass.unopened, "unopenedKeys": pass.unopened_keys,
            })
        };
        let written = json!({
            "previous": self.written.previous, "unencrypted": self.written.unencrypted,
        });
        outln!(
            "{}",
            json!({
                "dryRun": self.is_dry, "passes": self.passes, "written": written,
                "checked": self.checked.as_ref().map(counts),
                "end": end.map_or("interrupted", ResealEnd::as_str),
                "advice": end.map_or(INTERRUPTED, |end| self.advice(end)),
            })
        );
    }
}

const NOT_NEEDED: &str =
    "no value needs KOOHOOK_SEAL_KEY_PREVIOUS; unset it in every koohook, and restart them";
const NOT_NEEDED_NOW: &str = "no value needs KOOHOOK_SEAL_KEY_PREVIOUS; unset it, unless it has the new key of a change that began";
const UNOPENED: &str = "the other values do not need KOOHOOK_SEAL_KEY_PREVIOUS; add the key that sealed these values to it \
     and run this command again, or restore them from a backup";
const OTHERS_WRITE: &str = "another koohook still seals values with a previous key; restart every koohook with the new \
     KOOHOOK_SEAL_KEY, then run this command again";
const INTERRUPTED: &str = "not complete; run this command again";
