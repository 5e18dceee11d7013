//! What the marketplace's guides say, as pure functions, and nothing of koohook's own.
//!
//! There is no I/O here, nothing asynchronous, no clock, no environment, no randomness and no log.
//! Nothing outside this crate can make a `Verified`.
//!
//! In reading order:
//!
//! - [`signature`]: `Unverified` → `Verified`; signs a reply. [`access_key`], [`mac`], [`query_string`],
//!   [`json`] and [`cipher`] are what it and the readers use.
//! - [`message`]: one type per activity, a reader per contract, and the replies; [`app_info`],
//!   [`result_code`].
//! - [`order_query`]: the open API that says what was ordered.
//! - [`time`], [`digest`], [`text`]: points in time, names made of parts, what people mistype.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod access_key;
pub mod app_info;
pub mod cipher;
pub mod digest;
pub mod json;
pub mod mac;
pub mod message;
pub mod order_query;
pub mod query_string;
pub mod result_code;
pub mod signature;
pub mod text;
pub mod time;
