//! Crashes of `koohook dev`, of its store and of its product, under real load.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected fails, and says where"
)]

mod load;
mod product;
mod redis;
mod sqlite;
