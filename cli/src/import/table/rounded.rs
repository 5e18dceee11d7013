//! Rejects IDs that a spreadsheet read as numbers and rounded.

use crate::import::cell;
use crate::import::row::{COLUMNS, ImportRow, Rows};

/// Rejects rows whose IDs a spreadsheet rounded.
///
/// It reads IDs as numbers, keeps 15 digits and writes zeros for the rest. One ID may end in zeros
/// by itself. If every long ID of a column does, they were rounded: the IDs in the file belong to
/// other instances. No spreadsheet writes JSON lines, so they are not checked.
pub fn refuse(rows: &mut Rows) {
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
