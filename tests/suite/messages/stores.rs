//! Messages of the stores.

use protocol::time::UnixMillis;
use rusqlite::Connection;
use serde_json::Value as Json;
use shell::config::Config;
use shell::host;
use shell::store::sqlite::Sqlite;
use shell::store::{AnyStore, Store, StoreSetting, Unavailable, Value, Version};
use tests::call::{BASE_KEY, SETTINGS, config, run};
use tests::dynamodb::Table;
use tests::dynamodb::model::{Model, Plan};
use tests::log::Log;
use tests::redis_server::RedisServer;
use tests::servers;
use tests::world::NOW;

const NOON: UnixMillis = UnixMillis::new(NOW);
/// 32 bytes that are obviously only for tests.
const SEAL_KEY: &str = "bWFkZS11cC1zZWFsLWtleS1vZi0zMi1ieXRlcy0tLS0=";

/// The level and the message of a line.
#[derive(Debug, Eq, PartialEq)]
pub struct Logged(String, String);

impl From<(&str, &str)> for Logged {
    fn from((level, message): (&str, &str)) -> Self {
        Self(level.to_owned(), message.to_owned())
    }
}

/// The level and the message of each line.
pub fn logged(log: &Log) -> Vec<Logged> {
    let text = log.text();
    let lines = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let word = |line: &Json, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    lines.map(|line| Logged(word(&line, "level"), word(&line, "message"))).collect()
}

/// The warnings and errors of an action.
fn lines_of(action: impl FnOnce()) -> Vec<Logged> {
    let log = Log::default();
    let guard = log.keep();
    action();
    drop(guard);
    let is_alarm = |line: &Logged| ["WARN", "ERROR"].contains(&line.0.as_str());
    logged(&log).into_iter().filter(is_alarm).collect()
}

fn value() -> Value {
    Value { version: Version([1; 16]), bytes: vec![1], ..Value::default() }
}

#[test]
fn a_dynamodb_that_refuses_a_read_is_an_error() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    model.plan([Plan::Refuse(400, "AccessDeniedException")]);
    let lines = lines_of(|| assert_eq!(run(table.get("a", NOON)), Err(Unavailable)));
    assert_eq!(lines, [("ERROR", "dynamodb failed").into()]);
}

#[test]
fn an_sqlite_file_that_another_program_locks_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("koohook.db");
    let store = Sqlite::open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let lines = lines_of(|| {
        let put = servers::run(store.put("a", &value(), None, NOON));
        assert_eq!(put, Err(Unavailable));
    });
    assert_eq!(lines, [("ERROR", "sqlite failed").into()]);
}

fn open(server: &RedisServer) -> AnyStore {
    servers::run(StoreSetting::parse(&server.address()).unwrap().open(false)).unwrap()
}

#[test]
fn a_redis_of_grade_b_is_a_warning_at_the_start() {
    let Some(server) = RedisServer::start(&["--appendfsync", "everysec"]) else { return };
    let lines = lines_of(|| drop(open(&server)));
    assert_eq!(lines, [("WARN", "redis durability").into()]);
}

#[test]
fn a_redis_that_may_lose_more_than_before_is_a_warning_or_an_error() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let store = open(&server);
    for (setting, level) in [("everysec", "WARN"), ("no", "ERROR")] {
        let _: () = server.command(&format!("CONFIG SET appendfsync {setting}"));
        let lines = lines_of(|| servers::run(store.reassess()));
        assert_eq!(lines, [(level, "redis durability is worse").into()]);
    }
}

/// No server listens at port 1 of this machine.
#[test]
fn a_redis_that_does_not_run_is_a_warning_at_the_start() {
    let setting = StoreSetting::parse("redis://127.0.0.1:1").unwrap();
    let lines = lines_of(|| drop(servers::run(setting.open_to_serve(false)).unwrap()));
    assert_eq!(lines, [("WARN", "store does not answer").into()]);
}

#[test]
fn a_store_that_another_process_sealed_is_an_error_of_a_process_without_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("koohook.db").display());
    let [clear, sealed] = [None, Some(SEAL_KEY)].map(|key| {
        let mut settings =
            vec![("KOOHOOK_BASE_KEY", BASE_KEY), SETTINGS[1], ("KOOHOOK_STORE", store.as_str())];
        settings.extend(key.map(|key| ("KOOHOOK_SEAL_KEY", key)));
        config(&settings)
    });
    let lines = lines_of(|| {
        servers::run(async {
            let Config { context, store, .. } = clear;
            let clear = host::open_proven_context(context, &store, false).await.unwrap();
            host::look_for_seal(&clear).await;
            let Config { context, store, .. } = sealed;
            host::open_proven_context(context, &store, false).await.unwrap();
            host::look_for_seal(&clear).await;
        });
    });
    assert_eq!(lines, [("ERROR", "store cannot be used").into()]);
}
