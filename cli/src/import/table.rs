//! A table with a head line, as spreadsheets save it: separated by commas, semicolons or tabs.

use csv::{ReaderBuilder, StringRecord};

use super::cell;
use super::row::{COLUMNS, ColumnFaults, ImportRow, Rows, column};

/// What separates cells: the comma, and what Excel writes instead of it where the comma is a
/// decimal sign, or as "Unicode text".
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// A record, and where it lies in the file.
struct Record {
    line: usize,
    cells: StringRecord,
    is_closed: bool,
}

/// Reads a table.
///
/// # Errors
/// If its head line does not name the columns.
pub fn rows(text: &str) -> Result<Rows, String> {
    let (separator, text) = match named_separator(text)? {
        Some((separator, rest)) => (separator, rest),
        None => (separator(text), text),
    };
    let mut records = records(text, separator)?.into_iter();
    let Some(head) = records.next() else { return Ok(Rows::new()) };
    let columns = columns(&head.cells)?;
    let mut rows: Rows = records.map(|record| (record.line, row(&record, &columns))).collect();
    refuse_rounded(&mut rows);
    Ok(rows)
}

/// The separator that a first line like `sep=;` names, as Excel reads it, and the text from the end
/// of that line on, so that the lines behind it keep their numbers.
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
        _ => {
            Err("the first line names no separator: write sep=, or sep=; or delete the line"
                .to_owned())
        }
    }
}

/// The separator under which the head line names most columns.
fn separator(text: &str) -> u8 {
    let head = text.trim_start().lines().next().unwrap_or_default();
    let named = |separator: &u8| {
        let names = head.split(char::from(*separator));
        names.filter(|name| column(name.trim().trim_matches('"')).is_some()).count()
    };
    // Of equals the last wins: the comma.
    SEPARATORS.into_iter().rev().max_by_key(named).unwrap_or(b',')
}

/// Every record that is not empty.
fn records(text: &str, separator: u8) -> Result<Vec<Record>, String> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut records = Vec::new();
    let mut cells = StringRecord::new();
    let (mut line, mut start) = (1, 0);
    while reader.read_record(&mut cells).map_err(|_| "is not a table".to_owned())? {
        let end = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let record = text.get(start..end).unwrap_or_default();
        // The reader counts empty lines before a record as its own.
        let empty = record.len() - record.trim_start_matches(['\r', '\n']).len();
        line += lines(text, start, start + empty);
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            let is_closed = record.matches('"').count().is_multiple_of(2);
            records.push(Record { line, cells: cells.clone(), is_closed });
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

/// The column of each cell; none where the head line names none.
fn columns(head: &StringRecord) -> Result<Vec<Option<&'static str>>, String> {
    let names: Vec<&str> = head.iter().map(str::trim).collect();
    let known: Vec<_> = names.iter().filter_map(|name| column(name)).collect();
    if known.is_empty() {
        // The first line may be a row, with a password in it: it is not shown.
        return Err(format!(
            "the first line names no column: it must be a head line, separated by commas, \
             semicolons or tabs; the columns are {}",
            COLUMNS.join(", ")
        ));
    }
    let mut faults = ColumnFaults::default();
    for (at, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if column(name).is_none() {
            faults.unknown(name, "");
        } else if names.iter().take(at).any(|earlier| earlier == name) {
            faults.repeated(name, "");
        }
    }
    faults.check_mandatory(&known);
    faults.check()?;
    Ok(names.into_iter().map(column).collect())
}

