//! The tests of koohook's behaviour. `tests/run` runs all of them. To run only one subject, use
//! `cargo test -p tests --test suite SUBJECT::`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that finds something unexpected panics at that place"
)]

mod alarms;
mod amounts;
mod backups;
mod bad_inputs;
mod call_log;
mod callbacks;
mod citations;
mod configuration;
mod delivery;
mod dependencies;
mod drills;
mod dynamodb_store;
mod faults;
mod first_calls;
mod health;
mod histories;
mod http_host;
mod imports;
mod interleavings;
mod kit;
mod kit_list;
mod lambda_events;
mod lifecycle;
mod messages;
mod metrics;
mod notices;
mod oaep;
mod one_address;
mod order_details;
mod order_query;
mod outbox;
mod panics;
mod properties;
mod queries;
mod record_history;
mod redis_catalogue;
mod redis_grades;
mod redis_replicas;
mod redis_rights;
mod redis_store;
mod reindex;
mod reseal;
mod round_trips;
mod seal;
mod sqlite_files;
mod store_figures;
mod stores;
mod structure;
mod sweep;
mod texts;
mod unusable;
mod usage;
mod usage_push;
mod usage_sending;
mod usage_values;
mod vectors;
mod versions;
