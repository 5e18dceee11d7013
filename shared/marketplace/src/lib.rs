//! KooGallery's callback contract as pure functions.
//!
//! The core is told the bytes, the stored value and the time, and returns what to store, whom to
//! tell and what to say; it cannot do anything. There is no I/O here, nothing asynchronous, no
//! clock, no environment, no randomness and no log.
//!
//! In reading order:
//!
//! - [`signature`]: `Unverified` → `Verified`; signs a reply. [`key`], [`query`], [`json`] and
//!   [`cipher`] are what it and the readers stand on.
//! - [`message`]: one type per activity, a reader per contract, and the replies; [`app_info`].
//! - [`instance`]: what was bought and every way it can change; [`refusal`], [`result_code`].
//! - [`tenant`]: what the kit keeps of enterprises and their credentials.
//! - [`idempotency`]: which orders were carried out. [`notice`]: what the product is told;
//!   [`order_query`]: what the marketplace is asked before; [`outbox`]: how a notice gets there,
//!   in order; [`product`]: what it may say.
//! - [`entity`]: the one value that is kept of a subject; [`decide`]: what a call makes of it;
//!   [`decide_list`]: what one makes of a long list.
//! - [`directory`]: order and repeats for long lists of departments and people.
//! - [`page`]: what a function implements, and what a bundle of them is.
//! - [`time`], [`digest`], [`text`]: points in time, names made of parts, what people mistype.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod app_info;
pub mod cipher;
pub mod decide;
pub mod decide_list;
pub mod digest;
pub mod directory;
pub mod entity;
pub mod idempotency;
pub mod instance;
pub mod json;
pub mod key;
pub mod message;
pub mod notice;
pub mod order_query;
pub mod outbox;
pub mod page;
pub mod product;
pub mod query;
pub mod refusal;
pub mod result_code;
pub mod signature;
pub mod tenant;
pub mod text;
pub mod time;
mod uuid_v5;
