//! Reads a table as spreadsheets save it: a line of column names, then rows. Cells are separated by
//! commas, semicolons or tabs.

mod rounded;

use csv::{ReaderBuilder, StringRecord};

use super::row::{ColumnFaults, Columns, ImportRow, Rows};

/// A record, with the line on which it starts.
struct TableRecord {
    line: usize,
    cells: StringRecord,
    is_closed: bool,
}

/// Reads a table.
///
/// # Errors
/// If its first line does not name the columns.
pub fn rows(text: &str, known: &Columns) -> Result<Rows, String> {
    let (separator, text) = match named_separator(text)? {
        Some((separator, rest)) => (separator, rest),
        None => (separator(text, known), text),
    };
    let mut records = records(text, separator)?.into_iter();
    let Some(head) = records.next() else { return Ok(Rows::new()) };
    let columns = columns(&head.cells, known)?;
    let mut rows: Rows = records.map(|record| (record.line, row(&record, &columns))).collect();
    rounded::refuse(&mut rows, known);
    Ok(rows)
}

/// The separator of a first line like `sep=;`, which Excel also reads, and the text after it. The text
/// begins with the end of that line, so that the following lines keep their numbers.
fn named_separator(text: &str) -> Result<Option<(u8, &str)>, String> {
    let end = text.find(['\r', '\n']).unwrap_or(text.len());
    let (first, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let first = first.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(first);
    let Some((name, separator)) = first.split_once('=') else { return Ok(None) };
    if !name.eq_ignore_ascii_case("sep") {
        return Ok(None);
    }
    match separator.as_bytes() {
        [separator] if separator.is_ascii_punctuation() || *separator == b'\t' => {
            Ok(Some((*separator, rest)))
        }
        _ => Err(
            "the first line has no separator after sep=; write sep=, or sep=; or delete the line"
                .to_owned(),
        ),
    }
}

/// The separator that finds the most column names in the first line.
fn separator(text: &str, known: &Columns) -> u8 {
    let head = text.trim_start().lines().next().unwrap_or_default();
    let named = |separator: &u8| {
        let names = head.split(char::from(*separator));
        names.filter(|name| known.find(name.trim().trim_matches('"')).is_some()).count()
    };
    // If several find the same number, the last one counts: the comma.
    SEPARATORS.into_iter().rev().max_by_key(named).unwrap_or(b',')
}

/// Every record that is not empty.
fn records(text: &str, separator: u8) -> Result<Vec<TableRecord>, String> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut records = Vec::new();
    let mut cells = StringRecord::new();
    let (mut line, mut start) = (1, 0);
    while reader
        .read_record(&mut cells)
        .map_err(|_| "file is not a table; save it as CSV UTF-8".to_owned())?
    {
        let end = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let record = text.get(start..end).unwrap_or_default();
        // The reader counts the empty lines before a record as part of the record.
        let empty = record.len() - record.trim_start_matches(['\r', '\n']).len();
        line += lines(text, start, start + empty);
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            let is_closed = record.matches('"').count().is_multiple_of(2);
            records.push(TableRecord { line, cells: cells.clone(), is_closed });
        }
        line += lines(text, start + empty, end);
        start = end;
    }
    Ok(records)
}

/// How many lines end between two places of a text.
fn lines(text: &str, from: usize, to: usize) -> usize {
    let bytes = text.as_bytes();
    let ends = |at: &usize| match bytes.get(*at) {
        Some(b'\n') => true,
        Some(b'\r') => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    (from..to).filter(ends).count()
}

/// The column of each cell; `None` if the first line has no name for it.
fn columns(head: &StringRecord, columns: &Columns) -> Result<Vec<Option<&'static str>>, String> {
    let names: Vec<&str> = head.iter().map(str::trim).collect();
    let known: Vec<_> = names.iter().filter_map(|name| columns.find(name)).collect();
    if known.is_empty() {
        // The first line may be a row with a password, so the error does not show it.
        return Err(format!(
            "the first line has no column name; write a line of column names first, separated by \
             commas, semicolons or tabs; the columns are {}",
            columns.names.join(", ")
        ));
    }
    let mut faults = ColumnFaults::default();
    for (at, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if columns.find(name).is_none() {
            faults.unknown(name, "");
        } else if names.iter().take(at).any(|earlier| earlier == name) {
            faults.repeated(name, "");
        }
    }
    faults.check_mandatory(&known, columns);
    faults.check(columns)?;
    Ok(names.into_iter().map(|name| columns.find(name)).collect())
}

fn row(record: &TableRecord, columns: &[Option<&'static str>]) -> Result<ImportRow, String> {
    if !record.is_closed {
        return Err(
            "a quotation mark is not closed; close it, or double it inside a cell".to_owned()
        );
    }
    let (cells, named) = (record.cells.len(), columns.len());
    let is_blank = |cell: &str| cell.trim().is_empty();
    if cells < named || record.cells.iter().skip(named).any(|cell| !is_blank(cell)) {
        return Err(format!(
            "has {cells} cells, but the first line has {named}; add or delete cells"
        ));
    }
    let mut row = ImportRow::default();
    for (at, (cell, column)) in record.cells.iter().zip(columns).enumerate() {
        match column {
            Some(column) => row.set(column, cell.to_owned()),
            None if is_blank(cell) => (),
            None => {
                return Err(format!(
                    "cell {} has no name in the first line; add the name, or clear the cell",
                    at + 1
                ));
            }
        }
    }
    Ok(row)
}

/// The separators of cells. Excel writes semicolons if the comma is a decimal sign, and tabs for
/// "Unicode text".
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

#[cfg(test)]
mod tests;
