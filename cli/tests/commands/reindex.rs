//! Checks `koohook store reindex` over a file.

use std::process::Command;

use rusqlite::Connection;

use crate::{Finished, Folder, row};

const STORE: &str = "sqlite:koohook.db";

fn sql(folder: &Folder, text: &str) {
    let connection = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    connection.execute_batch(text).unwrap();
}

fn count(folder: &Folder, condition: &str) -> i64 {
    let connection = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    let statement = format!("SELECT count(*) FROM kept WHERE {condition}");
    connection.query_row(&statement, [], |row| row.get(0)).unwrap()
}

fn reindex(folder: &Folder) -> Finished {
    folder.run(&["store", "reindex", STORE])
}

const MARK: &str = "key = 'catalogue'";
/// Makes the store like the store of a koohook without a catalogue.
const FORGET: &str = "UPDATE kept SET list = NULL, changed = NULL, order_digest = NULL;
    DELETE FROM kept WHERE key = 'catalogue'";

#[test]
fn a_reindex_writes_each_missing_entry_once_and_changes_nothing_else() {
    let folder = Folder::with_instances();
    assert_eq!(count(&folder, MARK), 1, "a new store has the mark of a complete catalogue");
    reindex(&folder).check(
        0,
        "6 records checked; 0 entries written\nthe catalogue is complete",
        "",
    );
    let agenda = count(&folder, "queue IS NOT NULL");
    assert_eq!(count(&folder, "list = 'instance-active' AND length(order_digest) = 12"), 3);
    sql(&folder, FORGET);
    let first = reindex(&folder);
    first.check(0, "6 records checked; 3 entries written\nthe catalogue is complete", "");
    assert_eq!(first.aside, "", "no progress without a terminal");
    assert_eq!(count(&folder, "list = 'instance-active' AND length(order_digest) = 12"), 3);
    assert_eq!(count(&folder, "queue IS NOT NULL"), agenda);
    assert_eq!(count(&folder, MARK), 1);
    reindex(&folder).check(0, "; 0 entries written", "");
    sql(&folder, "UPDATE kept SET list = 'instance-frozen' WHERE list IS NOT NULL");
    reindex(&folder).check(0, "; 3 entries written", "");
    assert_eq!(count(&folder, "list = 'instance-active'"), 3, "wrong entries are corrected, too");
}

/// Without its entry no order is found, so the commands name the cause.
#[test]
fn what_needs_the_catalogue_says_that_it_may_lack_instances() {
    let folder = Folder::with_instances();
    let status = || folder.run(&["status", "http://127.0.0.1:1"]).out;
    let warning = "catalogue        WARN    pending, refused and abandoned may lack instances";
    let hint = "the catalogue may lack instances of an older version; run koohook store reindex";
    assert!(!status().contains("catalogue"), "{}", status());
    sql(&folder, FORGET);
    assert!(status().contains(warning), "{}", status());
    let unknown = folder.run(&["instances", "show", "CS-UNKNOWN"]);
    unknown.check(1, "", hint);
    unknown.check(1, "", "no instance with this ID or order is in the store");
    reindex(&folder);
    let unknown = folder.run(&["instances", "show", "CS-UNKNOWN"]);
    assert_eq!((unknown.code, unknown.aside.contains("reindex")), (Some(1), false));
}

#[test]
fn a_reindex_reports_a_value_that_it_cannot_use_and_puts_no_mark() {
    let folder = Folder::with_instances();
    sql(&folder, FORGET);
    sql(
        &folder,
        "INSERT INTO kept (key, version, value) VALUES
            ('instance:broken', x'01010101010101010101010101010101', x'007b'),
            ('instance:newer', x'01010101010101010101010101010101', x'007b22736368656d61223a397d')",
    );
    let fault = "2 stored values cannot be used; the first fault: stored value is unreadable; check \
                 that KOOHOOK_STORE is a store of koohook";
    reindex(&folder).check(1, "6 records checked; 3 entries written", fault);
    assert_eq!(count(&folder, MARK), 0);
    sql(&folder, "DELETE FROM kept WHERE key LIKE 'instance:broken' OR key LIKE 'instance:newer'");
    reindex(&folder).check(
        0,
        "6 records checked; 0 entries written\nthe catalogue is complete",
        "",
    );
    assert_eq!(count(&folder, MARK), 1, "the next run continues");
}

#[test]
fn a_reindex_needs_an_existing_store_and_its_key() {
    let folder = Folder::new();
    reindex(&folder).check(1, "", "KOOHOOK_STORE: the file does not exist");
    folder.write("rows.jsonl", row(1, "active").as_bytes());
    let run = |arguments: &[&str], letter: char| {
        let key = format!("{}=", letter.to_string().repeat(43));
        Finished::of(folder.command(arguments).env("KOOHOOK_SEAL_KEY", key).output().unwrap())
    };
    run(&["import", "rows.jsonl"], 'A').check(0, "1 imported", "");
    run(&["store", "reindex", STORE], 'E').check(1, "", "KOOHOOK_SEAL_KEY");
    sql(&folder, FORGET);
    run(&["store", "reindex", STORE], 'A').check(0, "1 entries written", "");
    assert_eq!(count(&folder, "list IS NOT NULL"), 1);
}

/// The line overwrites itself, and disappears at the end.
#[test]
fn a_reindex_shows_its_progress_on_a_terminal() {
    let folder = Folder::with_instances();
    let program = env!("CARGO_BIN_EXE_koohook");
    let mut command = Command::new("python3");
    command.args(["-c", TERMINAL, program, "store", "reindex", STORE]).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap()).current_dir(folder.0.path());
    let done = Finished::of(command.output().unwrap());
    let shown = done.out.as_str();
    let progress = shown.find("\r\u{1b}[K7 values read, 0 written, ");
    let end = shown.find("\r\u{1b}[K6 records checked; 0 entries written");
    assert!(progress.zip(end).is_some_and(|(progress, end)| progress < end), "{shown:?}");
    done.check(0, "the catalogue is complete", "");
}

/// A program that runs a command on a terminal, and exits with its code.
const TERMINAL: &str =
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
