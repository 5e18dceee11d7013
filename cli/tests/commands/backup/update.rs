//! A move of a store with a short stop: a second backup updates what the first one restored.

use rusqlite::Connection;

use super::{backup, record, restore, rows};
use crate::{Folder, row};

/// Changes the values of the source, as koohook does: with new versions.
fn renew(folder: &Folder, file: &str, order: &str) {
    let connection = Connection::open(folder.0.path().join(file)).unwrap();
    let statement = "UPDATE kept SET version = randomblob(16),
        value = CAST(replace(CAST(value AS TEXT), '\"active\"', '\"released\"') AS BLOB)
        WHERE list NOT NULL AND instr(CAST(value AS TEXT), ?1) > 0";
    assert_eq!(connection.execute(statement, [order]).unwrap(), 1);
}

fn state(folder: &Folder, id: &str) -> String {
    let rows = rows(folder, "new.db");
    let records = rows.iter().map(record).map(|it| it["entity"]["instance"].clone());
    let found = records.into_iter().find(|it| it["id"] == id).unwrap();
    found["state"].as_str().unwrap().to_owned()
}

#[test]
fn an_update_replaces_only_what_a_restore_wrote_and_nobody_changed() {
    let folder = Folder::with_instances();
    backup(&folder, "a.backup", &[]).check(0, "", "");
    restore(&folder, "a.backup", &[]).check(0, "6 values written", "");
    // The source serves on: two values change, and one is new.
    renew(&folder, "koohook.db", "\"i-1\"");
    renew(&folder, "koohook.db", "\"i-2\"");
    folder.write("more.jsonl", row(4, "active").as_bytes());
    folder.run(&["import", "more.jsonl"]).check(0, "", "");
    backup(&folder, "b.backup", &[]).check(0, "8 values copied", "");
    // Somebody changed one of the restored values in the target.
    renew(&folder, "new.db", "\"i-2\"");
    let connection = Connection::open(folder.0.path().join("new.db")).unwrap();
    let note = "UPDATE kept SET value = CAST(value || x'20' AS BLOB) WHERE instr(CAST(value AS TEXT), '\"i-2\"') > 0 AND list NOT NULL";
    assert_eq!(connection.execute(note, []).unwrap(), 1);
    let plain = restore(&folder, "b.backup", &[]);
    plain.check(
        1,
        "2 values written; 4 existed already; 2 differ",
        "run this command again with --update",
    );
    assert_eq!(state(&folder, "i-1"), "active", "a restore puts over absence only");
    let update = restore(&folder, "b.backup", &["--update"]);
    update.check(1, "1 replaced; 6 existed already; 1 differ", "another value, which stays");
    assert_eq!(state(&folder, "i-1"), "released");
    assert_eq!((state(&folder, "i-4"), rows(&folder, "new.db").len()), ("active".to_owned(), 8));
    // The older backup replaces nothing of the newer one.
    let older = restore(&folder, "a.backup", &["--update"]);
    older.check(1, "0 values written; 4 existed already; 2 differ", "");
    assert_eq!(state(&folder, "i-1"), "released");
}

#[test]
fn a_sequence_rises_once_however_often_a_store_is_updated() {
    let folder = Folder::with_instances();
    for name in ["a.backup", "b.backup", "c.backup"] {
        backup(&folder, name, &[]).check(0, "", "");
        restore(&folder, name, &["--update"]).check(0, "0 differ\nverified: 6", "");
        renew_all(&folder);
    }
    let sequences: Vec<_> = rows(&folder, "new.db")
        .iter()
        .map(record)
        .filter(|it| it["entity"].get("instance").is_some())
        .map(|it| it["outbox"]["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(sequences, [1_000_000; 3]);
}

fn renew_all(folder: &Folder) {
    let connection = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    let statement = "UPDATE kept SET version = randomblob(16), changed = changed + 1,
        value = CAST(replace(CAST(value AS TEXT), '\"changed\":', '\"changed\":1') AS BLOB)
        WHERE list NOT NULL";
    assert_eq!(connection.execute(statement, []).unwrap(), 3);
}
