//! The records that koohook keeps and the rules that it applies, as pure functions.
//!
//! The domain gets a verified call, the stored record and the time. It returns what to store, which
//! notices to send to the product, and how to answer. The crate has no I/O, no asynchronous code,
//! no clock, no environment, no randomness, no log and no HTTP header.
//!
//! In reading order:
//!
//! - [`instance`]: a purchase, and every change that it can have. [`refusal`] and [`remark`]: why a
//!   call has no effect, or less effect than it requested.
//! - [`tenant`]: enterprises and their credentials. [`kit_list`]: order and repeats for long lists
//!   of departments and people.
//! - [`entity`]: the subject of a callback. [`record`]: the one stored value of an entity.
//!   [`history`]: what happened to it. [`catalogue`]: the list that contains it, by its state.
//!   [`store_keys`]: the keys of stored values. [`idempotency`]: which orders were carried out.
//! - [`notice`]: what koohook sends to the product. [`outbox`]: the delivery of notices, in order.
//!   [`product`]: what the product may answer. [`webhook`]: the signature that both sides use.
//! - [`usage`]: the usage of pay-per-use instances, which koohook reports to the marketplace.
//! - [`alarm`]: what people are told when something is wrong, and when.
//! - [`order_details`]: what koohook asks the marketplace before it sends a notice.
//!   [`order_query_gate`]: when koohook must not ask.
//! - [`page`]: the interface that a function implements. [`decision`]: what a request decides.
//!   [`purchase`]: how the answer to a purchase changes the instance. [`decide`]: how a call
//!   changes a record. [`decide::list`]: how a call changes a long list.
//! - [`settings`], [`secret`], [`app_info_template`]: the seller's configuration, as pages use it.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod alarm;
pub mod app_info_template;
pub mod catalogue;
pub mod decide;
pub mod decision;
pub mod entity;
pub mod history;
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
pub mod usage;
mod uuid_v5;
pub mod webhook;
