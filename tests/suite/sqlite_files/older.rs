//! The file of an older koohook, without the columns of the catalogue.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::thread;

use domain::catalogue::{CatalogueEntry, CatalogueList};
use protocol::time::UnixMillis;
use rusqlite::Connection;
use shell::store::sqlite::{Sqlite, SqliteOpenError};
use shell::store::{CatalogueItem, Put, Queue, Scan, ScannedValue, Store, Value};
use tests::servers::run;

use super::{NOON, put, stored, value};

const LIST: CatalogueList = CatalogueList::ActiveInstances;

/// The table of the older koohook, word for word, with three values and two agenda entries.
const OLDER: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS kept (
        key TEXT PRIMARY KEY NOT NULL,
        version BLOB NOT NULL,
        value BLOB NOT NULL,
        queue TEXT,
        due INTEGER,
        expires INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS agenda ON kept (queue, due, key) WHERE queue IS NOT NULL;
    CREATE INDEX IF NOT EXISTS expiry ON kept (expires) WHERE expires IS NOT NULL;
    INSERT INTO kept VALUES
        ('1', x'01010101010101010101010101010101', x'010101', 'due', 7, NULL),
        ('2', x'02020202020202020202020202020202', x'020202', NULL, NULL, 9999999999999),
        ('3', x'03030303030303030303030303030303', x'030303', 'dead', 8, NULL);
";

/// The write of the older koohook, word for word.
const OLDER_PUT: &str = "
    UPDATE kept SET version = :version, value = :value, queue = :queue, due = :due,
        expires = :expires
    WHERE key = :key AND version = :over AND (expires IS NULL OR expires > :now)";

fn make(path: &Path) {
    Connection::open(path).unwrap().execute_batch(OLDER).unwrap();
}

/// The names of the table's columns and of the indexes.
fn names(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT name FROM pragma_table_info('kept')
             UNION ALL SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
             ORDER BY name",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

const OLDER_NAMES: [&str; 8] =
    ["agenda", "due", "expires", "expiry", "key", "queue", "value", "version"];
const NEW_NAMES: [&str; 12] = [
    "agenda",
    "catalogue",
    "changed",
    "due",
    "expires",
    "expiry",
    "key",
    "list",
    "order_digest",
    "queue",
    "value",
    "version",
];

/// The values that [`OLDER`] contains.
fn values() -> [ScannedValue; 3] {
    let scanned = |number, agenda, expires: Option<u64>| {
        let Value { version, bytes, .. } = value(number);
        let expires = expires.map(UnixMillis::new);
        ScannedValue { key: number.to_string(), version, bytes, agenda, catalogue: None, expires }
    };
    [
        scanned(1, Some((Queue::Due, UnixMillis::new(7))), None),
        scanned(2, None, Some(9_999_999_999_999)),
        scanned(3, Some((Queue::Dead, UnixMillis::new(8))), None),
    ]
}

fn scan(store: &Sqlite) -> Vec<ScannedValue> {
    run(store.scan(None, 10)).unwrap().values
}

/// Writes an entry over a value of the older koohook, and finds it.
fn list(store: &Sqlite, number: u8) {
    let entry = CatalogueEntry { list: LIST, changed: NOON, order: None };
    let listed = Value { catalogue: Some(entry), ..value(number) };
    let over = Some(listed.version);
    assert_eq!(run(store.put(&number.to_string(), &listed, over, NOON)), Ok(Put::Won));
    let item = CatalogueItem { key: number.to_string(), changed: NOON, order: None };
    assert_eq!(run(store.catalogue(LIST, None, 9)), Ok(vec![item]));
}

#[test]
fn an_older_file_keeps_every_value_and_gets_a_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("koohook.db");
    make(&path);
    let store = Sqlite::open(&path).unwrap();
    assert_eq!(names(&path), NEW_NAMES);
    assert_eq!(scan(&store), values());
    assert_eq!(run(store.catalogue(LIST, None, 9)), Ok(Vec::new()));
    list(&store, 2);
    drop(store);
    let store = Sqlite::open(&path).unwrap();
    assert_eq!(run(store.catalogue(LIST, None, 9)).unwrap().len(), 1, "opened a second time");
    let due = run(store.agenda(Queue::Due, UnixMillis::EPOCH..=NOON, 9)).unwrap();
    assert_eq!(due.len(), 1, "the agenda still contains its entry");
}

#[test]
fn an_older_file_is_read_without_a_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("koohook.db");
    make(&path);
    let before = std::fs::read(&path).unwrap();
    let store = Sqlite::open_to_read(&path).unwrap();
    assert_eq!(run(store.get("1", NOON)), Ok(Some(stored(1))));
    assert_eq!(run(store.catalogue(LIST, None, 9)), Ok(Vec::new()));
    assert_eq!(scan(&store), values());
    assert_eq!(run(store.is_empty()), Ok(Some(false)));
    // Another process may add the columns meanwhile.
    let serving = Sqlite::open(&path).unwrap();
    assert_eq!(run(store.get("3", NOON)), Ok(Some(stored(3))));
    assert_eq!(scan(&store), values());
    drop((store, serving));
    make(&folder.path().join("unread.db"));
    drop(Sqlite::open_to_read(&folder.path().join("unread.db")).unwrap());
    assert_eq!(std::fs::read(folder.path().join("unread.db")).unwrap(), before);
}

