//! Checks `koohook store backup`, `verify` and `restore` over files.

mod damaged;
mod interrupted;
mod update;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::{fs, str};

use rusqlite::Connection;
use serde_json::Value;

use crate::{Finished, Folder, SEAL_KEY};

/// Another seal key.
const OTHER_KEY: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
const SOURCE: &str = "sqlite:koohook.db";
const TARGET: &str = "sqlite:new.db";

fn backup(folder: &Folder, file: &str, more: &[&str]) -> Finished {
    folder.run(&[&["store", "backup", file, "--store", SOURCE], more].concat())
}

fn restore(folder: &Folder, file: &str, more: &[&str]) -> Finished {
    folder.run(&[&["store", "restore", file, "--store", TARGET], more].concat())
}

fn with_keys(folder: &Folder, arguments: &[&str], keys: &[(&str, &str)]) -> Finished {
    Finished::of(folder.command(arguments).envs(keys.iter().copied()).output().unwrap())
}

/// The values of a file of a store: key, first byte, and the entries.
fn rows(folder: &Folder, file: &str) -> Vec<(String, String, String)> {
    let connection = Connection::open(folder.0.path().join(file)).unwrap();
    let statement = "SELECT key, hex(value), coalesce(queue, '') || '|' || coalesce(due, '') || '|' ||
        coalesce(expires, '') || '|' || coalesce(list, '') || '|' || coalesce(changed, '') || '|' ||
        coalesce(hex(order_digest), '') FROM kept WHERE key NOT IN ('catalogue', 'seal') ORDER BY key";
    let mut statement = connection.prepare(statement).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// The record in an unencrypted row.
fn record(row: &(String, String, String)) -> Value {
    let bytes = hex::decode(&row.1).unwrap();
    assert_eq!(bytes[0], 0, "unencrypted");
    serde_json::from_slice(&bytes[1..]).unwrap()
}

/// Python reads the file as docs/stores.md describes it, and the store with its own SQLite.
const PYTHON: &str = r#"
import base64, hashlib, json, sqlite3, sys
lines = open(sys.argv[1], "rb").read().splitlines(keepends=True)
header, end = json.loads(lines[0])["backup"], json.loads(lines[-1])["end"]
assert header["format"] == 1 and header["store"] == "sqlite", header
digest = hashlib.sha256(b"".join(lines[:-1])).hexdigest()
assert digest == end["sha256"], (digest, end)
values = [json.loads(line)["value"] for line in lines[1:-1] if line.startswith(b'{"value":')]
assert len(values) == end["values"] == len({value["key"] for value in values})
found = {value["key"]: base64.b64decode(value["value"], validate=True) for value in values}
rows = sqlite3.connect(sys.argv[2]).execute(
    "SELECT key, value FROM kept WHERE key NOT IN ('catalogue', 'seal')")
assert found == dict(rows), "every value, as it is stored"
print(len(found), "values")
"#;

#[test]
fn a_backup_has_every_value_as_another_program_reads_it() {
    let folder = Folder::with_instances();
    let before = fs::read(folder.0.path().join("koohook.db")).unwrap();
    let done = backup(&folder, "a.backup", &[]);
    done.check(
        0,
        "6 values copied to a.backup\n",
        "WARNING: 6 values in this file are NOT ENCRYPTED",
    );
    assert!(!done.aside.contains('\r'), "no progress without a terminal");
    let path = folder.0.path().join("a.backup");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!folder.0.path().join("a.backup.part").exists());
    assert_eq!(fs::read(folder.0.path().join("koohook.db")).unwrap(), before, "nothing is written");
    let mut python = Command::new("python3");
    let printed = python
        .args(["-c", PYTHON])
        .arg(&path)
        .arg(folder.0.path().join("koohook.db"))
        .output()
        .unwrap();
    assert_eq!(str::from_utf8(&printed.stdout), Ok("6 values\n"), "{printed:?}");
    folder.run(&["store", "verify", "a.backup"]).check(
        0,
        "whole: 6 values of a sqlite store, 6 of them NOT ENCRYPTED; begun 2",
        "",
    );
}

