//! Several handles and processes that share one store lose no write.

use std::ffi::OsStr;
use std::process::Command;
use std::thread;

use shell::store::{Put, Store, Stored, Value, Version};
use tests::dynamodb::model::Model;
use tests::dynamodb::{Table, emulator};
use tests::servers::{self, Server, run};

use super::{NOON, get, open_setting, value};

/// The environment variable that gives the store to the second process. Without it, that test does
/// nothing.
const SHARED: &str = "KOOHOOK_TEST_SHARED";
/// How many times each handle counts.
const COUNTS: u64 = 60;

/// Adds one to the stored number, `COUNTS` times.
fn count_up<S: Store>(store: &S, name: u8) {
    let mut drawn: u64 = 0;
    for _ in 0..COUNTS {
        loop {
            drawn += 1;
            assert!(drawn < 100 * COUNTS, "a writer does not lose this often");
            let found = get(store, "count", NOON);
            let counted = found.as_ref().map_or(0, count);
            let mut version = Version([name; 16]);
            version.0[..8].copy_from_slice(&drawn.to_le_bytes());
            let next = Value { version, bytes: (counted + 1).to_le_bytes().to_vec(), ..value(0) };
            let over = found.map(|stored| stored.version);
            if run(store.put("count", &next, over, NOON)).unwrap() == Put::Won {
                break;
            }
        }
    }
}

fn count(stored: &Stored) -> u64 {
    u64::from_le_bytes(stored.bytes.as_slice().try_into().unwrap())
}

/// Three handles count on one store. One of them is in another process, which runs `test`.
fn count_together<S: Store>(open: impl Fn() -> S + Sync, test: &str, shared: &OsStr) {
    let store = open();
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("stores::processes::{test}")])
        .env(SHARED, shared)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    thread::scope(|scope| {
        scope.spawn(|| count_up(&open(), 1));
        count_up(&store, 2);
    });
    assert!(other.wait().unwrap().success());
    assert_eq!(get(&store, "count", NOON).as_ref().map(count), Some(3 * COUNTS));
}

#[test]
fn handles_and_processes_on_one_file_lose_no_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("koohook.db").display());
    count_over(&file);
}

#[test]
fn handles_and_processes_on_one_server_lose_no_write() {
    for server in [Server::Redis, Server::RedisCluster] {
        if let Some(setting) = servers::setting(server) {
            count_over(&setting);
        }
    }
}

fn count_over(setting: &str) {
    let test = "second_process_for_a_shared_store";
    count_together(|| open_setting(setting), test, setting.as_ref());
}

/// The process that the tests above start. Without its environment variable it does nothing.
#[test]
fn second_process_for_a_shared_store() {
    if let Ok(setting) = std::env::var(SHARED) {
        count_up(&open_setting(&setting), 3);
    }
}

#[test]
fn handles_and_processes_on_one_table_lose_no_write() {
    let test = "second_process_for_a_shared_table";
    for endpoint in [Some(Model::start().endpoint), emulator()].into_iter().flatten() {
        let table = Table::new(&endpoint);
        count_together(|| Table::open(&table.setting), test, table.setting.as_ref());
    }
}

/// The process that the test above starts.
#[test]
fn second_process_for_a_shared_table() {
    if let Ok(setting) = std::env::var(SHARED) {
        count_up(&Table::open(&setting), 3);
    }
}
