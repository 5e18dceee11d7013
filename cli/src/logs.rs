//! `koohook logs`: prints koohook's JSON log for a person to read.
//!
//! - `log_line`: one line of a log, and where its JSON is.
//! - `log_filter`: the options that select lines.
//! - `related_instances`: the instances of an order.
//! - `log_view`: a line as it is printed.
//! - `line_reader`: reads files and pipes line by line, and follows a growing file.

mod line_reader;
mod log_filter;
mod log_line;
mod log_view;
mod related_instances;

use std::fs::File;
use std::io::{self, IsTerminal, Seek};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use self::line_reader::{FollowedFile, LineReader};
use self::log_filter::LogFilter;
use self::log_line::LogLine;
use self::log_view::LogView;
use self::related_instances::RelatedInstances;
use crate::counted::counted;
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
went wrong, then the other fields. On a terminal, fault and advice are on a line of their own if the
line is long (COLUMNS, else 100). docs/log.md explains every field.

With --order a file is read twice, to find the instances of the order. A pipe can be read only once:
there the lines of an instance begin after the first line about the order.

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
    /// Also print form, key, function, reads, writes, storeMillis, address, businessId and contract.
    #[arg(long)]
    all_fields: bool,
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
    related: RelatedInstances,
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
        if self.filter.selects(&line, &mut self.related) {
            self.printed += usize::from(self.view.add(&line, &mut self.text));
        }
    }

    /// Reads a file once before it is printed, and remembers the instances of the order.
    fn learn(&mut self, file: &File) -> io::Result<()> {
        let Some(order) = self.filter.text_of_order() else { return Ok(()) };
        if !file.metadata()?.is_file() {
            return Ok(());
        }
        let mut lines = line_reader::lines_of(file);
        while let Some(line) = lines.next_line()? {
            let text = String::from_utf8_lossy(line);
            let event = text.contains(order).then(|| LogLine::parse(text.trim_end()).event);
            if let Some(event) = event.flatten() {
                self.filter.learn(&event, &mut self.related);
            }
        }
        (&*file).rewind()
    }

    /// Says what the operator may not expect.
    fn hint(&self) {
        let (added, ids) = (self.related.added_lines, self.related.text());
        if output::is_closed() {
            return;
        }
        if self.printed == 0 {
            errln!("koohook: no line is selected; {} lines were read", self.read);
        } else if added > 0 {
            let added = counted(added, "line names", "lines name");
            errln!("koohook: {added} only the instance ({ids}); --exact leaves them out");
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
    let LogsArguments { files, follow, filter, color, all_fields, format } = arguments;
    if *follow && files.len() > 1 {
        return Err("-f follows one file; name only this file".into());
    }
    let view = LogView {
        is_json: format.is_json(),
        is_coloured: color.is_on(),
        has_all_fields: *all_fields,
        width: terminal_width(),
    };
    let related = RelatedInstances::default();
    let mut printer =
        LogPrinter { filter, view, text: String::new(), read: 0, printed: 0, related };
    let opened: Vec<_> = files.iter().map(|path| open(path)).collect::<Result<_, _>>()?;
    for (path, file) in files.iter().zip(&opened) {
        let learned = file.as_ref().map_or(Ok(()), |file| printer.learn(file));
        learned.map_err(|fault| unreadable(path, &fault))?;
    }
    for (path, file) in files.iter().zip(opened) {
        let printed = match file {
            None => printer.print_all(&mut line_reader::lines_of(io::stdin())),
            Some(file) if *follow => printer.print_all(&mut FollowedFile::new(path, file)),
            Some(file) => printer.print_all(&mut line_reader::lines_of(file)),
        };
        printed.map_err(|fault| unreadable(path, &fault))?;
    }
    printer.hint();
    Ok(ExitCode::SUCCESS)
}

/// The width of the terminal in columns; `None` if the output is not a terminal.
fn terminal_width() -> Option<usize> {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    io::stdout().is_terminal().then_some(columns.unwrap_or(WIDTH))
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

/// The width of a terminal that does not say its width.
const WIDTH: usize = 100;
/// The length in bytes of the text that one write prints.
const BATCH: usize = 64 * 1024;
