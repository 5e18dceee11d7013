//! Checks which rows a table has, and which tables are rejected.

use super::*;
use crate::import::row::COLUMNS;

const HEAD: &str = "instanceId,orderId,frontEndUrl,memo\n";

/// The line of each row, with its instance ID or its fault.
fn read(text: &str) -> Vec<(usize, Result<String, String>)> {
    let id = |row: ImportRow| row.get("instanceId").unwrap_or_default().to_owned();
    rows(text, &COLUMNS).unwrap().into_iter().map(|(line, row)| (line, row.map(id))).collect()
}

fn ids(text: &str) -> Vec<(usize, String)> {
    read(text).into_iter().map(|(line, id)| (line, id.unwrap())).collect()
}

#[test]
fn a_row_has_the_number_of_its_first_line() {
    let text = "instanceId,orderId,memo\ni-1,CS1,\"one\ntwo\n\"\"three\"\"\"\n\n,,\ni-2,CS2,m\n\n\ni-3,CS3,m";
    let expected = [(2, "i-1".to_owned()), (7, "i-2".to_owned()), (10, "i-3".to_owned())];
    assert_eq!(ids(text), expected);
    assert_eq!(ids(&text.replace('\n', "\r\n")), expected);
    assert_eq!(ids(&text.replace('\n', "\r")), expected);
    let later = expected.map(|(line, id)| (line + 2, id));
    assert_eq!(ids(&format!("\n\n{text}")), later);
}

#[test]
fn the_separators_of_spreadsheets_are_recognised() {
    let comma = format!("{HEAD}i-1,CS1,https://a.example,m\n");
    for separator in [";", "\t"] {
        assert_eq!(ids(&comma.replace(',', separator)), [(2, "i-1".to_owned())], "{separator:?}");
    }
    // Another separator in a cell does not separate cells.
    assert_eq!(ids(&format!("{HEAD}i-1,CS1,https://a.example,a;b;c\n")), [(2, "i-1".to_owned())]);
    let quoted = "\"instanceId\";\"orderId\"\n\"i;1\";\"CS1\"\n";
    assert_eq!(ids(quoted), [(2, "i;1".to_owned())]);
}

#[test]
fn the_error_names_each_wrong_column_once() {
    let fault = |head: &str| rows(&format!("{head}\ni-1,CS1\ni-2,CS2\n"), &COLUMNS).unwrap_err();
    let known = COLUMNS.names.join(", ");
    for (head, expected) in [
        ("instanceId,orderld", "unknown column `orderld`; column orderId is missing"),
        ("instanceId,orderId,orderId", "column orderId is there twice"),
        ("orderId,state", "column instanceId is missing"),
        ("instanceId,orderId,pass,word", "unknown column `pass`; unknown column `word`"),
    ] {
        assert_eq!(fault(head), format!("{expected}; the columns are {known}"), "{head}");
    }
}

/// A first line without column names may be a row with a password.
#[test]
fn the_error_does_not_show_a_first_line_without_column_names() {
    for head in ["i-1,CS1,canary", "instanceId|orderId|canary", "instanceId，orderId，canary"] {
        let fault = rows(&format!("{head}\n"), &COLUMNS).unwrap_err();
        assert!(fault.starts_with("the first line has no column name"), "{fault}");
        assert!(!fault.contains("canary"), "{fault}");
    }
}

#[test]
fn a_row_with_another_number_of_cells_is_rejected() {
    for (row, expected) in [
        ("i-1,CS1,https://a.example", "has 3 cells, but the first line has 4"),
        ("i-1,CS1,https://a.example,m,more", "has 5 cells, but the first line has 4"),
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
fn the_first_line_may_set_the_separator() {
    let body = "instanceId;orderId;memo\ni-1;CS1;m\n";
    for head in ["sep=;\n", "SEP=;\r\n", "\"sep=;\"\n"] {
        assert_eq!(ids(&format!("{head}{body}")), [(3, "i-1".to_owned())], "{head:?}");
    }
    for separator in [",", "\t", "|"] {
        let text = format!("sep={separator}\n{}", body.replace(';', separator));
        assert_eq!(ids(&text), [(3, "i-1".to_owned())], "{separator:?}");
    }
    for head in ["sep=", "sep=ab", "sep=；"] {
        let fault = rows(&format!("{head}\n{body}"), &COLUMNS).unwrap_err();
        assert!(fault.starts_with("the first line has no separator"), "{head}: {fault}");
    }
}

#[test]
fn a_column_without_a_name_must_be_empty() {
    assert_eq!(ids("instanceId,,orderId,\ni-1,,CS1,\n").len(), 1);
    let rows = read("instanceId,,orderId\ni-1,stray,CS1\n");
    assert_eq!(
        rows,
        [(
            2,
            Err("cell 2 has no name in the first line; add the name, or clear the cell".to_owned())
        )]
    );
}

#[test]
fn rounded_ids_are_rejected_unless_one_id_of_the_column_is_not_rounded() {
    let table = |ids: &[&str]| {
        let rows = ids.iter().map(|id| format!("i-{id},{id},https://a.example,m\n"));
        read(&format!("{HEAD}{}", rows.collect::<String>()))
    };
    let rounded = |ids: &[&str]| table(ids).iter().filter(|(_, row)| row.is_err()).count();
    assert_eq!(rounded(&["20260112345678900"]), 1);
    assert_eq!(rounded(&["2026011234567890", "2026011234567880", "CS1"]), 2);
    // One ID of a hundred really ends in two zeros.
    assert_eq!(rounded(&["20260112345678900", "20260112345678901"]), 0);
    assert_eq!(rounded(&["2026011234567890"]), 0);
    assert_eq!(rounded(&["202601123456000", "CS345678901234500"]), 0);
}

#[test]
fn blanks_in_a_password_cell_are_kept() {
    let text = "instanceId,orderId,password\ni-1,CS1,\" pass word \"\ni-2,CS2, word\n";
    let rows = rows(text, &COLUMNS);
    let passwords =
        rows.unwrap().into_iter().map(|(_, row)| row.unwrap().get("password").unwrap().to_owned());
    assert_eq!(passwords.collect::<Vec<_>>(), [" pass word ", " word"]);
}
