//! Drills: each key of a running installation is changed, step by step as docs/keys.md says, while the
//! marketplace calls. In no step is a call refused, a value unreadable or a notice lost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that finds something unexpected must fail, and name the place"
)]

mod access_keys;
mod installation;
mod marketplace;
mod order_query_key;
mod product;
mod product_secret;
mod rsa_key;
mod seal_key;
mod stub;
