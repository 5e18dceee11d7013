//! Which files koohook accepts as a store, and why it rejects others.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rusqlite::Connection;
use shell::store::sqlite::{Sqlite, SqliteOpenError};
use shell::store::{Put, Store, StoreSetting};
use tests::servers::run;

use super::{NOON, put, stored};

fn open_error(path: &Path) -> Option<SqliteOpenError> {
    Sqlite::open(path).err()
}

#[test]
fn names_that_sqlite_would_interpret_are_used_as_file_names() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["file:a.db", "file:a", ":memory:", "a%20b.db", "云 商店.db", "a#b", "a;b'"] {
        let path = folder.path().join(name);
        let store = Sqlite::open(&path).unwrap();
        assert_eq!(run(put(&store, 1)), Ok(Put::Won), "{name}");
        assert!(path.is_file(), "{name}");
        drop(store);
        let read = Sqlite::open_to_read(&path).unwrap();
        assert_eq!(run(read.get("1", NOON)), Ok(Some(stored(1))), "{name}");
    }
}

#[test]
fn a_path_that_is_not_a_file_is_rejected_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert_eq!(open_error(&path("missing/koohook.db")), Some(SqliteOpenError::NoFolder));
    assert_eq!(open_error(folder.path()), Some(SqliteOpenError::Folder));
    assert_eq!(open_error(Path::new("/dev/null")), Some(SqliteOpenError::NotAFile));
    fs::write(path("file"), "text").unwrap();
    assert_eq!(open_error(&path("file/koohook.db")), Some(SqliteOpenError::NoFolder));
    symlink(path("missing/a.db"), path("link.db")).unwrap();
    assert_eq!(open_error(&path("link.db")), Some(SqliteOpenError::NoFolder));
    symlink(path("round.db"), path("round.db")).unwrap();
    let folder_too_long = format!("{}/a.db", "b".repeat(256));
    let path_too_long = format!("{}a.db", "long/".repeat(100));
    for name in ["round.db", &"a".repeat(248), &"a".repeat(256), &folder_too_long, &path_too_long] {
        assert_eq!(open_error(&path(name)), Some(SqliteOpenError::BadPath), "{name}");
    }
    assert_eq!(open_error(&path(&"a".repeat(247))), None);
    assert_eq!(Sqlite::open_to_read(&path("none.db")).err(), Some(SqliteOpenError::Empty));
    assert!(!path("none.db").exists() && !path("missing").exists(), "no file or folder is created");
}

#[test]
fn a_file_that_is_not_a_store_is_rejected_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("koohook.db");
    let text = "not a database, but long enough to be read as one...".repeat(20);
    for (sql, reason) in [
        ("CREATE TABLE other (id)", SqliteOpenError::Foreign),
        ("CREATE TABLE kept (id)", SqliteOpenError::Foreign),
        ("CREATE VIEW other AS SELECT 1", SqliteOpenError::Foreign),
        ("PRAGMA user_version = 7", SqliteOpenError::Foreign),
        ("", SqliteOpenError::NotADatabase),
    ] {
        fs::write(&path, if sql.is_empty() { &text } else { "" }).unwrap();
        if !sql.is_empty() {
            Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        }
        let before = fs::read(&path).unwrap();
        assert_eq!(open_error(&path), Some(reason), "{sql}");
        assert_eq!(Sqlite::open_to_read(&path).err(), Some(reason), "{sql}");
        assert_eq!(fs::read(&path).unwrap(), before, "{sql}: the file is not changed");
    }
    for sql in ["ALTER TABLE kept ADD COLUMN catalogue TEXT", "PRAGMA user_version = 1"] {
        fs::remove_file(&path).unwrap();
        drop(Sqlite::open(&path).unwrap());
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        assert_eq!(open_error(&path), Some(SqliteOpenError::Newer), "{sql}");
    }
}

#[test]
fn the_error_for_a_rejected_file_says_what_to_do_and_has_no_path() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("canary-value");
    let setting = format!("sqlite:{}/koohook.db", name.display());
    let fault = run(StoreSetting::parse(&setting).unwrap().open(false)).unwrap_err().to_string();
    assert!(fault.starts_with("KOOHOOK_STORE: ") && fault.contains("create it"), "{fault}");
    assert!(!fault.contains("canary-value"), "{fault}");
}

/// The environment variable that gives the file to a process of another user. Root has all
/// permissions, so the test needs this process.
const WHERE: &str = "KOOHOOK_TEST_FILE";

/// The results of two attempts of a user without any permission here: to open the file, and to open
/// it only for reads.
fn opened_by_another_user(path: &Path) -> (String, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "sqlite_files::refused::process_of_another_user_for_a_store_file",
        ])
        .env(WHERE, path)
        .current_dir("/")
        .uid(65_534)
        .gid(65_534)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let found = text
        .lines()
        .find_map(|line| line.split_once("found: "))
        .expect("the process printed its result")
        .1;
    let (write, read) = found.split_once(" / ").unwrap();
    (write.to_owned(), read.to_owned())
}

/// The process that the test below starts. Without its environment variable it does nothing.
#[test]
fn process_of_another_user_for_a_store_file() {
    let Ok(path) = std::env::var(WHERE) else { return };
    let path = Path::new(&path);
    let write = Sqlite::open(path).err();
    let read = Sqlite::open_to_read(path).map(|store| run(store.get("1", NOON)));
    writeln!(std::io::stdout(), "found: {write:?} / {read:?}").unwrap();
}

#[test]
fn a_read_only_store_is_rejected_for_writing_and_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    if folder.path().metadata().unwrap().uid() != 0 {
        writeln!(std::io::stderr(), "!! SKIPPED: only root can become another user").unwrap();
        return;
    }
    let allow =
        |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let path = folder.path().join("koohook.db");
    let store = Sqlite::open(&path).unwrap();
    assert_eq!(run(put(&store, 1)), Ok(Put::Won));
    drop(store);
    let readable = format!("Ok(Ok(Some({:?})))", stored(1));
    for (file, around, write) in [
        (0o444, 0o755, "Some(ReadOnly)"),
        (0o666, 0o755, "Some(ReadOnly)"),
        (0o444, 0o777, "Some(ReadOnly)"),
        (0o666, 0o777, "None"),
    ] {
        allow(folder.path(), around);
        allow(&path, file);
        let found = opened_by_another_user(&path);
        assert_eq!(found, (write.to_owned(), readable.clone()), "{file:o} in {around:o}");
        let is_left = fs::read_dir(folder.path()).unwrap().count() > 1;
        assert!(write == "None" || !is_left, "{file:o} in {around:o}: no other file is left");
    }
    allow(&path, 0o600);
    let denied = ("Some(Denied)".to_owned(), "Err(Denied)".to_owned());
    assert_eq!(opened_by_another_user(&path), denied);
    let new = folder.path().join("new.db");
    allow(folder.path(), 0o755);
    assert_eq!(
        opened_by_another_user(&new).0,
        "Some(Denied)",
        "the user may not create a file there"
    );
}
