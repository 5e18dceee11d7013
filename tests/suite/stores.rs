//! What every store promises, held against each of them: one suite, and the memory store is the
//! model.

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
    an_agenda_is_in_order_and_no_longer_than_asked, an_agenda_knows_its_queue,
    an_agenda_of_a_span_holds_both_its_ends, an_agenda_of_many_is_one_list,
    an_entry_leaves_the_agenda_with_the_value_that_had_it,
};
pub use self::concurrency::dropped_after;
use self::concurrency::{a_dropped_future_tears_nothing, one_writer_wins_each_version};
use self::values::{
    a_long_value_comes_back_whole, a_write_may_take_the_expiry_away,
    a_write_over_anything_else_loses_and_learns_what_stands,
    a_write_over_the_version_that_stands_wins, a_writer_recognises_its_own_write,
    absence_is_found_until_something_is_written, strange_keys_are_keys,
    what_expired_is_absent_to_readers_and_writers,
};

/// The moment of most calls.
const NOON: UnixMillis = UnixMillis::new(NOW);

/// A store that the claims are held against.
trait Claimed: Store {
    /// The longest value that is asked of it; beyond it the store has a limit of its own.
    const MAX_VALUE_LEN: usize = 1024 * 1024;
}

impl Claimed for AnyStore {}

impl Claimed for Memory {}

impl Claimed for Sqlite {}

impl Claimed for Table {
    const MAX_VALUE_LEN: usize = 390 * 1024;
}

/// A claim, once for every store. A store in a file goes when its test ends; in a server, each
/// test has keys of its own.
macro_rules! every_store_promises {
    ($($claim:ident),* $(,)?) => {
        mod memory {
            $(#[test] fn $claim() { super::$claim(&super::Memory::new()); })*
        }
        mod sqlite {
            $(#[test] fn $claim() {
                let folder = tempfile::tempdir().unwrap();
                super::$claim(&super::open(folder.path()));
            })*
        }
        mod redis {
            $(#[test] fn $claim() { super::over(super::Server::Redis, super::$claim); })*
        }
        mod redis_cluster {
            $(#[test] fn $claim() { super::over(super::Server::RedisCluster, super::$claim); })*
        }
        mod dynamodb {
            $(#[test] fn $claim() {
                if let Some(endpoint) = super::emulator() {
                    super::$claim(&super::Table::new(&endpoint));
                }
            })*
        }
        mod dynamodb_model {
            $(#[test] fn $claim() {
                super::$claim(&super::Table::new(&super::Model::start().endpoint));
            })*
        }
    };
}

every_store_promises! {
    absence_is_found_until_something_is_written,
    a_write_over_the_version_that_stands_wins,
    a_write_over_anything_else_loses_and_learns_what_stands,
    a_writer_recognises_its_own_write,
    what_expired_is_absent_to_readers_and_writers,
    a_write_may_take_the_expiry_away,
    an_agenda_is_in_order_and_no_longer_than_asked,
    an_agenda_of_many_is_one_list,
    an_agenda_knows_its_queue,
    an_agenda_of_a_span_holds_both_its_ends,
    an_entry_leaves_the_agenda_with_the_value_that_had_it,
    a_long_value_comes_back_whole,
    strange_keys_are_keys,
    a_dropped_future_tears_nothing,
    one_writer_wins_each_version,
}

/// Holds a claim over a server, if there is one.
fn over(server: Server, claim: fn(&AnyStore)) {
    if let Some(setting) = servers::setting(server) {
        claim(&open_setting(&setting));
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

/// A value that its version's number fills.
fn value(number: u8) -> Value {
    Value { version: version(number), bytes: vec![number; 3], agenda: None, expires: None }
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

/// All that is due until a time, and at it.
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
