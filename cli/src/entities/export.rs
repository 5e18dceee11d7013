//! The command `export`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};
use shell::world::World;

use super::EntityKind;
use super::completeness::Lacks;
use super::filter::{FilterArguments, StateOption};
use super::list::WantedEntities;
use crate::error::CommandError;
use crate::output::{self, print};
use crate::session::Session;

/// The arguments of `export`.
#[derive(Args)]
pub struct ExportArguments<S: StateOption> {
    /// The format of the export.
    #[arg(long, value_enum)]
    format: ExportFormat,
    #[command(flatten)]
    filter: FilterArguments<S>,
}

/// The format of an export.
#[derive(Clone, Copy, Eq, PartialEq, ValueEnum)]
pub enum ExportFormat {
    /// CSV in UTF-8 with a line of column names. A cell that a spreadsheet could read as a formula
    /// begins with an apostrophe.
    Csv,
    /// One JSON object per line.
    Jsonl,
}

/// Prints all wanted entities, page by page.
pub fn export<const COLUMNS: usize, S: StateOption>(
    kind: &EntityKind<COLUMNS>,
    arguments: &ExportArguments<S>,
    session: &Session,
) -> Result<ExitCode, CommandError> {
    let wanted = arguments.filter.wanted(kind.lists, session.world.now());
    let mut entities = WantedEntities::new(session, wanted, usize::MAX, kind.plural);
    let mut lacks = Lacks::default();
    let columns: Vec<&str> = kind.members.iter().chain(COMMON).copied().collect();
    if arguments.format == ExportFormat::Csv {
        print(format_args!("{}", csv_lines([columns.iter().map(|&name| name.to_owned())])?));
    }
    while let Some(found) = entities.take(usize::MAX)? {
        found.iter().for_each(|found| lacks.note(found));
        let summaries = found.iter().map(|found| kind.whole_summary(found));
        let text = match arguments.format {
            ExportFormat::Csv => csv_lines(summaries.map(|summary| cells(&summary, &columns)))?,
            ExportFormat::Jsonl => summaries.map(|it| format!("{}\n", Value::from(it))).collect(),
        };
        print(format_args!("{text}"));
        if output::is_closed() {
            return Ok(ExitCode::SUCCESS);
        }
    }
    lacks.report(kind.plural, session);
    let WantedEntities { failures, .. } = entities;
    failures.end()
}

fn cells(summary: &Map<String, Value>, columns: &[&str]) -> Vec<String> {
    let cell = |name: &&str| match summary.get(*name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => inert(text),
        Some(value) => value.to_string(),
    };
    columns.iter().map(cell).collect()
}

/// A text that no spreadsheet reads as a formula.
fn inert(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

fn csv_lines<L: IntoIterator<Item = String>>(
    lines: impl IntoIterator<Item = L>,
) -> Result<String, CommandError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(line)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// The members that every summary has.
const COMMON: &[&str] = &["state", "changed", "waitingNotices", "deadNotices"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_begins_like_a_formula_gets_an_apostrophe() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(inert(text), format!("'{text}"));
        }
        for text in ["", "CS1", "1=1", " =1", "'=1"] {
            assert_eq!(inert(text), text);
        }
    }
}
