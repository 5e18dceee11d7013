//! The part of koohook that does I/O: HTTP, stores, the environment, the clock, the log.
//!
//! The shell reads once, asks the crate `domain` for a decision, writes once, and signs the answer.
//! It has no code for a single callback.
//!
//! In reading order:
//!
//! - [`endpoint`]: turns an HTTP request into an HTTP response: callbacks, with one function that
//!   signs every answer; app info; usage; the relay. [`route`]: finds the contract of a request, and makes
//!   the constant answers to all other requests.
//! - `callback`: the steps of one verified callback; `first_attempt`: its first attempt to notify the
//!   product; `call_log`: its log line; `log_ids`: the IDs in log lines; [`call_origin`]: where a
//!   request comes from; [`unproven_lines`]: limits the lines of calls that are not verified.
//! - [`repository`]: reads entity records, and writes them over the version that was read.
//! - [`delivery`]: sends one entity's notices to the product; [`relay`]: delivers the due notices
//!   of all entities; [`unused_parts`]: deletes parts to which no record refers;
//!   `unusable_entities`: entities that the relay skips for a while.
//! - [`order_lookup`]: queries the order details from the marketplace before a notice is sent.
//!   [`open_api_key`]: the seller's access key for it. [`usage_sender`]: where usage goes, and with which keys;
//!   `usage_sending`: sends it.
//!   [`time_limits`]: how long koohook waits for the product and the marketplace.
//! - [`usage_intake`]: accepts reported windows of pay-per-use instances, and stores them.
//! - [`import`]: imports instances that an older server made. `reindex`: writes missing entries of
//!   the catalogue. `reseal`: seals stored values with the current key. `backup`: copies the values of
//!   a store, and restores them in any store.
//! - [`alarms`]: tells people what is wrong. [`alarm_robot`]: the robot that posts it;
//!   `alarm_sightings`: what this process saw.
//! - [`context`]: what all endpoints and the relay share. [`metrics`]: numbers for Prometheus or CloudWatch.
//! - [`readiness`]: whether this process can carry out calls, as `/readyz` reports; [`probe`]: finds
//!   out.
//! - [`world`]: the interface to the store, the web, the clock and randomness. [`web`]: one call
//!   over HTTP; `client`: the HTTP client; [`guard`]: which networks and authorities a call to the
//!   product may use. [`store`]: the key-value stores. `aws`: signs calls of AWS's APIs,
//!   and reads secrets;
//!   [`aws_address`]: the addresses of these APIs, and the names of secrets. [`store_figures`]: what waits in the store, for
//!   metrics and alarms. [`seal`]: encrypts stored values.
//! - [`config`]: reads the environment, once per start. [`host`]: the hosts that run functions;
//!   [`unverified_bodies`]: limits how many bytes of unverified bodies a host keeps.
//! - [`operator_log`]: the log lines about what an operator did. [`logged_lines`]: how many warnings and
//!   errors were logged.
//! - `trouble_log`: limits the log lines about a lasting trouble; `unknown_changes`: and about changes
//!   that the relay tries again.
//! - [`failure`]: failures on koohook's side; `call_error`: why a verified call was not carried out.

pub mod alarm_robot;
mod alarm_sightings;
pub mod alarms;
#[cfg(feature = "dynamodb")]
pub mod aws;
pub mod aws_address;
#[cfg(feature = "scan")]
pub mod backup;
mod call_error;
mod call_log;
pub mod call_origin;
mod callback;
#[cfg(feature = "client")]
pub mod client;
pub mod config;
pub mod context;
pub mod delivery;
pub mod endpoint;
pub mod failure;
mod first_attempt;
pub mod guard;
#[cfg(feature = "runtime")]
pub mod host;
pub mod import;
mod log_ids;
pub mod logged_lines;
pub mod metrics;
pub mod open_api_key;
pub mod operator_log;
pub mod order_lookup;
pub mod probe;
pub mod readiness;
#[cfg(feature = "scan")]
pub mod reindex;
pub mod relay;
pub mod repository;
#[cfg(feature = "scan")]
pub mod reseal;
pub mod route;
pub mod seal;
pub mod store;
pub mod store_figures;
pub mod time_limits;
mod trouble_log;
mod unknown_changes;
pub mod unproven_lines;
mod unusable_entities;
pub mod unused_parts;
pub mod unverified_bodies;
pub mod usage_intake;
pub mod usage_sender;
mod usage_sending;
pub mod web;
pub mod world;
