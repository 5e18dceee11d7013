//! The marketplace's side of the wire: the calls of KooGallery to a seller's server, and the checks
//! of the answers.
//!
//! This crate is written only from the marketplace's guides and depends on no other crate of
//! koohook. So it is a second reading of the guides: a server that misread a page disagrees with
//! this crate. It has no I/O, no clock and no randomness. Time, nonces and business IDs are
//! arguments.
//!
//! # Layout, in reading order
//!
//! - [`v1`]: a signed GET request of access guide 1.0, and the encryption of personal fields.
//! - [`v2`]: a signed POST request of access guide 2.0.
//! - [`kit_v1`], [`kit_v2`]: the signed POST requests of the joint-operations kit, one per guide.
//! - [`answer`]: the answers that the debugging page accepts, and the signature of an answer.
//! - [`scenario`]: the calls about a purchase, about pay-per-use products and about an enterprise
//!   under each guide, step by step.
//! - [`verdict`]: whether the marketplace counts the answer to a step as failed.
//! - [`usage`]: the usage interface of pay-per-use products, with its checks and bills.
//! - [`time`]: the time formats of the guides.
//!
//! # Absent
//!
//! License-code products, `orderNotify`, and an HTTP client. The marketplace checks the capitals of
//! `Body-Sign`, but [`http::HeaderMap`] does not keep them. The caller reads the name from the bytes
//! of the connection and passes it to [`verdict`].

pub mod answer;
pub mod kit_v1;
pub mod kit_v2;
pub mod scenario;
pub mod time;
pub mod usage;
pub mod v1;
pub mod v2;
pub mod verdict;

mod form;
mod mac;
