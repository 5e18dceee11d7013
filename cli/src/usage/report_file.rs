//! Reads a file of usage: a table, JSON lines, or the product's own message.

use std::io::{self, Read};
use std::path::Path;

use domain::usage::{Quantity, ReportedRecord, UsageReport, UsageReportLine, UsageWindow};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;

use crate::error::CommandError;
use crate::import::{Columns, ImportRow, check_cell, decoded, listed_rows, rows};
use crate::input;
use crate::time_text;

/// The records of a file, in its order.
pub struct ReportFile {
    /// The records, as the product would report them. A malformed one is an empty line.
    pub report: UsageReport,
    /// The place of each record.
    pub places: Vec<String>,
    /// Why a record is malformed.
    pub faults: Vec<Option<String>>,
}

impl ReportFile {
    /// Reads a file; `-` is the standard input.
    ///
    /// # Errors
    /// If the file cannot be read, or its columns are wrong.
    pub fn read(path: &Path) -> Result<Self, CommandError> {
        let is_input = path.as_os_str() == "-";
        let bytes = if is_input { standard_input()? } else { input::read(path)? };
        let name = if is_input { "standard input".into() } else { path.to_string_lossy() };
        Ok(Self::parse(&bytes).map_err(|fault| format!("{name}: {fault}"))?)
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = decoded(bytes)?;
        let (word, rows) = match listed_rows(&text, "records", &COLUMNS) {
            Some(rows) => ("record", rows?),
            None => ("line", rows(&text, &COLUMNS)?),
        };
        let report = UsageReport { lines: Vec::new() };
        let mut file = Self { report, places: Vec::new(), faults: Vec::new() };
        for (place, row) in rows {
            let record_id = row.as_ref().ok().and_then(|row| row.get("recordId"));
            let record_id = record_id.map(str::to_owned);
            let (record, fault) = match row.and_then(|row| record(&row)) {
                Ok(record) => (Some(record), None),
                Err(fault) => (None, Some(fault)),
            };
            file.places.push(format!("{word} {place}"));
            file.faults.push(fault);
            file.report.lines.push(UsageReportLine { record_id, record });
        }
        Ok(file)
    }
}

fn standard_input() -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a row by the rules of the product's message.
///
/// # Errors
/// The column, what is wrong with it, and what to do.
fn record(row: &ImportRow) -> Result<ReportedRecord, String> {
    for (column, text) in row.cells().filter(|(column, _)| column.ends_with("InstanceId")) {
        check_cell(column, text).map_err(|fault| format!("{column} {fault}"))?;
    }
    let package = row.get(PACKAGE).map(|text| id(PACKAGE, text)).transpose()?;
    let instance = required(row, "instanceId")?;
    check_cell("instanceId", instance).map_err(|fault| format!("instanceId {fault}"))?;
    let [begin, end] = [time(row, "beginTime")?, time(row, "endTime")?];
    Ok(ReportedRecord {
        instance_id: id("instanceId", instance)?,
        window: UsageWindow::new(begin, end).ok_or(WINDOW)?,
        quantity: Quantity::parse(required(row, "value")?.trim()).ok_or(VALUE)?,
        package,
    })
}

fn required<'r>(row: &'r ImportRow, column: &str) -> Result<&'r str, String> {
    row.get(column).ok_or_else(|| format!("{column} is missing; fill it in"))
}

fn id(column: &str, text: &str) -> Result<InstanceId, String> {
    InstanceId::parse(text).map_err(|fault| format!("{column} {fault}; give the ID of an instance"))
}

fn time(row: &ImportRow, column: &str) -> Result<UnixMillis, String> {
    let text = required(row, column)?.trim();
    time_text::parse(text).ok_or_else(|| format!("{column} {TIME}"))
}

/// The columns of a table, and the members of a record.
const COLUMNS: Columns = Columns {
    names: &["recordId", "instanceId", "beginTime", "endTime", "value", PACKAGE],
    mandatory: &["instanceId", "beginTime", "endTime", "value"],
    numbers: &["value"],
};
const PACKAGE: &str = "relatedPackageInstanceId";
const TIME: &str = "is not a time with its offset from UTC; write one like 2026-11-26T10:00:00Z or \
     2026-11-26T18:00:00+08:00";
