//! Kills `koohook dev`, its store and its product under load.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that finds something unexpected must fail, and name the place"
)]

mod backups;
mod health;
mod load;
mod product;
mod redis;
mod running;
mod sqlite;
mod stopped;
mod usage;
