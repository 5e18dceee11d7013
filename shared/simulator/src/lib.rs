//! The marketplace's side of the wire: what KooGallery sends to a seller's server, and what it
//! makes of the answers.
//!
//! Written from the marketplace's guides alone, so that it is a second reading of them: a receiver
//! that misread a page disagrees with this crate. It does nothing by itself: no I/O, no clock, no
//! randomness. Time, nonces and business ids are arguments.
//!
//! # Layout, in reading order
//!
//! - [`v1`]: a signed GET request of access guide 1.0, and the encryption of personal fields.
//! - [`v2`]: a signed POST request of access guide 2.0.
//! - [`kit_v1`], [`kit_v2`]: the signed POST requests of the joint-operations kit, one per guide.
//! - [`answer`]: what the debugging page accepts as an answer, and the answer's own signature.
//! - [`scenario`]: the calls about a purchase and an enterprise under each guide, step by step.
//! - [`verdict`]: whether the marketplace counts an answer to a step as failed.
//! - [`time`]: the guides' ways to write a moment.
//!
//! # Absent
//!
//! Licences and order notices; an HTTP client. The capitalisation of `Body-Sign`, which the
//! marketplace does check, is lost in [`http::HeaderMap`]: the caller reads it from the bytes of
//! the connection and gives it to [`verdict`].

pub mod answer;
pub mod kit_v1;
pub mod kit_v2;
pub mod scenario;
pub mod time;
pub mod v1;
pub mod v2;
pub mod verdict;

mod form;
mod mac;
