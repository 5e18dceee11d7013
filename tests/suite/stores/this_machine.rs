//! Guarantees that only the stores on this machine give.

use shell::store::sqlite::Sqlite;
use shell::store::{Put, Store};
use tests::servers::run;

use super::{NOON, get, open, open_setting, put, stored, value};

#[test]
fn a_store_on_this_machine_has_no_separate_clock() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("koohook.db").display());
    for setting in ["memory:", &file] {
        assert_eq!(run(open_setting(setting).clock(NOON)), None, "{setting}");
    }
}

#[test]
fn a_file_keeps_its_values_after_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    put(&open(folder.path()), "a", &value(1), None);
    let again = open(folder.path());
    assert_eq!(get(&again, "a", NOON), Some(stored(1)));
    assert_eq!(put(&again, "a", &value(2), Some(1)), Put::Won);
    assert_eq!(get(&open(folder.path()), "a", NOON), Some(stored(2)));
}

#[test]
fn a_file_that_is_not_a_database_is_rejected_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("koohook.db");
    std::fs::write(&path, "not a database, but long enough to be read as one...".repeat(20))
        .unwrap();
    assert!(Sqlite::open(&path).is_err());
    assert!(Sqlite::open(folder.path()).is_err(), "a folder");
}
