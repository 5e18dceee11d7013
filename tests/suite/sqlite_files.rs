//! The file of an SQLite store: which files are accepted, and what happens when one is deleted,
//! replaced, cut short or locked beneath a running store.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Command;

use futures_util::FutureExt;
use protocol::time::UnixMillis;
use rusqlite::Connection;
use shell::store::sqlite::{Sqlite, SqliteRefusal};
use shell::store::{Put, Queue, Store, StoreSetting, Stored, Unavailable, Value, Version};
use tempfile::TempDir;
use tests::log::Log;
use tests::servers::run;
use tests::world::NOW;

const NOON: UnixMillis = UnixMillis::new(NOW);
const FILES: [&str; 3] = ["koohook.db", "koohook.db-wal", "koohook.db-shm"];

/// A folder with a store in it.
struct Place {
    folder: TempDir,
    store: Sqlite,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("koohook.db")).unwrap();
        let place = Self { folder, store };
        assert_eq!(place.put(1), Ok(Put::Won));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, number: u8) -> Result<Put, Unavailable> {
        run(put(&self.store, number))
    }

    fn get(&self, number: u8) -> Result<Option<Stored>, Unavailable> {
        run(self.store.get(&number.to_string(), NOON))
    }

    /// Nothing is acknowledged, and nothing is read.
    fn is_lost(&self) -> bool {
        let agenda = run(self.store.agenda(Queue::Due, NOON..=NOON, 1));
        self.put(200).is_err() && self.get(1).is_err() && agenda.is_err()
    }
}

async fn put(store: &Sqlite, number: u8) -> Result<Put, Unavailable> {
    let value = value(number);
    store.put(&number.to_string(), &value, None, NOON).await
}

fn value(number: u8) -> Value {
    let version = Version([number; 16]);
    Value { version, bytes: vec![number; 3], agenda: None, expires: None }
}

fn stored(number: u8) -> Stored {
    Stored { version: Version([number; 16]), bytes: vec![number; 3] }
}

/// The level and the text of each line that was logged.
fn said(log: &Log) -> Vec<(String, String)> {
    let text = log.text();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            assert!(text("level") != "ERROR" || !text("advice").is_empty(), "{line}");
            (text("level"), text("message"))
        })
        .collect()
}

fn lines(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(level, text)| ((*level).to_owned(), (*text).to_owned())).collect()
}

const LOST: (&str, &str) = ("ERROR", "sqlite file lost");
const BACK: (&str, &str) = ("WARN", "sqlite file is back");

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

#[test]
fn a_store_that_was_closed_is_one_file() {
    for _ in 0..20 {
        let Place { folder, store } = Place::new();
        assert_eq!(run(store.get("1", NOON)), Ok(Some(stored(1))));
        drop(store);
        let [file, wal, shm] = FILES.map(|name| folder.path().join(name));
        assert!(file.exists() && !wal.exists() && !shm.exists());
        assert_eq!(run(Sqlite::open(&file).unwrap().get("1", NOON)), Ok(Some(stored(1))));
    }
}

/// SQLite itself looks whether the database was moved, but not whether its log was.
#[test]
fn a_close_leaves_what_took_the_place_of_its_files() {
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
        assert_eq!(run(again.get("1", NOON)), Ok(Some(stored(1))), "the old log is whole");
    }
}

// Locked by another process.

