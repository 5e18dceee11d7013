//! The guarantees of every store. One suite checks each of them over every store; the memory store
//! is the model.

mod agendas;
mod concurrency;
mod processes;
mod this_machine;
mod values;

use std::ops::RangeInclusive;
use std::path::Path;

use protocol::time::UnixMillis;
use shell::store::memory::Memory;
use shell::store::sqlite::Sqlite;
use shell::store::{AnyStore, Entry, Put, Queue, Store, StoreSetting, Stored, Value, Version};
use tests::dynamodb::model::Model;
use tests::dynamodb::{Table, emulator};
use tests::servers::{self, Server, run};
use tests::world::NOW;

use self::agendas::{
    a_new_value_removes_the_agenda_entry_of_the_old_one,
    an_agenda_is_sorted_and_respects_its_limit, an_agenda_of_a_span_contains_both_its_ends,
    an_agenda_of_many_keys_is_one_sorted_list, an_entry_is_only_on_the_agenda_of_its_queue,
};
pub use self::concurrency::dropped_after;
use self::concurrency::{a_dropped_future_leaves_whole_values, one_writer_wins_each_version};
use self::values::{
    a_key_is_absent_until_a_value_is_written, a_long_value_is_read_whole,
    a_write_can_remove_the_expiry, a_write_over_another_version_loses_and_returns_the_stored_value,
    a_write_over_the_current_version_wins, a_writer_recognises_its_own_write,
    an_expired_value_is_absent_to_readers_and_writers, unusual_keys_are_accepted,
};

/// The time of most operations.
const NOON: UnixMillis = UnixMillis::new(NOW);

/// A store that the suite checks.
trait CheckedStore: Store {
    /// The longest value that the suite writes. The store has its own limit above this length.
    const MAX_VALUE_LEN: usize = 1024 * 1024;
}

impl CheckedStore for AnyStore {}

impl CheckedStore for Memory {}

impl CheckedStore for Sqlite {}

impl CheckedStore for Table {
    const MAX_VALUE_LEN: usize = 390 * 1024;
}

/// Makes a test of each check for every store. A store in a file is deleted when its test ends. In
/// a server, each test has its own keys.
macro_rules! every_store_guarantees {
    ($($check:ident),* $(,)?) => {
        mod memory {
            $(#[test] fn $check() { super::$check(&super::Memory::new()); })*
        }
        mod sqlite {
            $(#[test] fn $check() {
                let folder = tempfile::tempdir().unwrap();
                super::$check(&super::open(folder.path()));
            })*
        }
        mod redis {
            $(#[test] fn $check() { super::over(super::Server::Redis, super::$check); })*
        }
        mod redis_cluster {
            $(#[test] fn $check() { super::over(super::Server::RedisCluster, super::$check); })*
        }
        mod dynamodb {
            $(#[test] fn $check() {
                if let Some(endpoint) = super::emulator() {
                    super::$check(&super::Table::new(&endpoint));
                }
            })*
        }
        mod dynamodb_model {
            $(#[test] fn $check() {
                super::$check(&super::Table::new(&super::Model::start().endpoint));
            })*
        }
    };
}

every_store_guarantees! {
    a_key_is_absent_until_a_value_is_written,
    a_write_over_the_current_version_wins,
    a_write_over_another_version_loses_and_returns_the_stored_value,
    a_writer_recognises_its_own_write,
    an_expired_value_is_absent_to_readers_and_writers,
    a_write_can_remove_the_expiry,
    an_agenda_is_sorted_and_respects_its_limit,
    an_agenda_of_many_keys_is_one_sorted_list,
    an_entry_is_only_on_the_agenda_of_its_queue,
    an_agenda_of_a_span_contains_both_its_ends,
    a_new_value_removes_the_agenda_entry_of_the_old_one,
    a_long_value_is_read_whole,
    unusual_keys_are_accepted,
    a_dropped_future_leaves_whole_values,
    one_writer_wins_each_version,
}

/// Runs a check over a server, if the server runs.
fn over(server: Server, check: fn(&AnyStore)) {
    if let Some(setting) = servers::setting(server) {
        check(&open_setting(&setting));
    }
}

fn open_setting(setting: &str) -> AnyStore {
    run(StoreSetting::parse(setting).unwrap().open(false)).unwrap()
}

fn open(folder: &Path) -> Sqlite {
    Sqlite::open(&folder.join("koohook.db")).unwrap()
}

const fn version(number: u8) -> Version {
    Version([number; 16])
}

/// A value whose version and bytes all consist of this number.
fn value(number: u8) -> Value {
    Value { version: version(number), bytes: vec![number; 3], ..Value::default() }
}

fn stored(number: u8) -> Stored {
    Stored { version: version(number), bytes: vec![number; 3] }
}

fn get<S: Store>(store: &S, key: &str, now: UnixMillis) -> Option<Stored> {
    run(store.get(key, now)).unwrap()
}

fn put<S: Store>(store: &S, key: &str, value: &Value, over: Option<u8>) -> Put {
    run(store.put(key, value, over.map(version), NOON)).unwrap()
}

/// The entries that are due at or before a time.
fn agenda<S: Store>(store: &S, queue: Queue, until: u64, limit: usize) -> Vec<(String, u64)> {
    agenda_within(store, queue, 0..=until, limit)
}

fn agenda_within<S: Store>(
    store: &S,
    queue: Queue,
    span: RangeInclusive<u64>,
    limit: usize,
) -> Vec<(String, u64)> {
    let span = UnixMillis::new(*span.start())..=UnixMillis::new(*span.end());
    let entries = run(store.agenda(queue, span, limit)).unwrap();
    let plain = |Entry { key, at }| (key, at.millis());
    entries.into_iter().map(plain).collect()
}
