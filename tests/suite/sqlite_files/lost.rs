//! A file that is deleted, moved, replaced or spoiled beneath a running store.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};

use rusqlite::Connection;
use shell::store::sqlite::Sqlite;
use shell::store::{Put, Queue, Store, Unavailable, Value, Version};
use tests::log::Log;
use tests::servers::run;

use super::{BACK, FILES, LOST, NOON, Place, lines, put, said, stored, value};

// Lost beneath a running store.

#[test]
fn nothing_is_acknowledged_into_a_file_that_was_deleted() {
    for gone in [&FILES[..], &FILES[..1], &FILES[1..2], &FILES[2..]] {
        let place = Place::new();
        let log = Log::default();
        let _kept = log.keep();
        gone.iter().for_each(|name| fs::remove_file(place.path(name)).unwrap());
        for _ in 0..3 {
            assert!(place.is_lost(), "{gone:?}");
        }
        assert_eq!(said(&log), lines(&[LOST]), "{gone:?}");
        if gone.len() == FILES.len() {
            let again = Sqlite::open(&place.path("koohook.db")).unwrap();
            assert_eq!(run(again.get("1", NOON)), Ok(None));
            assert!(place.is_lost(), "a new file is another one");
        }
    }
}

#[test]
fn a_file_that_comes_back_is_the_store_again() {
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
        assert_eq!(place.get(200), Ok(None), "what was refused was not written");
    }
    assert_eq!(said(&log), lines(&[LOST, BACK, LOST, BACK]));
}

#[test]
fn a_folder_that_is_moved_takes_its_store_along() {
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
fn a_file_that_was_replaced_is_not_the_store() {
    let place = Place::new();
    fs::copy(place.path("koohook.db"), place.path("copy.db")).unwrap();
    fs::rename(place.path("copy.db"), place.path("koohook.db")).unwrap();
    assert!(place.is_lost());
}

#[test]
fn a_link_that_leads_elsewhere_is_not_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, link] = ["one.db", "two.db", "link.db"].map(|name| folder.path().join(name));
    symlink(&one, &link).unwrap();
    let store = Sqlite::open(&link).unwrap();
    assert_eq!(run(put(&store, 1)), Ok(Put::Won));
    assert_eq!(fs::metadata(&one).unwrap().mode() & 0o777, 0o600, "made through the link");
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
        // Once the whole of it is in the file itself.
        let other = Connection::open(place.path("koohook.db")).unwrap();
        other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        assert_eq!(place.put(2), Ok(Put::Won));
        let whole = fs::read(place.path("koohook.db")).unwrap();
        let file = File::options().write(true).open(place.path("koohook.db")).unwrap();
        file.set_len(len).unwrap();
        assert!(place.is_lost(), "{len}");
        fs::write(place.path("koohook.db"), &whole).unwrap();
        assert!(place.is_lost(), "{len}: its memory of the file is wrong");
    }
}

/// What another program did to the file, with its whole content in the file itself.
fn spoiled(spoil: impl FnOnce(&Place, &Connection)) -> Place {
    let place = Place::new();
    for number in 2..60 {
        let long = Value { bytes: vec![number; 3_000], ..value(number) };
        assert_eq!(run(place.store.put(&number.to_string(), &long, None, NOON)), Ok(Put::Won));
    }
    let other = Connection::open(place.path("koohook.db")).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    spoil(&place, &other);
    place
}

#[test]
fn a_file_that_was_overwritten_stays_lost_until_a_restart() {
    for byte in [0, 0xff] {
        let log = Log::default();
        let _kept = log.keep();
        let mut whole = Vec::new();
        let place = spoiled(|place, _| {
            whole = fs::read(place.path("koohook.db")).unwrap();
            let mut bytes = whole.clone();
            bytes[100..].fill(byte);
            // SQLite looks at a file anew if the head says that it changed.
            bytes[24..28].fill(0x7f);
            File::options()
                .write(true)
                .open(place.path("koohook.db"))
                .unwrap()
                .write_all(&bytes)
                .unwrap();
        });
        let reads: Vec<_> = (1..60).map(|number| place.get(number).is_err()).collect();
        assert!(reads.contains(&true), "{byte}: what it does not remember, it cannot read");
        for _ in 0..3 {
            assert!(place.is_lost(), "{byte}");
        }
        fs::write(place.path("koohook.db"), &whole).unwrap();
        assert!(place.is_lost(), "{byte}: until a restart");
        assert_eq!(said(&log), lines(&[LOST]), "{byte}");
    }
}

#[test]
fn a_table_that_was_dropped_or_altered_is_lost_with_one_line() {
    for sql in ["DROP TABLE kept", "ALTER TABLE kept RENAME COLUMN due TO at"] {
        let log = Log::default();
        let _kept = log.keep();
        let place = spoiled(|_, other| other.execute_batch(sql).unwrap());
        assert!(run(place.store.agenda(Queue::Due, NOON..=NOON, 1)).is_err(), "{sql}");
        for _ in 0..3 {
            assert!(place.is_lost(), "{sql}");
        }
        assert_eq!(said(&log), lines(&[LOST]), "{sql}");
    }
}

#[test]
fn a_file_that_is_vacuumed_stays_the_store() {
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
    assert!(len() < before, "a vacuum makes it shorter");
    assert_eq!(place.get(1), Ok(Some(stored(1))));
    assert_eq!(place.put(102), Ok(Put::Won));
}
