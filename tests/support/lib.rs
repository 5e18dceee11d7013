//! Shared parts of the tests: a world whose clock the test sets, stores that count and fail on
//! demand, and calls that the simulator signs.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that finds something unexpected panics at that place"
)]

pub mod call;
pub mod catalogue_check;
pub mod chance;
pub mod dynamodb;
pub mod failing_store;
pub mod fault_proxy;
mod forward;
pub mod halt;
pub mod linearizability;
pub mod log;
pub mod on_tokio;
pub mod product;
pub mod racing_store;
pub mod redis_server;
pub mod served;
pub mod servers;
pub mod shared_store;
pub mod test_store;
pub mod watched_store;
pub mod web;
pub mod world;
mod yielding;