#[test]
fn the_standard_output_gets_only_the_backup() {
    let folder = Folder::with_instances();
    let done = backup(&folder, "-", &[]);
    done.check(0, "{\"end\":{\"values\":6,", "6 values copied\n");
    assert!(done.out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    folder.write("copy", done.out.as_bytes());
    folder.run(&["store", "verify", "copy"]).check(0, "whole: 6 values", "");
    backup(&folder, "-", &["--resume"]).check(1, "", "--resume needs a FILE");
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let folder = Folder::with_instances();
    folder.write("a.backup", b"mine");
    for more in [[].as_slice(), &["--resume"]] {
        backup(&folder, "a.backup", more).check(
            1,
            "",
            "a.backup exists already; name another file",
        );
    }
    assert_eq!(fs::read(folder.0.path().join("a.backup")).unwrap(), b"mine");
    folder.write("b.backup.part", b"begun");
    backup(&folder, "b.backup", &[]).check(1, "", "run this command again with --resume");
    assert_eq!(fs::read(folder.0.path().join("b.backup.part")).unwrap(), b"begun");
    backup(&folder, "none/c", &[]).check(1, "", "none/c.part: folder does not exist; create it");
    backup(&folder, "c", &["--resume"]).check(1, "", "run this command without --resume");
    let memory = folder.run(&["store", "backup", "d", "--store", "memory:"]);
    memory.check(1, "", "a memory: store ends with its process");
    let missing = folder.run(&["store", "backup", "d", "--store", "sqlite:none.db"]);
    missing.check(1, "", "the file does not exist");
}

#[test]
fn a_restore_writes_every_value_and_raises_every_sequence() {
    let folder = Folder::with_instances();
    backup(&folder, "a.backup", &[]).check(0, "", "");
    restore(&folder, "a.backup", &["--dry-run"]).check(0, "does not exist; 6 values would be", "");
    assert!(!folder.0.path().join("new.db").exists(), "a dry run writes nothing");
    let done = restore(&folder, "a.backup", &[]);
    done.check(
        0,
        "6 values written; 0 existed already; 0 differ\nverified: 6 values read back",
        "",
    );
    let (before, after) = (rows(&folder, "koohook.db"), rows(&folder, "new.db"));
    assert_eq!(before.len(), 6);
    let mut raised = 0;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((&before.0, &before.2), (&after.0, &after.2), "key, agenda, catalogue, expiry");
        let (mut before, after) = (record(before), record(after));
        if before["entity"].get("instance").is_some() {
            let sequence = before["outbox"]["sequence"].as_u64().unwrap();
            before["outbox"]["sequence"] = (sequence + 1_000_000).into();
            raised += 1;
        }
        assert_eq!(before, after, "nothing else changes");
    }
    assert_eq!((after.len(), raised), (6, 3));
    let list =
        folder.command(&["instances", "list"]).env("KOOHOOK_STORE", TARGET).output().unwrap();
    let listed = Finished::of(list);
    listed.check(0, "i-3", "");
    assert!(!listed.aside.contains("reindex"), "the catalogue is complete: {}", listed.aside);
    restore(&folder, "a.backup", &[]).check(
        0,
        "0 differ\nverified: 6 values read back and equal\n",
        "",
    );
}

/// The source of a backup has the values already, with lower sequences.
#[test]
fn a_restore_never_replaces_what_koohook_wrote() {
    let folder = Folder::with_instances();
    backup(&folder, "a.backup", &[]).check(0, "", "");
    let into = |more: &[&str]| {
        folder.run(&[&["store", "restore", "a.backup", "--store", SOURCE], more].concat())
    };
    into(&[]).check(0, "0 values written; 6 existed already; 0 differ\nverified: 6", "");
    let changed =
        "UPDATE kept SET value = x'007b7d', version = randomblob(16) WHERE key LIKE 'instance:%'
        AND list IS NOT NULL";
    let connection = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    assert_eq!(connection.execute(changed, []).unwrap(), 3);
    let before = rows(&folder, "koohook.db");
    for more in [&["--dry-run"][..], &[], &["--update"]] {
        let done = into(more);
        done.check(
            1,
            "; 3 existed already; 3 differ",
            ": the store has another value, which stays",
        );
        assert_eq!(rows(&folder, "koohook.db"), before);
    }
    connection.execute("DELETE FROM kept WHERE list IS NOT NULL", []).unwrap();
    into(&["--dry-run"]).check(0, "3 values would be written; 3 existed", "");
    into(&[]).check(0, "3 values written; 3 existed already; 0 differ\nverified: 6", "");
}

