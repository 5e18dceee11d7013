//! The file of an SQLite store. Tests check which files koohook accepts. They also delete, replace,
//! shorten or lock the file of a running store.

mod closed;
mod groups;
mod locked;
mod lost;
mod older;
mod refused;

use std::path::PathBuf;

use protocol::time::UnixMillis;
use shell::store::sqlite::Sqlite;
use shell::store::{Put, Queue, Store, Stored, Unavailable, Value, Version};
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

    /// Whether writes, reads and the agenda all fail.
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
    Value { version, bytes: vec![number; 3], ..Value::default() }
}

fn stored(number: u8) -> Stored {
    Stored { version: Version([number; 16]), bytes: vec![number; 3] }
}

/// The level and the message of each log line.
fn logged(log: &Log) -> Vec<(String, String)> {
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
