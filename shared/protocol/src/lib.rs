//! The contract of the marketplace's guides, as pure functions. koohook's own rules are in the
//! crate `domain`.
//!
//! This crate has no I/O, no async code, no clock, no environment, no randomness and no log.
//! Only this crate can create a `Verified`.
//!
//! The modules, in reading order:
//!
//! - [`signature`]: turns `Unverified` into `Verified`, and signs a reply. It and the request
//!   readers use [`access_key`], [`mac`], [`query_string`], [`json`] and [`cipher`].
//! - [`message`]: one type for each activity, with a reader for each contract, and the replies. See
//!   also [`app_info`] and [`result_code`].
//! - [`open_api`]: what the open APIs share. [`order_query`]: the open API that returns the
//!   contents of an order. [`usage`]: the open API that receives the usage of pay-per-use products.
//! - [`time`], [`digest`], [`text`]: points in time, digests of several texts, and typing mistakes.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod access_key;
pub mod app_info;
pub mod cipher;
pub mod digest;
pub mod json;
pub mod mac;
pub mod message;
pub mod open_api;
pub mod order_query;
pub mod query_string;
pub mod result_code;
pub mod signature;
pub mod text;
pub mod time;
pub mod usage;