#[test]
fn reads_wait_for_no_writer() {
    let place = Place::new();
    let other = Connection::open(place.path("koohook.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let _runtime = tests::servers::runtime().enter();
    let mut writes: Vec<_> = (2..9).map(|number| Box::pin(put(&place.store, number))).collect();
    for write in &mut writes {
        assert!(write.as_mut().now_or_never().is_none());
    }
    for _ in 0..100 {
        assert_eq!(place.get(1), Ok(Some(stored(1))));
        assert_eq!(run(place.store.agenda(Queue::Due, NOON..=NOON, 1)), Ok(Vec::new()));
    }
    for write in &mut writes {
        assert!(write.as_mut().now_or_never().is_none(), "reads came first");
    }
    other.execute_batch("COMMIT").unwrap();
    for write in writes {
        assert_eq!(run(write), Ok(Put::Won));
    }
}

/// All that wait behind a lock wait for it at once: each would wait for all before it otherwise.
#[test]
fn a_lock_costs_every_writer_its_patience_once() {
    let place = Place::new();
    let other = Connection::open(place.path("koohook.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = std::time::Instant::now();
    let writes = futures_util::future::join_all((2..12).map(|number| put(&place.store, number)));
    assert_eq!(run(writes), vec![Err(Unavailable); 10]);
    // Two seconds are the patience; one after the other, ten writers would need twenty.
    assert!(begun.elapsed().as_secs() < 10);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(place.put(2), Ok(Put::Won));
}

#[test]
fn a_write_whose_caller_has_gone_before_its_turn_never_happens() {
    let place = Place::new();
    let other = Connection::open(place.path("koohook.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut first = pin!(put(&place.store, 2));
    assert!(first.as_mut().now_or_never().is_none());
    assert!(put(&place.store, 3).now_or_never().is_none(), "it waits, and is dropped");
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(run(first), Ok(Put::Won));
    assert_eq!(place.put(4), Ok(Put::Won));
    assert_eq!(place.get(3), Ok(None));
}

// What is accepted as a store's file.

fn opened(path: &Path) -> Option<SqliteRefusal> {
    Sqlite::open(path).err()
}

#[test]
fn names_that_sqlite_would_interpret_are_files() {
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
fn what_is_not_a_file_is_refused_for_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert_eq!(opened(&path("missing/koohook.db")), Some(SqliteRefusal::NoFolder));
    assert_eq!(opened(folder.path()), Some(SqliteRefusal::Folder));
    assert_eq!(opened(Path::new("/dev/null")), Some(SqliteRefusal::NotAFile));
    fs::write(path("file"), "text").unwrap();
    assert_eq!(opened(&path("file/koohook.db")), Some(SqliteRefusal::NoFolder));
    symlink(path("missing/a.db"), path("link.db")).unwrap();
    assert_eq!(opened(&path("link.db")), Some(SqliteRefusal::NoFolder));
    symlink(path("round.db"), path("round.db")).unwrap();
    let folder_too_long = format!("{}/a.db", "b".repeat(256));
    let path_too_long = format!("{}a.db", "long/".repeat(100));
    for name in ["round.db", &"a".repeat(248), &"a".repeat(256), &folder_too_long, &path_too_long] {
        assert_eq!(opened(&path(name)), Some(SqliteRefusal::BadPath), "{name}");
    }
    assert_eq!(opened(&path(&"a".repeat(247))), None);
    assert_eq!(Sqlite::open_to_read(&path("none.db")).err(), Some(SqliteRefusal::Empty));
    assert!(!path("none.db").exists() && !path("missing").exists(), "nothing is made");
}

#[test]
fn what_is_not_a_store_is_refused_for_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("koohook.db");
    let text = "no database, but long enough to be looked at as one".repeat(20);
    for (sql, reason) in [
        ("CREATE TABLE other (id)", SqliteRefusal::Foreign),
        ("CREATE TABLE kept (id)", SqliteRefusal::Foreign),
        ("CREATE VIEW other AS SELECT 1", SqliteRefusal::Foreign),
        ("PRAGMA user_version = 7", SqliteRefusal::Foreign),
        ("", SqliteRefusal::NotADatabase),
    ] {
        fs::write(&path, if sql.is_empty() { &text } else { "" }).unwrap();
        if !sql.is_empty() {
            Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        }
        let before = fs::read(&path).unwrap();
        assert_eq!(opened(&path), Some(reason), "{sql}");
        assert_eq!(Sqlite::open_to_read(&path).err(), Some(reason), "{sql}");
        assert_eq!(fs::read(&path).unwrap(), before, "{sql}: it is left as it is");
    }
    for sql in ["ALTER TABLE kept ADD COLUMN catalogue TEXT", "PRAGMA user_version = 1"] {
        fs::remove_file(&path).unwrap();
        drop(Sqlite::open(&path).unwrap());
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        assert_eq!(opened(&path), Some(SqliteRefusal::Newer), "{sql}");
    }
}

#[test]
fn every_refusal_says_what_to_do_and_names_no_path() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("canary-value");
    let setting = format!("sqlite:{}/koohook.db", name.display());
    let fault = run(StoreSetting::parse(&setting).unwrap().open(false)).unwrap_err().to_string();
    assert!(fault.starts_with("KOOHOOK_STORE: ") && fault.contains("create it"), "{fault}");
    assert!(!fault.contains("canary-value"), "{fault}");
}

// Rights, which root has all of: a process of somebody else's looks.

const WHERE: &str = "KOOHOOK_TEST_FILE";

/// What a user who owns nothing here finds: whether the file opens, and whether it opens to read.
fn found_by_nobody(path: &Path) -> (String, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "sqlite_files::a_second_user_opens_what_it_is_told_to"])
        .env(WHERE, path)
        .current_dir("/")
        .uid(65_534)
        .gid(65_534)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = text.lines().find_map(|line| line.split_once("found: ")).expect("it looked").1;
    let (write, read) = said.split_once(" / ").unwrap();
    (write.to_owned(), read.to_owned())
}

/// The other half of the test below.
#[test]
fn a_second_user_opens_what_it_is_told_to() {
    let Ok(path) = std::env::var(WHERE) else { return };
    let path = Path::new(&path);
    let write = Sqlite::open(path).err();
    let read = Sqlite::open_to_read(path).map(|store| run(store.get("1", NOON)));
    writeln!(std::io::stdout(), "found: {write:?} / {read:?}").unwrap();
}

#[test]
fn a_store_that_can_be_read_and_not_written_is_refused_and_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    if folder.path().metadata().unwrap().uid() != 0 {
        writeln!(std::io::stderr(), "!! SKIPPED only root can become another user").unwrap();
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
        let found = found_by_nobody(&path);
        assert_eq!(found, (write.to_owned(), readable.clone()), "{file:o} in {around:o}");
        let is_left = fs::read_dir(folder.path()).unwrap().count() > 1;
        assert!(write == "None" || !is_left, "{file:o} in {around:o}: nothing is left behind");
    }
    allow(&path, 0o600);
    let refused = ("Some(Denied)".to_owned(), "Err(Denied)".to_owned());
    assert_eq!(found_by_nobody(&path), refused);
    let new = folder.path().join("new.db");
    allow(folder.path(), 0o755);
    assert_eq!(found_by_nobody(&new).0, "Some(Denied)", "it may make no file there");
}
