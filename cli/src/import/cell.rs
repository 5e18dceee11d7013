//! Rejects cells whose text a program or a person damaged. Otherwise koohook would store an ID that the
//! marketplace never sends, or access data that no buyer can use.

mod mangled;

use protocol::text::unseen;

pub use self::mangled::is_scientific;
use self::mangled::{is_date, is_error, is_number};
use super::row::MANDATORY;

/// Whether a column contains identifiers. They are compared byte by byte.
pub fn is_id(column: &str) -> bool {
    column.ends_with("Id")
}

/// Checks the text of a cell that is not blank.
///
/// # Errors
/// What is wrong, then what to do. The caller writes the column's name before it.
pub fn check(column: &str, text: &str) -> Result<(), &'static str> {
    let is_free = FREE.contains(&column);
    let placeholder = PLACEHOLDERS.contains(&text.to_uppercase().as_str());
    let stroke = CHINESE_PLACEHOLDERS.contains(&text) || text.chars().all(is_stroke);
    let faults = [
        (!is_free && text.trim() != text, "has blanks at its beginning or end; delete them"),
        (
            !is_free && unseen(text).is_some(),
            "contains an invisible character; type the text again",
        ),
        (is_error(text), "is an error value of a spreadsheet; correct the cell"),
        (
            !is_free && text.chars().all(|letter| letter == '#'),
            "is the ##### of a narrow column; widen the column, and save the file again",
        ),
        (
            placeholder && column != "memo" || stroke && !is_free,
            if MANDATORY.contains(&column) {
                "contains a word for an empty cell; fill in the ID"
            } else {
                "contains a word for an empty cell; leave the cell empty (JSON: null)"
            },
        ),
        (
            !is_free && text.starts_with(['=', '\'']),
            "begins with = or ', a mark of the spreadsheet; delete this character",
        ),
        (
            is_id(column) && is_number(text),
            "was changed into a number; save the table again with the column formatted as text",
        ),
        (
            is_id(column) && is_date(text),
            "was changed into a date; save the table again with the column formatted as text",
        ),
    ];
    faults.into_iter().find(|(found, _)| *found).map_or(Ok(()), |(_, fault)| Err(fault))
}

fn is_stroke(letter: char) -> bool {
    STROKES.contains(&letter)
}

/// The digits of a long whole number that a spreadsheet loses.
pub fn tail_of_number(text: &str) -> Option<&str> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.get(DIGITS_KEPT..).filter(|tail| is_number && !tail.is_empty())
}

/// Columns with a buyer's texts. They are kept unchanged, with their blanks.
const FREE: [&str; 3] = ["userName", "password", "memo"];

/// Texts that mean an empty cell.
const PLACEHOLDERS: [&str; 10] =
    ["NULL", "(NULL)", "\\N", "N/A", "#N/A", "NA", "NONE", "NIL", "NAN", "UNDEFINED"];

/// Words of Chinese tables that mean an empty cell.
const CHINESE_PLACEHOLDERS: [&str; 5] = ["无", "暂无", "空", "空值", "空白"];

/// Strokes that people draw through an empty cell.
const STROKES: [char; 9] = ['-', '‐', '–', '—', '―', '－', '/', '／', '\\'];

/// How many digits of a number a spreadsheet keeps.
const DIGITS_KEPT: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;

    /// IDs that a spreadsheet turned into numbers.
    const NUMBERS: [&str; 11] = [
        "2.02601E+17",
        "4.60001E+12",
        "2,02601E+17",
        "1e-05",
        "2.02601123456789E17",
        "2,02601123456789e17",
        "4600012345678.0",
        "4600012345678.00",
        "4600012345678,00",
        "202,601,123",
        "1,234.00",
    ];
    /// IDs that a spreadsheet turned into dates.
    const DAYS: [&str; 9] = [
        "2026/1/1",
        "2026/01/01 0:00",
        "2026-01-01",
        "1/31/2026",
        "31.1.2026",
        "2026年1月1日",
        "1月2日",
        "2-Jan",
        "Jan-02",
    ];
    /// Signs and words for an empty cell.
    const EMPTY: [&str; 15] = [
        "-",
        "--",
        "—",
        "——",
        "－",
        "/",
        "无",
        "空",
        "NULL",
        "null",
        "N/A",
        "\\N",
        "None",
        "nan",
        "undefined",
    ];
    /// Errors of formulas, and the text of a narrow column.
    const ERRORS: [&str; 5] = ["#REF!", "#NAME?", "#DIV/0!", "#N/A", "########"];
    /// Signs before an ID, and invisible characters.
    const UNSEEN: [&str; 10] = [
        "='CS1'",
        "'CS1",
        " CS1",
        "CS1 ",
        "\u{a0}CS1",
        "CS1\u{200b}",
        "\u{feff}CS1",
        "CS\u{3000}1",
        "CS1\t",
        "C\u{ad}S1",
    ];

    #[test]
    fn an_id_that_a_spreadsheet_changed_is_rejected() {
        for id in [&NUMBERS[..], &DAYS, &EMPTY, &ERRORS, &UNSEEN].concat() {
            assert!(check("orderId", id).is_err(), "{id:?}");
            assert!(check("instanceId", id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn the_error_for_a_required_id_does_not_ask_for_an_empty_cell() {
        for column in MANDATORY {
            assert!(check(column, "N/A").is_err_and(|text| text.ends_with("fill in the ID")));
        }
        assert!(check("productId", "N/A").is_err_and(|text| text.contains("leave the cell empty")));
    }

    #[test]
    fn unusual_ids_are_accepted() {
        let ids = [
            "a b",
            "a,b",
            "a/b",
            "中文😀",
            "a+b",
            "1e5",
            "10e758d0",
            "#1",
            "12.5",
            "1.0.0",
            "..",
            "-1",
            "1/2/3",
            "2026-1",
            "2026/13/1",
            "2026-01-01-1",
            "12-34-56",
            "1,23",
            "1,2345",
            "1234,567",
            "a,123",
            "Jan-2a",
            "2-Jana",
            "无1",
            "nullify",
            "CS#REF!",
            "20260112345678901",
            "E+17",
            "1E+",
        ];
        for id in ids {
            assert_eq!(check("orderId", id), Ok(()), "{id:?}");
        }
    }

    #[test]
    fn credentials_may_contain_text_that_looks_changed_by_a_spreadsheet() {
        for text in [" pass word ", "=1+1", "'quoted'", "########", "2.0E+17", "a\u{200b}", "1.0"] {
            assert_eq!(check("password", text), Ok(()), "{text:?}");
        }
        for text in ["#REF!", "NULL"] {
            assert!(check("password", text).is_err(), "{text:?}");
        }
        assert_eq!(check("memo", "N/A"), Ok(()));
        for text in ["-", "无", "/"] {
            assert_eq!(check("password", text), Ok(()), "{text:?}");
            assert!(check("adminUrl", text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_spreadsheet_loses_the_digits_of_a_number_after_the_15th() {
        assert_eq!(tail_of_number("123456789012345"), None);
        assert_eq!(tail_of_number("12345678901234500"), Some("00"));
        assert_eq!(tail_of_number("CS345678901234500"), None);
    }
}
