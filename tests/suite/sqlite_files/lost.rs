//! The file of a running store that is deleted, moved, replaced or corrupted.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};

use rusqlite::Connection;
use shell::store::sqlite::Sqlite;
use shell::store::{Put, Queue, Store, Unavailable, Value, Version};
use tests::log::Log;
use tests::servers::run;

use super::{BACK, FILES, LOST, NOON, Place, lines, logged, put, stored, value};

#[test]
fn no_write_into_a_deleted_file_is_acknowledged() {
    for gone in [&FILES[..], &FILES[..1], &FILES[1..2], &FILES[2..]] {
        let place = Place::new();
        let log = Log::default();
        let _kept = log.keep();
        gone.iter().for_each(|name| fs::remove_file(place.path(name)).unwrap());
        for _ in 0..3 {
            assert!(place.is_lost(), "{gone:?}");
        }
        assert_eq!(logged(&log), lines(&[LOST]), "{gone:?}");
        if gone.len() == FILES.len() {
            let again = Sqlite::open(&place.path("koohook.db")).unwrap();
            assert_eq!(run(again.get("1", NOON)), Ok(None));
            assert!(place.is_lost(), "a new file does not replace the deleted one");
        }
    }
}

#[test]
fn the_store_works_again_after_its_file_is_moved_back() {
    let place = Place::new();
    let log = Log::default();
    let _kept = log.keep();
    for (turn, number) in (0..2).zip(2..) {
        let away = tempfile::tempdir_in(place.folder.path()).unwrap();
        FILES.iter().for_each(|name| {
            fs::rename(place.path(name), away.path().join(name)).unwrap();
        });
        assert!(place.is_lost(), "{turn}");
        FILES.iter().for_each(|name| {
            fs::rename(away.path().join(name), place.path(name)).unwrap();
        });
        assert_eq!(place.get(1), Ok(Some(stored(1))));
        assert_eq!(place.put(number), Ok(Put::Won));
        assert_eq!(place.get(200), Ok(None), "the rejected write was not done");
    }
    assert_eq!(logged(&log), lines(&[LOST, BACK, LOST, BACK]));
}

#[test]
fn a_store_whose_folder_is_moved_rejects_writes_until_it_is_moved_back() {
    let around = tempfile::tempdir().unwrap();
    let [here, there] = ["here", "there"].map(|name| around.path().join(name));
    fs::create_dir(&here).unwrap();
    let store = Sqlite::open(&here.join("koohook.db")).unwrap();
    fs::rename(&here, &there).unwrap();
    assert_eq!(run(put(&store, 1)), Err(Unavailable));
    fs::rename(&there, &here).unwrap();
    assert_eq!(run(put(&store, 1)), Ok(Put::Won));
}

#[test]
fn a_file_that_replaced_the_database_is_rejected() {
    let place = Place::new();
    fs::copy(place.path("koohook.db"), place.path("copy.db")).unwrap();
    fs::rename(place.path("copy.db"), place.path("koohook.db")).unwrap();
    assert!(place.is_lost());
}

#[test]
fn a_link_that_was_changed_to_another_file_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, link] = ["one.db", "two.db", "link.db"].map(|name| folder.path().join(name));
    symlink(&one, &link).unwrap();
    let store = Sqlite::open(&link).unwrap();
    assert_eq!(run(put(&store, 1)), Ok(Put::Won));
    assert_eq!(
        fs::metadata(&one).unwrap().mode() & 0o777,
        0o600,
        "the store created the file through the link"
    );
    drop(Sqlite::open(&two).unwrap());
    fs::remove_file(&link).unwrap();
    symlink(&two, &link).unwrap();
    assert_eq!(run(put(&store, 2)), Err(Unavailable));
    fs::remove_file(&link).unwrap();
    symlink(&one, &link).unwrap();
    assert_eq!(run(put(&store, 2)), Ok(Put::Won));
}