const WINDOW: &str = "endTime must be after beginTime, by at most 24 hours, and both in whole seconds; \
     correct them";
const VALUE: &str = "value must be a number from 0, with at most 4 decimal places and 8 digits before \
     them, without separators; correct it";

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "instanceId,beginTime,endTime,value\n";

    fn read(text: &str) -> ReportFile {
        ReportFile::parse(text.as_bytes()).unwrap_or_else(|fault| panic!("{fault}"))
    }

    fn fault(row: &str) -> String {
        read(&format!("{HEAD}{row}\n")).faults.remove(0).unwrap()
    }

    #[test]
    fn a_table_json_lines_and_a_message_give_the_same_records() {
        let table = "recordId,instanceId,beginTime,endTime,value,relatedPackageInstanceId\n\
                     r,i-1,2026-11-26T10:00:00Z,2026-11-26T11:00:00Z,1.50,p-1\n";
        let object = r#"{"recordId":"r","instanceId":"i-1","beginTime":"2026-11-26T18:00:00+08:00",
            "endTime":"2026-11-26T11:00:00Z","value":1.5,"relatedPackageInstanceId":"p-1"}"#;
        let line = object.replace('\n', "");
        let table = read(table);
        let product = UsageReport::read(format!(r#"{{"records":[{object}]}}"#).as_bytes()).unwrap();
        assert_eq!(table.report, product, "the product's own rules");
        let lines = read(&format!("{line}\n\n{line}\n"));
        assert_eq!(lines.places, ["line 1", "line 3"]);
        assert_eq!(lines.report.lines, [product.lines.clone(), product.lines.clone()].concat());
        let message = read(&format!(r#"{{"records":[{object},{object}]}}"#));
        assert_eq!(message.places, ["record 1", "record 2"]);
        assert_eq!(message.report, lines.report);
    }

    #[test]
    fn a_malformed_row_says_which_column_is_wrong() {
        let times = "2026-11-26T10:00:00Z,2026-11-26T11:00:00Z";
        for (row, expected) in [
            (format!(",{times},1"), "instanceId is missing"),
            (format!("2.02601E+17,{times},1"), "instanceId was changed into a number"),
            (format!("i-1,{times},"), "value is missing"),
            (format!("i-1,{times},-1"), "value must be a number"),
            (format!("i-1,{times},\"1,5\""), "value must be a number"),
            (format!("i-1,{times},1.00001"), "value must be a number"),
            ("i-1,2026-11-26 10:00,2026-11-26 11:00,1".to_owned(), "beginTime is not a time"),
            ("i-1,2026-11-26T10:00:00Z,2026/11/26 11:00,1".to_owned(), "endTime is not a time"),
            ("i-1,2026-11-26T10:00:00Z,2026-11-26T10:00:00Z,1".to_owned(), "endTime must be after"),
            ("i-1,2026-11-26T10:00:00Z,2026-11-27T10:00:01Z,1".to_owned(), "endTime must be after"),
            (
                "i-1,2026-11-26T10:00:00.5Z,2026-11-26T11:00:00Z,1".to_owned(),
                "endTime must be after",
            ),
        ] {
            let fault = fault(&row);
            assert!(fault.starts_with(expected), "{row}: {fault}");
        }
    }

    #[test]
    fn a_wrong_column_or_member_is_an_error_of_the_file() {
        let unknown = ReportFile::parse(b"instanceId,beginTime,endTime,amount\ni,b,e,1\n");
        let expected = "unknown column `amount`; column value is missing";
        assert!(unknown.is_err_and(|fault| fault.starts_with(expected)));
        let unknown = ReportFile::parse(br#"{"records":[{"instanceId":"i","amount":1}]}"#);
        assert!(unknown.is_err_and(|fault| fault.starts_with("unknown column `amount` on line 1")));
    }
}
