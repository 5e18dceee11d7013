//! The files that a closed store leaves.

use std::fs;

use rusqlite::Connection;
use shell::store::Store;
use shell::store::sqlite::Sqlite;
use tests::log::Log;
use tests::servers::run;

use super::{FILES, NOON, Place, stored};

#[test]
fn a_closed_store_is_one_file() {
    for _ in 0..20 {
        let Place { folder, store } = Place::new();
        assert_eq!(run(store.get("1", NOON)), Ok(Some(stored(1))));
        drop(store);
        let [file, wal, shm] = FILES.map(|name| folder.path().join(name));
        assert!(file.exists() && !wal.exists() && !shm.exists());
        assert_eq!(run(Sqlite::open(&file).unwrap().get("1", NOON)), Ok(Some(stored(1))));
    }
}

/// The other connection is in a read transaction, so the log must stay.
#[test]
fn a_reader_elsewhere_keeps_the_log_and_a_warning_says_so() {
    for reads in [false, true] {
        let Place { folder, store } = Place::new();
        let other = Connection::open(folder.path().join(FILES[0])).unwrap();
        if reads {
            other.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema").unwrap();
        }
        let log = Log::default();
        let guard = log.keep();
        drop(store);
        drop(guard);
        let is_whole = fs::metadata(folder.path().join(FILES[1])).map_or(true, |it| it.len() == 0);
        let is_said = log.text().contains("log of the SQLite file was not moved into it");
        assert_eq!((is_whole, is_said), (!reads, reads), "{}", log.text());
        other.execute_batch(if reads { "COMMIT" } else { "" }).unwrap();
        drop(other);
        assert_eq!(
            run(Sqlite::open(&folder.path().join(FILES[0])).unwrap().get("1", NOON)),
            Ok(Some(stored(1)))
        );
    }
}

/// SQLite checks whether the database file was moved, but not whether its log was.
#[test]
fn a_close_does_not_delete_files_that_replaced_the_stores_files() {
    for names in [&FILES[..], &FILES[1..], &FILES[1..2]] {
        let Place { folder, store } = Place::new();
        let old = folder.path().join("old");
        fs::create_dir(&old).unwrap();
        names.iter().for_each(|name| {
            fs::rename(folder.path().join(name), old.join(name)).unwrap();
            fs::write(folder.path().join(name), name).unwrap();
        });
        drop(store);
        for name in names {
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), *name);
            fs::rename(old.join(name), folder.path().join(name)).unwrap();
        }
        let again = Sqlite::open(&folder.path().join("koohook.db")).unwrap();
        assert_eq!(run(again.get("1", NOON)), Ok(Some(stored(1))), "the old log is complete");
    }
}
