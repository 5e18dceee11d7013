//! `koohook logs`: prints koohook's JSON log for a person to read.
//!
//! - `log_line`: one line of a log, and where its JSON is.
//! - `log_filter`: the options that select lines.
//! - `log_view`: a line as it is printed.
//! - `line_reader`: reads files and pipes line by line, and follows a growing file.

mod line_reader;
mod log_filter;
mod log_line;
mod log_view;

use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use self::line_reader::{FollowedFile, LineReader};
use self::log_filter::LogFilter;
use self::log_line::LogLine;
use self::log_view::LogView;
use crate::error::CommandError;
use crate::output::{self, errln};
use crate::output_format::FormatArgument;

/// Arguments of `koohook logs`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook logs koohook.log
  koohook logs -f koohook.log                            print new lines, too
  docker logs koohook 2>&1 | koohook logs -              read a pipe
  journalctl -u koohook -o cat | koohook logs - --level warn --since 1h
  aws logs tail /aws/lambda/koohook | koohook logs - --order CS2611260001
  koohook logs koohook.log --order CS2611260001 -o json | jq .code

The times are in the time zone of this machine (TZ). After the message come the IDs, then what
went wrong, then the other fields. docs/operating.md explains every field.

A line may have text before its JSON, as platforms write it; this text is left out. A line without
JSON is printed as it is. It has no fields, so only --grep can select it.

Lines of older versions of koohook have no IDs. --instance also finds them by their key.")]
pub struct LogsArguments {
    /// The files with the log, in order; - is the standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Wait at the end of the file, and print new lines.
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    filter: LogFilter,
    /// When to use colours. In auto, only a terminal gets them, and only if NO_COLOR is not set.
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorOption,
    #[command(flatten)]
    format: FormatArgument,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum ColorOption {
    /// If the standard output is a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Prints the lines that the filter selects.
struct LogPrinter<'a> {
    filter: &'a LogFilter,
    view: LogView,
    /// Text that is not printed yet: one write prints many lines.
    text: String,
    read: usize,
    printed: usize,
}

impl ColorOption {
    fn is_on(self) -> bool {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Self::Auto => io::stdout().is_terminal() && !no_color,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

impl LogPrinter<'_> {
    /// Prints every line. It stops early only if the reader closed the standard output.
    fn print_all(&mut self, reader: &mut impl LineReader) -> io::Result<()> {
        while !output::is_closed() {
            // The next read may wait, so that everything before it must be printed.
            if self.text.len() > BATCH || reader.may_wait() {
                self.flush();
            }
            let Some(line) = reader.next_line()? else { break };
            self.add(&String::from_utf8_lossy(line));
        }
        self.flush();
        Ok(())
    }

    fn add(&mut self, text: &str) {
        let line = LogLine::parse(text.trim_end_matches(['\r', '\n']));
        self.read += 1;
        if self.filter.selects(&line) {
            self.printed += usize::from(self.view.add(&line, &mut self.text));
        }
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            output::print(format_args!("{}", self.text));
            self.text.clear();
        }
    }
}

/// Prints a log.
///
/// # Errors
/// If a file cannot be read.
pub fn run(arguments: &LogsArguments) -> Result<ExitCode, CommandError> {
    let LogsArguments { files, follow, filter, color, format } = arguments;
    if *follow && files.len() > 1 {
        return Err("-f follows one file; name only this file".into());
    }
    let view = LogView { is_json: format.is_json(), is_coloured: color.is_on() };
    let mut printer = LogPrinter { filter, view, text: String::new(), read: 0, printed: 0 };
    let opened: Vec<_> = files.iter().map(|path| open(path)).collect::<Result<_, _>>()?;
    for (path, file) in files.iter().zip(opened) {
        let printed = match file {
            None => printer.print_all(&mut line_reader::lines_of(io::stdin())),
            Some(file) if *follow => printer.print_all(&mut FollowedFile::new(path, file)),
            Some(file) => printer.print_all(&mut line_reader::lines_of(file)),
        };
        printed.map_err(|fault| unreadable(path, &fault))?;
    }
    if printer.printed == 0 && !output::is_closed() {
        errln!("koohook: no line is selected; {} lines were read", printer.read);
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens a file; `None` for the standard input.
fn open(path: &Path) -> Result<Option<File>, CommandError> {
    if path == Path::new("-") {
        return Ok(None);
    }
    File::open(path).map(Some).map_err(|fault| unreadable(path, &fault))
}

fn unreadable(path: &Path, fault: &io::Error) -> CommandError {
    format!("{}: file cannot be read: {fault}; check its name and its permissions", path.display())
        .into()
}

/// The length in bytes of the text that one write prints.
const BATCH: usize = 64 * 1024;
