//! The table of results of `now` and `replay`.

use protocol::time::UnixMillis;

use super::notice_line::NoticeLine;
use crate::table::TextTable;

/// The table of results.
pub type Results = TextTable<5>;

/// A table without rows.
pub const fn new_results() -> Results {
    TextTable::new(["ORDER", "INSTANCE", "SEQUENCE", "TYPE", "RESULT"])
}

/// A row of the table of results.
pub fn result_row(line: &NoticeLine, result: &str) -> [String; 5] {
    let [_, order, _, owner, sequence, kind, ..] = line.row(UnixMillis::EPOCH);
    [order, owner, sequence, kind, result.to_owned()]
}
