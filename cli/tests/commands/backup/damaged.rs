//! Backups with flipped bits and missing lines. A restore must notice before it writes anything.

use std::fs;

use super::{TARGET, backup};
use crate::Folder;

/// A folder with a backup, and the bytes of the backup.
fn whole() -> (Folder, Vec<u8>) {
    let folder = Folder::with_instances();
    backup(&folder, "a.backup", &[]).check(0, "", "");
    let bytes = fs::read(folder.0.path().join("a.backup")).unwrap();
    (folder, bytes)
}

#[track_caller]
fn is_refused(folder: &Folder, bytes: &[u8], what: &str) {
    folder.write("damaged", bytes);
    let done = folder.run(&["store", "restore", "damaged", "--store", TARGET]);
    assert_eq!(done.code, Some(1), "{what}: {}{}", done.out, done.aside);
    assert!(done.aside.contains("koohook: damaged: "), "{what}: {}", done.aside);
    assert!(!folder.0.path().join("new.db").exists(), "{what}: nothing is written");
}

#[test]
fn a_flipped_bit_in_any_kind_of_line_is_found() {
    let (folder, bytes) = whole();
    let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let mut start = 0;
    for (number, line) in lines.iter().enumerate() {
        // Some places of each line, its end included. Bit 5 changes the case of a letter.
        for tenth in 0..=10 {
            let place = start + (line.len() - 1) * tenth / 10;
            for bit in [0, 5] {
                let mut damaged = bytes.clone();
                damaged[place] ^= 1 << bit;
                is_refused(&folder, &damaged, &format!("line {number}, byte {place}, bit {bit}"));
            }
        }
        start += line.len();
    }
}

#[test]
fn a_missing_repeated_or_added_line_is_found() {
    let (folder, bytes) = whole();
    let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), 8, "a header, six values and the end");
    for number in 0..lines.len() {
        let mut missing = lines.clone();
        missing.remove(number);
        is_refused(&folder, &missing.concat(), &format!("without line {number}"));
        let mut twice = lines.clone();
        twice.insert(number, lines[number]);
        is_refused(&folder, &twice.concat(), &format!("line {number} twice"));
        is_refused(&folder, &lines[..number].concat(), &format!("only {number} lines"));
    }
    is_refused(&folder, &bytes[..bytes.len() - 1], "without the last line end");
    is_refused(&folder, &[&bytes, b"\n".as_slice()].concat(), "one more line end");
    is_refused(&folder, &[&bytes, bytes.as_slice()].concat(), "two backups");
}

#[test]
fn the_error_says_what_is_wrong_and_what_to_do() {
    let (folder, bytes) = whole();
    let verify = |bytes: &[u8], aside: &str| {
        folder.write("damaged", bytes);
        folder.run(&["store", "verify", "damaged"]).check(1, "", aside);
    };
    verify(b"", "file is not a backup of koohook; name a file that");
    verify(b"SQLite format 3\0", "file is not a backup of koohook");
    verify(
        &bytes[..bytes.len() - 9],
        "ends after line 7, before its last line; if it is the file of an",
    );
    let text = String::from_utf8(bytes).unwrap();
    verify(
        text.replacen("\"format\":1", "\"format\":2", 1).as_bytes(),
        "a newer koohook wrote the file",
    );
    verify(
        text.replacen("{\"value\":{", "{\"walue\":{", 1).as_bytes(),
        "line 2 is damaged; copy the file",
    );
    verify(
        text.replacen("\"values\":6", "\"values\":5", 1).as_bytes(),
        "do not have the count and the SHA-256",
    );
    verify(&vec![b'a'; 9 << 20], "file is not a backup of koohook");
    folder.run(&["store", "verify", "none"]).check(1, "", "none: file cannot be read: ");
}