fn row(record: &Record, columns: &[Option<&'static str>]) -> Result<ImportRow, String> {
    if !record.is_closed {
        return Err("a quotation mark is not closed, or not doubled inside a cell".to_owned());
    }
    let (cells, named) = (record.cells.len(), columns.len());
    let is_blank = |cell: &str| cell.trim().is_empty();
    if cells < named || record.cells.iter().skip(named).any(|cell| !is_blank(cell)) {
        return Err(format!("has {cells} cells, and the head line {named}"));
    }
    let mut row = ImportRow::default();
    for (at, (cell, column)) in record.cells.iter().zip(columns).enumerate() {
        match column {
            Some(column) => row.set(column, cell.to_owned()),
            None if is_blank(cell) => (),
            None => return Err(format!("cell {} has no name in the head line", at + 1)),
        }
    }
    Ok(row)
}

/// Refuses IDs that a spreadsheet took for numbers: it keeps 15 digits and writes zeros for the
/// rest. One ID may end in zeros by itself; where every long one of a column does, they were
/// rounded, and other instances have the IDs that the file names. JSON lines, which no spreadsheet
/// writes, are not doubted.
fn refuse_rounded(rows: &mut Rows) {
    for column in COLUMNS.into_iter().filter(|column| cell::is_id(column)) {
        let long = |row: &Result<ImportRow, String>| {
            let id = row.as_ref().ok()?.get(column)?;
            cell::tail_of_number(id).map(str::to_owned)
        };
        let tails: Vec<String> = rows.iter().filter_map(|(_, row)| long(row)).collect();
        let zeros: usize = tails.iter().map(String::len).sum();
        if zeros < MIN_ZEROS || !tails.iter().all(|tail| tail.bytes().all(|digit| digit == b'0')) {
            continue;
        }
        for (_, row) in rows.iter_mut().filter(|(_, row)| long(row).is_some()) {
            *row = Err(format!(
                "{column} has zeros behind its 15th digit, as all long ones of the column have: a \
                 spreadsheet rounds so. Save the table again with the column formatted as text; if \
                 the IDs are right, import them as JSON lines"
            ));
        }
    }
}

/// So many zeros come by chance once in a hundred columns.
const MIN_ZEROS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "instanceId,orderId,frontEndUrl,memo\n";

    /// The lines and the instance IDs of the rows, or their faults.
    fn read(text: &str) -> Vec<(usize, Result<String, String>)> {
        let id = |row: ImportRow| row.get("instanceId").unwrap_or_default().to_owned();
        rows(text).unwrap().into_iter().map(|(line, row)| (line, row.map(id))).collect()
    }

    fn ids(text: &str) -> Vec<(usize, String)> {
        read(text).into_iter().map(|(line, id)| (line, id.unwrap())).collect()
    }

    #[test]
    fn a_row_is_on_the_line_that_it_starts_on() {
        let text = "instanceId,orderId,memo\ni-1,CS1,\"one\ntwo\n\"\"three\"\"\"\n\n,,\ni-2,CS2,m\n\n\ni-3,CS3,m";
        let expected = [(2, "i-1".to_owned()), (7, "i-2".to_owned()), (10, "i-3".to_owned())];
        assert_eq!(ids(text), expected);
        assert_eq!(ids(&text.replace('\n', "\r\n")), expected);
        assert_eq!(ids(&text.replace('\n', "\r")), expected);
        let later = expected.map(|(line, id)| (line + 2, id));
        assert_eq!(ids(&format!("\n\n{text}")), later);
    }

    #[test]
    fn separators_of_spreadsheets_are_known() {
        let comma = format!("{HEAD}i-1,CS1,https://a.example,m\n");
        for separator in [";", "\t"] {
            assert_eq!(
                ids(&comma.replace(',', separator)),
                [(2, "i-1".to_owned())],
                "{separator:?}"
            );
        }
        // Another separator in a cell does not separate cells.
        assert_eq!(
            ids(&format!("{HEAD}i-1,CS1,https://a.example,a;b;c\n")),
            [(2, "i-1".to_owned())]
        );
        let quoted = "\"instanceId\";\"orderId\"\n\"i;1\";\"CS1\"\n";
        assert_eq!(ids(quoted), [(2, "i;1".to_owned())]);
    }

    #[test]
    fn wrong_columns_are_named_once() {
        let fault = |head: &str| rows(&format!("{head}\ni-1,CS1\ni-2,CS2\n")).unwrap_err();
        let known = COLUMNS.join(", ");
        for (head, expected) in [
            ("instanceId,orderld", "unknown column `orderld`; column orderId is missing"),
            ("instanceId,orderId,orderId", "column orderId comes twice"),
            ("orderId,state", "column instanceId is missing"),
            ("instanceId,orderId,pass,word", "unknown column `pass`; unknown column `word`"),
        ] {
            assert_eq!(fault(head), format!("{expected}; the columns are {known}"), "{head}");
        }
    }

    /// What is not a head line may be a row, with a password in it.
    #[test]
    fn a_first_line_that_is_not_a_head_line_is_not_shown() {
        for head in ["i-1,CS1,canary", "instanceId|orderId|canary", "instanceId，orderId，canary"]
        {
            let fault = rows(&format!("{head}\n")).unwrap_err();
            assert!(fault.starts_with("the first line names no column"), "{fault}");
            assert!(!fault.contains("canary"), "{fault}");
        }
    }

    #[test]
    fn rows_that_do_not_fit_the_head_line_are_rejected() {
        for (row, expected) in [
            ("i-1,CS1,https://a.example", "has 3 cells, and the head line 4"),
            ("i-1,CS1,https://a.example,m,more", "has 5 cells, and the head line 4"),
            ("i-1,CS1,https://a.example,\"m", "a quotation mark is not closed"),
            ("i-1,CS1,https://a.example,5\" wide", "a quotation mark is not closed"),
        ] {
            let rows = read(&format!("{HEAD}{row}\n"));
            let [(2, Err(fault))] = rows.as_slice() else { panic!("{row}: {rows:?}") };
            assert!(fault.starts_with(expected), "{row}: {fault}");
        }
        assert_eq!(ids(&format!("{HEAD}i-1,CS1,https://a.example,m,,\n")).len(), 1);
    }

    #[test]
    fn a_first_line_may_name_the_separator() {
        let body = "instanceId;orderId;memo\ni-1;CS1;m\n";
        for head in ["sep=;\n", "SEP=;\r\n", "\"sep=;\"\n"] {
            assert_eq!(ids(&format!("{head}{body}")), [(3, "i-1".to_owned())], "{head:?}");
        }
        for separator in [",", "\t", "|"] {
            let text = format!("sep={separator}\n{}", body.replace(';', separator));
            assert_eq!(ids(&text), [(3, "i-1".to_owned())], "{separator:?}");
        }
        for head in ["sep=", "sep=ab", "sep=；"] {
            let fault = rows(&format!("{head}\n{body}")).unwrap_err();
            assert!(fault.starts_with("the first line names no separator"), "{head}: {fault}");
        }
    }

    #[test]
    fn columns_without_a_name_must_be_empty() {
        assert_eq!(ids("instanceId,,orderId,\ni-1,,CS1,\n").len(), 1);
        let rows = read("instanceId,,orderId\ni-1,stray,CS1\n");
        assert_eq!(rows, [(2, Err("cell 2 has no name in the head line".to_owned()))]);
    }

    #[test]
    fn rounded_ids_are_rejected_unless_one_of_the_column_is_whole() {
        let table = |ids: &[&str]| {
            let rows = ids.iter().map(|id| format!("i-{id},{id},https://a.example,m\n"));
            read(&format!("{HEAD}{}", rows.collect::<String>()))
        };
        let rounded = |ids: &[&str]| table(ids).iter().filter(|(_, row)| row.is_err()).count();
        assert_eq!(rounded(&["20260112345678900"]), 1);
        assert_eq!(rounded(&["2026011234567890", "2026011234567880", "CS1"]), 2);
        // One time in a hundred an ID ends so by itself.
        assert_eq!(rounded(&["20260112345678900", "20260112345678901"]), 0);
        assert_eq!(rounded(&["2026011234567890"]), 0);
        assert_eq!(rounded(&["202601123456000", "CS345678901234500"]), 0);
    }

    #[test]
    fn blanks_in_a_cell_are_the_sellers() {
        let rows = rows("instanceId,orderId,password\ni-1,CS1,\" pass word \"\ni-2,CS2, word\n");
        let passwords = rows
            .unwrap()
            .into_iter()
            .map(|(_, row)| row.unwrap().get("password").unwrap().to_owned());
        assert_eq!(passwords.collect::<Vec<_>>(), [" pass word ", " word"]);
    }
}