#[test]
fn a_backup_is_restored_with_the_key_that_sealed_it() {
    let folder = Folder::with_instances();
    backup(&folder, "a.backup", &["--seal"]).check(1, "", "--seal needs KOOHOOK_SEAL_KEY");
    let seal = ("KOOHOOK_SEAL_KEY", SEAL_KEY);
    let arguments = ["store", "backup", "a.backup", "--seal", "--store", SOURCE];
    let done = with_keys(&folder, &arguments, &[seal]);
    done.check(0, "6 values copied", "");
    assert!(!done.aside.contains("WARNING"), "{}", done.aside);
    let text = fs::read_to_string(folder.0.path().join("a.backup")).unwrap();
    assert!(!text.contains("\"value\":\"AA"), "no value begins with 0");
    let verify = ["store", "verify", "a.backup"];
    folder.run(&verify).check(0, "all sealed; begun", "");
    assert!(folder.run(&verify).out.contains("not checked: whether a seal key"));
    let other = ("KOOHOOK_SEAL_KEY", OTHER_KEY);
    let advice = "set KOOHOOK_SEAL_KEY, or KOOHOOK_SEAL_KEY_PREVIOUS, to the key of the store";
    with_keys(&folder, &verify, &[other]).check(1, "", advice);
    let into = ["store", "restore", "a.backup", "--store", TARGET];
    folder.run(&into).check(1, "", "6 of 6 values cannot be restored");
    with_keys(&folder, &into, &[other]).check(1, "", advice);
    assert!(!folder.0.path().join("new.db").exists(), "nothing is written");
    let both = [other, ("KOOHOOK_SEAL_KEY_PREVIOUS", SEAL_KEY)];
    with_keys(&folder, &into, &both).check(0, "6 values written; 0 existed", "");
    assert!(rows(&folder, "new.db").iter().all(|row| row.1.starts_with("01")), "sealed anew");
    let show = folder
        .command(&["instances", "show", "i-2"])
        .env("KOOHOOK_STORE", TARGET)
        .envs([other])
        .output();
    Finished::of(show.unwrap()).check(0, "i-2", "");
}

#[test]
fn a_restore_that_can_keep_nothing_fails() {
    let folder = Folder::with_instances();
    backup(&folder, "clear.backup", &[]).check(0, "", "");
    let into = ["store", "restore", "clear.backup", "--store", "memory:"];
    folder.run(&into).check(1, "", "a memory: store ends with its process");
    let sealed = ["store", "backup", "sealed.backup", "--seal", "--store", SOURCE];
    with_keys(&folder, &sealed, &[("KOOHOOK_SEAL_KEY", SEAL_KEY)]).check(0, "", "");
    let skip = ["store", "restore", "sealed.backup", "--skip-unusable", "--store", TARGET];
    folder.run(&skip).check(1, "", "6 of 6 values cannot be restored");
    assert!(!folder.0.path().join("new.db").exists(), "no store with another mark is made");
}

#[test]
fn values_that_koohook_cannot_use_are_named_and_left_out_at_the_operators_word() {
    let folder = Folder::with_instances();
    let connection = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    let spoil = "UPDATE kept SET value = x'007b' WHERE key =
        (SELECT min(key) FROM kept WHERE list NOT NULL)";
    assert_eq!(connection.execute(spoil, []).unwrap(), 1);
    let unknown =
        "INSERT INTO kept (key, version, value) VALUES ('future:1', zeroblob(16), x'0061')";
    connection.execute(unknown, []).unwrap();
    drop(connection);
    let done = backup(&folder, "a.backup", &[]);
    done.check(
        1,
        "7 values copied",
        ": stored value is unreadable; check that KOOHOOK_STORE is a store",
    );
    let fault = "1 of 7 values cannot be restored, the first is instance:";
    restore(&folder, "a.backup", &[]).check(1, "", fault);
    assert!(!folder.0.path().join("new.db").exists(), "nothing is written");
    let skipped = restore(&folder, "a.backup", &["--skip-unusable"]);
    skipped.check(
        0,
        "6 values written; 0 existed already; 0 differ; 1 left out\nverified: 6",
        fault,
    );
    let rows = rows(&folder, "new.db");
    assert!(rows.iter().any(|row| row.0 == "future:1" && row.1 == "0061"), "unknown keys are kept");
}

/// An older koohook's file has no columns for the catalogue.
#[test]
fn an_older_store_is_copied_without_a_change_and_restored_with_its_catalogue() {
    let folder = Folder::with_instances();
    let connection = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    let older = "DROP INDEX catalogue; ALTER TABLE kept DROP COLUMN list; ALTER TABLE kept DROP COLUMN changed;
        ALTER TABLE kept DROP COLUMN order_digest; DELETE FROM kept WHERE key = 'catalogue';";
    connection.execute_batch(older).unwrap();
    drop(connection);
    backup(&folder, "a.backup", &[]).check(0, "6 values copied", "");
    let connection = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    let columns: i64 = connection
        .query_row("SELECT count(*) FROM pragma_table_info('kept')", [], |row| row.get(0))
        .unwrap();
    assert_eq!(columns, 6, "the file is not migrated");
    restore(&folder, "a.backup", &[]).check(0, "6 values written", "");
    let entries =
        rows(&folder, "new.db").iter().filter(|row| row.2.contains("instance-active")).count();
    assert_eq!(entries, 3);
}
