//! Stops `koohook dev` with SIGTERM under load. A plain copy of the stopped file has every acknowledged
//! change, also if another process still reads the file.

use std::fs;
use std::path::Path;
use std::process::Command;

use rusqlite::{Connection, OpenFlags};

use crate::load::{Load, LoadOrder, Watch};
use crate::running::{Running, start};

/// Serves calls until there are some answers, and stops with SIGTERM while calls are under way.
fn serve_and_stop(store: &Path, prefix: &str) -> Vec<LoadOrder> {
    let (mut koohook, address) = start(&format!("sqlite:{}", store.display()));
    let load = Load::default();
    load.run(&address, prefix, || {
        load.wait_for(30);
        terminate(&mut koohook);
    })
}

fn terminate(koohook: &mut Running) {
    let id = koohook.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(koohook.0.wait().unwrap().success());
}

/// Copies only the file, as an operator does, and reads the copy with Python and with koohook.
fn check_copy(store: &Path, orders: &[LoadOrder]) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    fs::copy(store, &copy).unwrap();
    let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1])\n\
        assert c.execute('PRAGMA integrity_check').fetchone() == ('ok',)\n\
        print(c.execute(\"SELECT count(*) FROM kept WHERE key LIKE 'instance:%'\").fetchone()[0])";
    let printed = Command::new("python3").args(["-c", script]).arg(&copy).output().unwrap();
    let count: usize = String::from_utf8(printed.stdout).unwrap().trim().parse().unwrap();
    let acknowledged = orders.iter().filter(|order| order.instance_id.is_some()).count();
    assert!(acknowledged > 5 && count >= acknowledged, "{count} of {acknowledged}");
    Watch::open(&format!("sqlite:{}", copy.display())).check_acknowledged(orders);
}

#[test]
fn a_plain_copy_of_a_stopped_store_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("koohook.db");
    let orders = serve_and_stop(&store, "CS");
    assert!(!folder.path().join("koohook.db-wal").exists());
    check_copy(&store, &orders);
}

/// SQLite itself empties its log only when the last process closes the file. That process may be
/// one that only reads, and then the log would stay.
#[test]
fn a_plain_copy_is_whole_although_another_process_still_has_the_file_open() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("koohook.db");
    let mut orders = serve_and_stop(&store, "CS1");
    let reader = Connection::open_with_flags(&store, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let count = |connection: &Connection| {
        connection.query_row("SELECT count(*) FROM kept", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let before = count(&reader);
    orders.extend(serve_and_stop(&store, "CS2"));
    check_copy(&store, &orders);
    assert!(count(&reader) > before);
}

/// Two processes serve one file. The last one out leaves a whole file.
#[test]
fn the_last_of_two_processes_leaves_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("koohook.db");
    let setting = format!("sqlite:{}", store.display());
    let (mut first, address) = start(&setting);
    let mut orders = serve_and_stop(&store, "CS1");
    let load = Load::default();
    orders.extend(load.run(&address, "CS2", || {
        load.wait_for(30);
        terminate(&mut first);
    }));
    check_copy(&store, &orders);
}
