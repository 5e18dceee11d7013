//! Checks which files `koohook import` imports, and how it reports their rows.

use crate::{Folder, row};

#[test]
fn an_import_whose_output_is_closed_writes_every_row() {
    let folder = Folder::new();
    let rows: Vec<_> = (1..=50).map(|number| row(number, "active")).collect();
    folder.write("rows.jsonl", rows.concat().as_bytes());
    folder.run_unread(&["import", "rows.jsonl"]).check(0, "", "");
    folder.run(&["import", "rows.jsonl"]).check(0, "50 exist already, the same as in the file", "");
}

#[test]
fn an_import_of_an_empty_file_warns() {
    let folder = Folder::new();
    for text in ["", "\n", "instanceId,orderId\n"] {
        folder.write("none.csv", text.as_bytes());
        let done = folder.run(&["import", "none.csv"]);
        done.check(
            0,
            "0 rows in all",
            "koohook: none.csv contains no rows; check the name of the file",
        );
    }
}

#[test]
fn an_import_counts_each_row_once_as_its_dry_run_did() {
    let folder = Folder::with_instances();
    let rows = [row(1, "active"), row(2, "frozen"), row(4, "active"), row(5, "active")];
    folder.write("more.jsonl", rows.concat().as_bytes());
    let dry = folder.run(&["import", "--dry-run", "more.jsonl"]);
    dry.check(1, "line 2: i-2: exists already, and differs in state; koohook keeps the stored values; correct the file, or delete the line", "");
    let wet = folder.run(&["import", "more.jsonl"]);
    wet.check(1, "1 exist already, differ from the file", "");
    assert_eq!(dry.out.replace("would be imported", "imported"), wet.out);
    assert!(wet.out.ends_with("4 rows in all\n"), "{}", wet.out);
    let again = folder.run(&["import", "more.jsonl"]);
    again.check(1, "3 exist already, the same as in the file", "");
    assert!(![dry, wet, again].iter().any(|done| done.out.contains("canary")));
}

#[test]
fn an_import_with_a_rejected_row_writes_nothing() {
    let folder = Folder::new();
    folder.write("rows.jsonl", [row(1, "active"), row(2, "gone")].concat().as_bytes());
    for arguments in [["import", "--dry-run", "rows.jsonl"].as_slice(), &["import", "rows.jsonl"]] {
        let done = folder.run(arguments);
        done.check(1, "line 2: state is unknown; write active, frozen or released", "");
        let counts = "1 rejected: see the lines above\n\
                      1 correct, but not written because other rows were rejected\n2 rows in all\n";
        assert!(done.out.ends_with(counts), "{}", done.out);
    }
    assert!(!folder.0.path().join("koohook.db").exists());
}

#[test]
fn the_error_of_a_file_that_cannot_be_imported_says_what_to_do() {
    let folder = Folder::new();
    let folder_name = folder.0.path().to_str().unwrap().to_owned();
    folder.run(&["import", "none.csv"]).check(1, "", "file does not exist; check the name");
    folder.run(&["import", &folder_name]).check(1, "", "path is a folder; name a file in it");
    let files: [(&str, &[u8], &str); 6] = [
        ("book.csv", b"PK\x03\x04\x14\0", "save it as CSV UTF-8"),
        ("array.json", b"[{\"instanceId\":\"i-1\"}]", "write one object on each line"),
        ("bad.csv", b"instanceId,orderId\ni-1,\xff\n", "line 2 contains a byte that is neither"),
        ("columns.csv", b"instanceId,order\ni-1,CS1\ni-2,CS2\n", "unknown column `order`"),
        ("row.csv", b"i-1,CS1,canary\n", "the first line has no column name"),
        ("lines.jsonl", b"{\"instanceId\":\"i-1\",\"pass\":\"canary\"}\n", "unknown column `pass`"),
    ];
    for (name, bytes, expected) in files {
        folder.write(name, bytes);
        let done = folder.run(&["import", name]);
        done.check(1, "", expected);
        assert_eq!(done.aside.matches(expected).count(), 1, "{}", done.aside);
        assert!(!done.aside.contains("canary"), "{}", done.aside);
    }
}

/// Excel and WPS in China save files in these encodings.
#[test]
fn a_file_of_a_chinese_spreadsheet_is_imported() {
    let folder = Folder::new();
    let head = b"instanceId;orderId;frontEndUrl;memo\r\n".as_slice();
    let gbk = [head, b"i-1;CS1;https://a.example;\xb1\xb8\xd7\xa2\r\n;;;\r\n"].concat();
    folder.write("gbk.csv", &gbk);
    folder.run(&["import", "gbk.csv"]).check(0, "1 imported", "read as GB18030 (GBK)");
    let text =
        "\u{feff}instanceId\torderId\tfrontEndUrl\tmemo\r\ni-1\tCS1\thttps://a.example\t备注\r\n";
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    folder.write("unicode.txt", &utf_16);
    let done = folder.run(&["import", "unicode.txt"]);
    done.check(0, "1 exist already, the same as in the file", "read as UTF-16");
    let marked = [b"\xef\xbb\xbf".as_slice(), row(2, "active").as_bytes()].concat();
    folder.write("marked.jsonl", &marked);
    folder.run(&["import", "marked.jsonl"]).check(0, "1 imported", "");
}

/// An import keeps no order line, so any line of the order leads to the instance.
#[test]
fn the_line_of_an_imported_order_is_said_to_be_unknown() {
    let folder = Folder::with_instances();
    let note = "imported, so its order line is not known; it may be another line: i-1";
    folder.run(&["instances", "show", "CS1/CS1-9"]).check(0, "i-1", note);
    let whole = folder.run(&["instances", "show", "CS1"]);
    assert!(!whole.aside.contains("order line"), "{}", whole.aside);
}
