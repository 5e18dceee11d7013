//! What koohook keeps and decides, as pure functions.
//!
//! The domain gets a verified call, the stored record and the time. It returns what to store, which
//! notices the product gets, and what to answer. There is no I/O here, nothing asynchronous, no
//! clock, no environment, no randomness, no log, and no header.
//!
//! In reading order:
//!
//! - [`instance`]: what was bought and every way it can change. [`refusal`] and [`remark`]: why a
//!   call has no effect, or less.
//! - [`tenant`]: enterprises and their credentials. [`kit_list`]: order and repeats for long lists
//!   of departments and people.
//! - [`entity`]: what a callback is about. [`record`]: the one stored value of an entity.
//!   [`store_keys`]: the keys of stored values. [`idempotency`]: which orders were carried out.
//! - [`notice`]: what the product is told. [`outbox`]: how notices get there, in order.
//!   [`product`]: what the product may answer. [`webhook`]: how both sides sign.
//! - [`order_details`]: what the marketplace is asked before a notice is sent. [`order_query_gate`]: when
//!   it is not asked.
//! - [`page`]: what a function implements. [`decision`]: what its request decides. [`purchase`]:
//!   what a purchase's own answer changes. [`decide`]: what a call makes of a record.
//!   [`decide::list`]: what a call makes of a long list.
//! - [`settings`], [`secret`], [`app_info_template`]: the seller's configuration, as pages use it.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod app_info_template;
pub mod decide;
pub mod decision;
pub mod entity;
pub mod idempotency;
pub mod instance;
pub mod kit_list;
pub mod notice;
pub mod order_details;
pub mod order_query_gate;
pub mod outbox;
pub mod page;
pub mod product;
pub mod purchase;
pub mod record;
pub mod refusal;
pub mod remark;
pub mod secret;
pub mod settings;
pub mod store_keys;
pub mod tenant;
mod uuid_v5;
pub mod webhook;