#[test]
fn a_file_that_was_cut_short_stays_lost_until_a_restart() {
    for len in [0, 50, 4_096] {
        let place = Place::new();
        // The checkpoint moves all data from the log into the file.
        let other = Connection::open(place.path("koohook.db")).unwrap();
        other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        assert_eq!(place.put(2), Ok(Put::Won));
        let whole = fs::read(place.path("koohook.db")).unwrap();
        let file = File::options().write(true).open(place.path("koohook.db")).unwrap();
        file.set_len(len).unwrap();
        assert!(place.is_lost(), "{len}");
        fs::write(place.path("koohook.db"), &whole).unwrap();
        assert!(place.is_lost(), "{len}: the store's cached pages may be wrong");
    }
}

/// A store whose file another program changed, after a checkpoint moved all data into the file.
fn corrupted(corrupt: impl FnOnce(&Place, &Connection)) -> Place {
    let place = Place::new();
    for number in 2..60 {
        let long = Value { bytes: vec![number; 3_000], ..value(number) };
        assert_eq!(run(place.store.put(&number.to_string(), &long, None, NOON)), Ok(Put::Won));
    }
    let other = Connection::open(place.path("koohook.db")).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    corrupt(&place, &other);
    place
}

#[test]
fn a_file_that_was_overwritten_stays_lost_until_a_restart() {
    for byte in [0, 0xff] {
        let log = Log::default();
        let _kept = log.keep();
        let mut whole = Vec::new();
        let place = corrupted(|place, _| {
            whole = fs::read(place.path("koohook.db")).unwrap();
            let mut bytes = whole.clone();
            bytes[100..].fill(byte);
            // SQLite reads a file again if the change counter in its header has changed.
            bytes[24..28].fill(0x7f);
            File::options()
                .write(true)
                .open(place.path("koohook.db"))
                .unwrap()
                .write_all(&bytes)
                .unwrap();
        });
        let reads: Vec<_> = (1..60).map(|number| place.get(number).is_err()).collect();
        assert!(reads.contains(&true), "{byte}: pages that are not cached cannot be read");
        for _ in 0..3 {
            assert!(place.is_lost(), "{byte}");
        }
        fs::write(place.path("koohook.db"), &whole).unwrap();
        assert!(place.is_lost(), "{byte}: until a restart");
        assert_eq!(logged(&log), lines(&[LOST]), "{byte}");
    }
}

#[test]
fn a_dropped_or_altered_table_is_logged_as_lost_once() {
    for sql in ["DROP TABLE kept", "ALTER TABLE kept RENAME COLUMN due TO at"] {
        let log = Log::default();
        let _kept = log.keep();
        let place = corrupted(|_, other| other.execute_batch(sql).unwrap());
        assert!(run(place.store.agenda(Queue::Due, NOON..=NOON, 1)).is_err(), "{sql}");
        for _ in 0..3 {
            assert!(place.is_lost(), "{sql}");
        }
        assert_eq!(logged(&log), lines(&[LOST]), "{sql}");
    }
}

#[test]
fn the_store_works_after_its_file_is_vacuumed() {
    let place = Place::new();
    for number in 2..100 {
        let long = Value { bytes: vec![number; 20_000], ..value(number) };
        let key = number.to_string();
        assert_eq!(run(place.store.put(&key, &long, None, NOON)), Ok(Put::Won));
        let short = Value { version: Version([0; 16]), ..value(number) };
        let over = Some(long.version);
        assert_eq!(run(place.store.put(&key, &short, over, NOON)), Ok(Put::Won));
    }
    let len = || fs::metadata(place.path("koohook.db")).unwrap().len();
    let other = Connection::open(place.path("koohook.db")).unwrap();
    let checkpoint = || other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    checkpoint();
    assert_eq!(place.put(101), Ok(Put::Won));
    let before = len();
    other.execute_batch("VACUUM").unwrap();
    checkpoint();
    assert!(len() < before, "a vacuum makes the file shorter");
    assert_eq!(place.get(1), Ok(Some(stored(1))));
    assert_eq!(place.put(102), Ok(Put::Won));
}
