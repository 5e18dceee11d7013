//! The guarantees of every store. One suite checks each of them over every store; the memory store
//! is the model.

mod agendas;
mod catalogues;
mod concurrency;
mod processes;
mod scans;
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

/// Makes a test of each check for each of the stores. A store in a file is deleted when its test
/// ends. In a server, each test has its own keys.
macro_rules! guarantee {
    ($($store:ident),+ => $checks:tt) => { $(guarantee!(@ $store $checks);)+ };
    (@ $store:ident [$($check:ident),* $(,)?]) => {
        mod $store {
            $(#[test] fn $check() { guarantee!(@@ $store super::$check); })*
        }
    };
    (@@ memory $check:path) => { $check(&super::Memory::new()) };
    (@@ sqlite $check:path) => {
        let folder = tempfile::tempdir().unwrap();
        $check(&super::open(folder.path()));
    };
    (@@ redis $check:path) => { super::over(super::Server::Redis, $check) };
    (@@ redis_cluster $check:path) => { super::over(super::Server::RedisCluster, $check) };
    (@@ dynamodb $check:path) => {
        if let Some(endpoint) = super::emulator() {
            $check(&super::Table::new(&endpoint));
        }
    };
    (@@ dynamodb_model $check:path) => {
        $check(&super::Table::new(&super::Model::start().endpoint))
    };
}

guarantee! { memory, sqlite, redis, redis_cluster, dynamodb, dynamodb_model => [
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
] }

/// The guarantees about the catalogue and the scan.
mod listed {
    use super::catalogues::*;
    use super::scans::*;
    use super::*;

    guarantee! { memory, sqlite, redis, redis_cluster, dynamodb, dynamodb_model => [
        a_list_is_sorted_by_time_the_newest_first,
        each_page_begins_after_the_place_of_the_last,
        pages_of_many_keys_lose_and_repeat_no_entry,
        a_page_keeps_its_place_while_other_entries_move,
        an_entry_moves_with_its_value,
        a_lost_write_moves_no_entry,
        an_entry_keeps_the_digest_of_the_last_write,
        an_entry_has_no_influence_on_the_agendas,
        a_value_over_an_expired_one_moves_its_entry,
        an_entry_of_any_time_is_in_its_list,
        unusual_keys_have_entries,
        a_dropped_write_leaves_the_entry_of_its_value,
        the_scan_of_an_empty_store_ends,
        a_scan_finds_every_value_with_all_that_was_written,
        a_scan_finds_the_newest_write_of_a_value,
        a_scan_finds_unusual_keys_and_long_values,
        writes_during_a_scan_do_no_harm,
        a_dropped_scan_does_no_harm,
    ] }
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
