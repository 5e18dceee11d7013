//! Checks which store a command opens, and which files remain after it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rusqlite::Connection;

use crate::{Finished, Folder, SEAL_KEY, row};

#[test]
fn a_missing_store_and_an_unknown_instance_are_errors() {
    let folder = Folder::new();
    folder.run(&["notices", "list"]).check(1, "", "KOOHOOK_STORE: the file does not exist");
    let folder = Folder::with_instances();
    for command in ["list", "show", "replay"] {
        let done = folder.run(&["notices", command, "--instance", "i-9"]);
        done.check(1, "", "instance i-9 is not in this store; correct the ID");
        assert_eq!(done.out, "");
        let done = folder.run(&["notices", command, "--since", "2026-11-26T25:00:00"]);
        done.check(2, "", "a time with its offset from UTC");
    }
}

#[test]
fn a_command_with_a_wrong_seal_key_names_the_setting() {
    let folder = Folder::new();
    folder.write("rows.jsonl", row(1, "active").as_bytes());
    let run = |arguments: &[&str], letter: char| {
        let key = format!("{}=", letter.to_string().repeat(43));
        Finished::of(folder.command(arguments).env("KOOHOOK_SEAL_KEY", key).output().unwrap())
    };
    run(&["import", "rows.jsonl"], 'A').check(0, "1 imported", "");
    let commands: [&[&str]; 3] = [
        &["notices", "show", "--instance", "i-1"],
        &["import", "--dry-run", "rows.jsonl"],
        &["import", "rows.jsonl"],
    ];
    for arguments in commands {
        let done = run(arguments, 'E');
        done.check(1, "", "add the key that sealed the store to KOOHOOK_SEAL_KEY_PREVIOUS");
    }
}

/// The advice about a server is for other stores.
#[test]
fn the_error_of_a_locked_file_names_the_lock() {
    let folder = Folder::with_instances();
    let other = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    folder.write("more.jsonl", row(4, "active").as_bytes());
    let advice =
        "store unavailable: another process keeps the database locked; end its transaction";
    folder.run(&["import", "more.jsonl"]).check(1, "1 unknown", advice);
}

/// Another folder with a copy of only the database file.
fn copy_of(folder: &Folder) -> Folder {
    let copy = Folder::new();
    fs::copy(folder.0.path().join("koohook.db"), copy.0.path().join("koohook.db")).unwrap();
    copy
}

#[test]
fn a_finished_command_leaves_one_file_with_every_value() {
    let folder = Folder::with_instances();
    let beside = |ending: &str| folder.0.path().join(format!("koohook.db{ending}")).exists();
    assert!(!beside("-wal") && !beside("-shm"));
    copy_of(&folder).run(&["notices", "show", "--instance", "i-3"]).check(0, "[]", "");
    folder.run(&["store", "check", "sqlite:koohook.db"]).check(0, "the store works", "");
    assert!(!beside("-wal") && !beside("-shm"));
}

#[test]
fn a_check_of_an_empty_file_leaves_it_empty() {
    let folder = Folder::new();
    let path = folder.write("koohook.db", b"");
    folder.run(&["store", "check", "sqlite:koohook.db"]).check(0, "the file is empty", "");
    assert_eq!(fs::read(path).unwrap(), b"");
    assert_eq!(
        fs::read_dir(folder.0.path()).unwrap().count(),
        1,
        "the check creates no other file"
    );
}

#[test]
fn a_stopped_server_leaves_one_file_with_every_value() {
    for (arguments, signal) in [(["serve"], "TERM"), (["dev"], "TERM"), (["serve"], "INT")] {
        let folder = Folder::new();
        let mut command = folder.command(&arguments);
        command
            .env("KOOHOOK_BASE_KEY", "constructed-base-key-0001")
            .env("KOOHOOK_APP_INFO", r#"{"frontEndUrl":"https://a.example"}"#);
        command.env("KOOHOOK_STORE", "sqlite:koohook.db").env("KOOHOOK_LISTEN", "127.0.0.1:0");
        let mut server =
            command.env("KOOHOOK_SEAL_KEY", SEAL_KEY).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("\"listening\"")), "{arguments:?}");
        assert!(folder.0.path().join("koohook.db-wal").exists());
        let sent = Command::new("kill").args(["-s", signal, &server.id().to_string()]).status();
        assert!(sent.unwrap().success());
        assert!(server.wait().unwrap().success(), "{arguments:?}");
        let copy = copy_of(&folder);
        let mut check = copy.command(&["store", "check", "sqlite:koohook.db"]);
        let done = Finished::of(check.env("KOOHOOK_SEAL_KEY", SEAL_KEY).output().unwrap());
        done.check(0, "seal      ok", "");
    }
}
