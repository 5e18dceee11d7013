//! Everything of koohook that touches the outside.
//!
//! The shell reads once, asks the core, writes once, and signs. It knows no callback by name.
//!
//! In reading order:
//!
//! - [`endpoint`]: HTTP request → HTTP response: callbacks, through one signed exit; app info; the
//!   relay. [`route`]: which contract a request belongs to, and the constant answers to what belongs
//!   to none.
//! - `callback`: the path of one verified callback; `first_attempt`: its first attempt to notify the
//!   product; `call_log`: the one line that is logged of it.
//! - [`repository`]: one kept value, read and written over its version.
//! - [`delivery`]: one entity's notices to the product; [`relay`]: the notices of all entities that
//!   are due, and [`unused_parts`]: parts that nothing refers to;
//!   `unusable_entities`: those that the relay skips.
//! - [`order_lookup`]: what the marketplace is asked before. `time_limits`: how long to wait for others.
//! - [`import`]: instances that an older server made.
//! - [`context`]: what all endpoints share.
//! - [`world`]: all that is not us: the store, the web, the clock, chance. [`web`]: one call over
//!   HTTP; `client`: how a machine makes it; [`guard`]: which networks and authorities a call to the
//!   product may use. [`store`]: where state lives. [`seal`]: what encrypts it.
//! - [`config`]: the environment, once per start. [`host`]: where functions run; [`unverified_bodies`]: how much
//!   of strangers' bodies a host holds.
//! - [`failure`]: something on our side; `call_error`: why a verified call was not carried out.

mod call_error;
mod call_log;
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
pub mod order_lookup;
pub mod relay;
pub mod repository;
pub mod route;
pub mod seal;
pub mod store;
mod time_limits;
mod unusable_entities;
pub mod unused_parts;
pub mod unverified_bodies;
pub mod web;
pub mod world;
