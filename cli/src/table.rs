//! Aligned tables for people. A Chinese character is as wide as two letters.

use std::io::{self, IsTerminal};

use unicode_width::UnicodeWidthStr;

use crate::output::{outln, print};
use crate::shown::shown;

/// A table that is printed page by page. A later page keeps the widths of the earlier pages.
pub struct TextTable<const COLUMNS: usize> {
    heads: [&'static str; COLUMNS],
    widths: [usize; COLUMNS],
    is_begun: bool,
}

impl<const COLUMNS: usize> TextTable<COLUMNS> {
    /// A table with these heads.
    pub const fn new(heads: [&'static str; COLUMNS]) -> Self {
        Self { heads, widths: [0; COLUMNS], is_begun: false }
    }

    /// Widens the columns for rows that are printed later.
    pub fn measure(&mut self, rows: &[[String; COLUMNS]]) {
        rows.iter().for_each(|row| self.widen(&row.each_ref().map(|cell| visible(cell))));
    }

    /// Prints rows. On a terminal the heads are before the first rows; a pipe gets data alone. Hidden characters become visible. An empty
    /// cell is printed as `-`. No rows print nothing.
    pub fn print(&mut self, rows: &[[String; COLUMNS]]) {
        print(format_args!("{}", self.text(rows, io::stdout().is_terminal())));
    }

    fn text(&mut self, rows: &[[String; COLUMNS]], has_heads: bool) -> String {
        let heads = (has_heads && !self.is_begun).then(|| self.heads.map(str::to_owned));
        self.is_begun |= !rows.is_empty();
        let heads = heads.filter(|_| self.is_begun);
        let cells = rows.iter().map(|row| row.each_ref().map(|cell| visible(cell)));
        let lines: Vec<[String; COLUMNS]> = heads.into_iter().chain(cells).collect();
        lines.iter().for_each(|line| self.widen(line));
        lines.iter().map(|line| self.line(line)).collect()
    }

    fn widen(&mut self, cells: &[String; COLUMNS]) {
        for (width, cell) in self.widths.iter_mut().zip(cells) {
            *width = cell.width().max(*width);
        }
    }

    fn line(&self, cells: &[String; COLUMNS]) -> String {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(self.widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', 2 + width.saturating_sub(cell.width())));
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    }
}

fn visible(cell: &str) -> String {
    if cell.is_empty() { "-".to_owned() } else { shown(cell).into_owned() }
}

/// Prints names and values in two aligned columns, each line after `indent`. Names without a value
/// are left out.
pub fn print_fields(indent: &str, fields: &[(&str, Option<String>)]) {
    let present = fields.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let width = present.clone().map(|(name, _)| name.width()).max().unwrap_or_default();
    for (name, value) in present {
        let space = " ".repeat(width.saturating_sub(name.width()));
        outln!("{indent}{name}{space}  {}", shown(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_the_width_on_a_terminal() {
        let mut table = TextTable::new(["NAME", "STATE", "NOTE"]);
        let row = |name: &str, state: &str, note: &str| [name, state, note].map(str::to_owned);
        assert_eq!(table.text(&[], true), "");
        let text = table.text(&[row("云商店", "active", ""), row("a\u{1b}b", "", "x")], true);
        let expected = "NAME      STATE   NOTE\n云商店    active  -\na\\u{1b}b  -       x\n";
        assert_eq!(text, expected);
        assert_eq!(table.text(&[row("b", "c", "d")], true), "b         c       d\n");
        let mut table = TextTable::new(["NAME", "STATE", "NOTE"]);
        table.measure(&[row("long name", "", "")]);
        assert_eq!(table.text(&[row("a", "", "x")], false), "a          -  x\n");
    }
}
