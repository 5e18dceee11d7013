//! One row of a file: the columns and their texts.

use std::collections::BTreeMap;

/// The rows of a file, each with the number of its first line.
pub type Rows = Vec<(usize, Result<ImportRow, String>)>;

/// A row.
#[derive(Clone, Debug, Default)]
pub struct ImportRow(BTreeMap<&'static str, String>);

/// The columns of a table, and the members of a JSON line.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// Their names.
    pub names: &'static [&'static str],
    /// The columns that a row must fill.
    pub mandatory: &'static [&'static str],
    /// The columns that may be JSON numbers. An ID must be a text, because many programs round long
    /// numbers.
    pub numbers: &'static [&'static str],
}

/// The faults of the column names, for the whole file.
#[derive(Debug, Default)]
pub struct ColumnFaults {
    unknown: Vec<String>,
    repeated: Vec<String>,
    missing: Vec<String>,
}

impl Columns {
    /// The column of a name.
    pub fn find(&self, name: &str) -> Option<&'static str> {
        self.names.iter().copied().find(|column| *column == name)
    }
}

impl ImportRow {
    /// Sets a column. The name must be one of the [`Columns`].
    pub fn set(&mut self, column: &'static str, text: String) {
        self.0.insert(column, text);
    }

    /// The text of a column. Blank text means absent, because a table has no other form of absence.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.0.get(column).map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// The columns that have a text.
    pub fn cells(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let cells = self.0.iter().map(|(column, text)| (*column, text.as_str()));
        cells.filter(|(_, text)| !text.trim().is_empty())
    }
}

impl ColumnFaults {
    /// Adds a name that is not one of the [`Columns`].
    pub fn unknown(&mut self, name: &str, place: &str) {
        // The name may contain control characters.
        let name = name.escape_debug();
        self.unknown.push(format!("unknown column `{name}`{place}"));
    }

    /// Adds a name that occurs twice.
    pub fn repeated(&mut self, name: &str, place: &str) {
        self.repeated.push(format!("column {name} is there twice{place}"));
    }

    /// Adds the required columns that are missing from the names.
    pub fn check_mandatory(&mut self, names: &[&str], columns: &Columns) {
        let missing = columns.mandatory.iter().filter(|column| !names.contains(column));
        self.missing.extend(missing.map(|column| format!("column {column} is missing")));
    }

    /// Reports all faults in one sentence, with the known columns.
    ///
    /// # Errors
    /// If there is a fault.
    pub fn check(self, columns: &Columns) -> Result<(), String> {
        let faults = [self.unknown, self.repeated, self.missing].concat();
        if faults.is_empty() {
            return Ok(());
        }
        Err(format!("{}; the columns are {}", faults.join("; "), columns.names.join(", ")))
    }
}

/// The columns of `koohook import`.
pub const COLUMNS: Columns = Columns {
    names: &[
        "instanceId",
        "orderId",
        "orderLineId",
        "productId",
        "chargingMode",
        "state",
        "freezeCause",
        "expireTime",
        "frontEndUrl",
        "adminUrl",
        "userName",
        "password",
        "memo",
    ],
    mandatory: &MANDATORY,
    numbers: &["chargingMode", "expireTime"],
};

/// The columns that a row of `koohook import` must fill.
pub const MANDATORY: [&str; 2] = ["instanceId", "orderId"];