/// The older koohook may still run when the newer one adds the columns. Its writes go on, and leave
/// the entry of the catalogue as it was: the catalogue is only a hint.
#[test]
fn an_older_process_still_writes_after_the_file_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("koohook.db");
    make(&path);
    let older = Connection::open(&path).unwrap();
    let mut put = older.prepare(OLDER_PUT).unwrap();
    let store = Sqlite::open(&path).unwrap();
    list(&store, 1);
    let written = put
        .execute(rusqlite::named_params! {
            ":key": "1", ":version": [9_u8; 16], ":value": [9_u8; 3], ":queue": "due", ":due": 5,
            ":expires": None::<i64>, ":over": [1_u8; 16], ":now": 1,
        })
        .unwrap();
    assert_eq!(written, 1);
    assert_eq!(run(store.get("1", NOON)), Ok(Some(stored(9))));
    assert_eq!(run(store.catalogue(LIST, None, 9)).unwrap().len(), 1);
}

/// The older koohook accepted only its own columns, and compared `user_version` with 0.
#[test]
fn an_older_koohook_rejects_a_file_with_a_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["new.db", "changed.db"] {
        let path = folder.path().join(name);
        if name == "changed.db" {
            make(&path);
        }
        drop(Sqlite::open(&path).unwrap());
        let columns: Vec<_> =
            names(&path).into_iter().filter(|name| OLDER_NAMES.contains(&name.as_str())).collect();
        assert_eq!(columns, OLDER_NAMES, "{name}: it finds all its columns");
        assert_ne!(names(&path), OLDER_NAMES, "{name}: and others, so it asks for a newer koohook");
    }
}

#[test]
fn a_file_with_some_of_the_new_columns_is_a_newer_koohooks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("koohook.db");
    make(&path);
    let add = "ALTER TABLE kept ADD COLUMN list TEXT";
    Connection::open(&path).unwrap().execute_batch(add).unwrap();
    assert_eq!(Sqlite::open(&path).err(), Some(SqliteOpenError::Newer));
    assert_eq!(Sqlite::open_to_read(&path).err(), Some(SqliteOpenError::Newer));
}

#[test]
fn several_starts_may_change_an_older_file_at_once() {
    for round in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("koohook.db");
        if round % 2 == 0 {
            make(&path);
        }
        let begin = Barrier::new(4);
        thread::scope(|scope| {
            let opened: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        begin.wait();
                        Sqlite::open(&path).map(|store| run(store.get("1", NOON)))
                    })
                })
                .collect();
            for opened in opened {
                let found = opened.join().unwrap().unwrap();
                assert_eq!(found, Ok((round % 2 == 0).then(|| stored(1))));
            }
        });
        assert_eq!(names(&path), NEW_NAMES);
    }
}

/// The environment variable that gives the file to a process that a test kills.
const FILE: &str = "KOOHOOK_TEST_OLDER_FILE";

fn start(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite_files::older::process_that_opens_an_older_file"])
        .env(FILE, path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// The process that the test below starts. Without its environment variable it does nothing.
#[test]
fn process_that_opens_an_older_file() {
    let Ok(path) = std::env::var(FILE) else { return };
    let store = Sqlite::open(Path::new(&path)).unwrap();
    let _ = run(put(&store, 99));
}

/// Kills two processes at different moments while they open one older file. The file is always
/// old or new, and the next start works.
#[test]
fn a_start_that_is_killed_leaves_an_old_or_a_new_file() {
    for round in 0..24_u32 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("koohook.db");
        make(&path);
        let mut children = [start(&path), start(&path)];
        (0..1_500 * round).for_each(|_| thread::yield_now());
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let found = names(&path);
        assert!(found == OLDER_NAMES || found == NEW_NAMES, "round {round}: {found:?}");
        let store = Sqlite::open(&path).unwrap();
        let found = scan(&store);
        assert!(found.starts_with(&values()), "round {round}: {found:?}");
        list(&store, 1);
    }
}
