//! The relay sends usage to the marketplace: each window once, and never one that is not stored.
//!
//! - `world`: a koohook with usage, and a simulated marketplace.
//! - `batches`: what is sent. `answers`: what each answer does. `keys`: the keys that sign. `limits`:
//!   requests, time, and what runs concurrently. `deadlines`: what is late or too old.
//!   `figures`: how old the oldest is.

mod answers;
mod batches;
mod deadlines;
mod figures;
mod keys;
mod limits;
pub mod world;
