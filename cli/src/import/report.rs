//! The report of an import: a line for each row that an operator must check, and the counts of all rows.

use std::collections::BTreeMap;

use shell::import::ImportOutcome;

use crate::output::outln;

/// The lines and counts that are printed at the end.
#[derive(Debug, Default)]
pub struct ImportReport {
    lines: Vec<String>,
    counts: BTreeMap<RowCount, usize>,
}

/// A result of rows. The counts are printed in this order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum RowCount {
    Imported,
    WouldImport,
    Exists,
    Linked,
    Differs,
    OtherId,
    OtherPurchase,
    Rejected,
    NotWritten,
    Unknown,
}

impl ImportReport {
    /// Adds a row that is rejected because of its own text.
    pub fn rejected(&mut self, line: usize, fault: &str) {
        self.lines.push(format!("line {line}: {fault}"));
        self.count(RowCount::Rejected, 1);
    }

    /// Adds rows that are right but not written, because other rows are rejected.
    pub fn not_written(&mut self, rows: usize) {
        self.count(RowCount::NotWritten, rows);
    }

    /// Adds rows whose result is unknown, because the store failed.
    pub fn unknown(&mut self, rows: usize) {
        self.count(RowCount::Unknown, rows);
    }

    /// Adds a row with the answer of the store.
    pub fn settled(&mut self, line: usize, id: &str, outcome: &ImportOutcome) {
        let (count, fault) = match outcome {
            ImportOutcome::Imported => (RowCount::Imported, None),
            ImportOutcome::WouldImport => (RowCount::WouldImport, None),
            ImportOutcome::Exists => (RowCount::Exists, None),
            ImportOutcome::Linked => (RowCount::Linked, None),
            ImportOutcome::Differs(columns) => {
                let columns = columns.join(", ");
                (
                    RowCount::Differs,
                    Some(format!(
                        "exists already, and differs in {columns}; koohook keeps the stored values; \
                         correct the file, or delete the line"
                    )),
                )
            }
            ImportOutcome::OrderMadeHere(known) => {
                let fault = format!(
                    "koohook already answered this purchase with the ID {known}, and keeps it; \
                     delete the line",
                    known = known.as_str().escape_debug()
                );
                (RowCount::OtherId, Some(fault))
            }
            ImportOutcome::OrderMoved(known) => {
                let fault = format!(
                    "an earlier import gave this purchase the ID {known}, and koohook keeps it; \
                     compare both IDs with the older server; correct the line, or delete it",
                    known = known.as_str().escape_debug()
                );
                (RowCount::OtherId, Some(fault))
            }
            ImportOutcome::OtherPurchase => {
                let fault = "the ID exists already, for another purchase; correct the line";
                (RowCount::OtherPurchase, Some(fault.to_owned()))
            }
        };
        let line = fault.map(|fault| format!("line {line}: {}: {fault}", id.escape_debug()));
        self.lines.extend(line);
        self.count(count, 1);
    }

    /// Whether the store contains, or would contain, every row.
    pub fn is_good(&self) -> bool {
        self.counts.keys().all(|count| *count <= RowCount::Linked)
    }

    /// How many rows were rejected because of their own text.
    pub fn rejections(&self) -> usize {
        self.counts.get(&RowCount::Rejected).copied().unwrap_or_default()
    }

    /// Prints the lines, the counts and their sum.
    pub fn print(&self) {
        for line in &self.lines {
            outln!("{line}");
        }
        for (count, rows) in &self.counts {
            outln!("{rows} {}", count.words());
        }
        let rows = self.counts.values().sum::<usize>();
        outln!("{rows} {} in all", if rows == 1 { "row" } else { "rows" });
    }

    fn count(&mut self, count: RowCount, rows: usize) {
        if rows > 0 {
            *self.counts.entry(count).or_default() += rows;
        }
    }
}

impl RowCount {
    const fn words(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::WouldImport => "would be imported",
            Self::Exists => "exist already, the same as in the file",
            Self::Linked => "exist already; koohook now finds them by the order in the file",
            Self::Differs => "exist already, differ from the file, and are not changed",
            Self::OtherId => "rejected: the purchase already has another ID",
            Self::OtherPurchase => "rejected: the ID exists already, for another purchase",
            Self::Rejected => "rejected: see the lines above",
            Self::NotWritten => "correct, but not written because other rows were rejected",
            Self::Unknown => "unknown: the store failed; run the import again",
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::message::InstanceId;

    use super::*;

    #[test]
    fn each_row_is_counted_once() {
        let mut report = ImportReport::default();
        let outcomes = [
            ImportOutcome::Imported,
            ImportOutcome::WouldImport,
            ImportOutcome::Exists,
            ImportOutcome::Linked,
        ];
        for outcome in &outcomes {
            report.settled(1, "i-1", outcome);
        }
        assert!(report.is_good());
        let known = InstanceId::parse("i-0").unwrap();
        let bad = [
            ImportOutcome::Differs(vec!["state"]),
            ImportOutcome::OrderMadeHere(known.clone()),
            ImportOutcome::OrderMoved(known),
            ImportOutcome::OtherPurchase,
        ];
        for outcome in &bad {
            let mut single = ImportReport::default();
            single.settled(1, "i-1", outcome);
            assert!(!single.is_good(), "{outcome:?}");
            report.settled(1, "i-1", outcome);
        }
        report.rejected(1, "state is missing");
        report.not_written(2);
        report.unknown(3);
        assert_eq!(report.counts.len(), 10);
        assert_eq!(report.counts.values().sum::<usize>(), 4 + 4 + 1 + 2 + 3);
    }
}
