//! Writes that wait together are one commit: they wait once for the disk. SQLite's own log shows it. Each
//! of them is acknowledged only after the commit.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use rusqlite::Connection;
use tests::servers::runtime;

use super::*;

/// How many commits SQLite's log contains: its frames that name the size of the database. The format
/// is section 4 of SQLite's "Database File Format".
fn commits(place: &Place) -> usize {
    let log = std::fs::read(place.path("koohook.db-wal")).unwrap();
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
    let frame = 24 + usize::try_from(number(&log[8..12])).unwrap();
    log[32..].chunks(frame).filter(|frame| number(&frame[4..8]) != 0).count()
}

#[test]
fn writes_that_wait_together_are_one_commit() {
    let place = Place::new();
    let before = commits(&place);
    // Another program's lock makes them wait.
    let other = Connection::open(place.path("koohook.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writes = join_all((10..110).map(|number| put(&place.store, number)));
    let release = async {
        tokio::task::yield_now().await;
        other.execute_batch("ROLLBACK").unwrap();
    };
    let (written, ()) = runtime().block_on(async { tokio::join!(writes, release) });
    assert!(written.iter().all(|written| *written == Ok(Put::Won)));
    for number in 10..110 {
        assert_eq!(place.get(number), Ok(Some(stored(number))));
    }
    // The first write may be alone in its group, since the others come after it.
    let commits = commits(&place) - before;
    assert!((1..=4).contains(&commits), "{commits} commits");
}

/// The environment variable that gives the file to the process that is killed.
const KILLED: &str = "KOOHOOK_TEST_KILLED";
/// Writes that wait together in that process.
const AT_ONCE: usize = 64;

#[test]
fn a_kill_loses_no_acknowledged_write_of_a_group() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("koohook.db");
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..5 {
        let mut killed = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sqlite_files::groups::process_that_is_killed", "--nocapture"])
            .env(KILLED, &file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(killed.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut keys = lines.filter_map(|line| Some(line.strip_prefix("written ")?.to_owned()));
        acknowledged.extend(keys.by_ref().take(300 + round * 77));
        killed.kill().unwrap();
        // What it acknowledged before it died counts, too.
        acknowledged.extend(keys);
        killed.wait().unwrap();
    }
    let store = Sqlite::open(&file).unwrap();
    assert!(acknowledged.len() >= 1_500);
    for key in acknowledged {
        assert!(run(store.get(&key, NOON)).unwrap().is_some(), "{key} was acknowledged");
    }
}

/// The process that the test above starts and kills. Without its environment variable it does nothing.
#[test]
fn process_that_is_killed() {
    let Ok(file) = std::env::var(KILLED) else { return };
    let store = Sqlite::open(Path::new(&file)).unwrap();
    let process = std::process::id();
    let write = |number: usize| {
        let (store, key) = (&store, format!("{process}-{number}"));
        async move {
            let put = store.put(&key, &value(1), None, NOON).await;
            assert_eq!(put, Ok(Put::Won));
            writeln!(std::io::stdout(), "written {key}").unwrap();
        }
    };
    runtime().block_on(stream::iter(0..).map(write).buffer_unordered(AT_ONCE).collect::<()>());
}
