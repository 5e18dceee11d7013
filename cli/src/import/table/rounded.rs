//! Rejects IDs that a spreadsheet rounded as numbers.

use crate::import::cell;
use crate::import::row::{Columns, ImportRow, Rows};

/// Rejects rows whose IDs a spreadsheet rounded.
///
/// A spreadsheet reads IDs as numbers, keeps 15 digits and writes zeros for the rest. A single ID may
/// really end in zeros. If every long ID of a column ends in zeros, the spreadsheet rounded them, and
/// they belong to other instances. JSON lines are not checked: a spreadsheet does not write them.
pub fn refuse(rows: &mut Rows, columns: &Columns) {
    for column in columns.names.iter().filter(|column| cell::is_id(column)) {
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
                "{column} has only zeros after its 15th digit, like every long ID of the column, so a \
                 spreadsheet rounded it; save the table again with the column formatted as text \
                 (if the IDs are right, import them as JSON lines)"
            ));
        }
    }
}

/// Two zeros happen by chance in one column of a hundred.
const MIN_ZEROS: usize = 2;
