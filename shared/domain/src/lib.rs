//! What koohook keeps and decides, as pure functions.
//!
//! The domain is told a verified call, the stored value and the time, and returns what to store,
//! what to notify the product of, and what to answer. There is no I/O here, nothing asynchronous,
//! no clock, no environment, no randomness, no log, and no header.
//!
//! In reading order:
//!
//! - [`instance`]: what was bought and every way it can change; [`refusal`], [`remark`].
//! - [`tenant`]: what the kit keeps of enterprises and their credentials.
//! - [`directory`]: order and repeats for long lists of departments and people.
//! - [`idempotency`]: which orders were carried out. [`notice`]: what the product is told;
//!   [`order_details`]: what the marketplace is asked before, and [`query_gate`]: when not to ask;
//!   [`outbox`]: how a notice gets there, in order; [`product`]: what the product may say;
//!   [`webhook`]: how both sides sign.
//! - [`entity`]: the one value that is kept of a subject; [`decide`]: what a call makes of it;
//!   [`decide_list`]: what one makes of a long list.
//! - [`page`]: what a function implements; [`decision`]: what its request decides; [`purchase`]: what
//!   a purchase's own answer changes. [`settings`], [`secret`], [`template`]: what the pages
//!   are told of the seller's configuration.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod decide;
pub mod decide_list;
pub mod decision;
pub mod directory;
pub mod entity;
pub mod idempotency;
pub mod instance;
pub mod keys;
pub mod notice;
pub mod order_details;
pub mod outbox;
pub mod page;
pub mod product;
pub mod purchase;
pub mod query_gate;
pub mod record;
pub mod refusal;
pub mod remark;
pub mod secret;
pub mod settings;
pub mod template;
pub mod tenant;
mod uuid_v5;
pub mod webhook;
