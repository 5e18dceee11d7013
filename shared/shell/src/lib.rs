//! Everything of koohook that touches the outside.
//!
//! The shell reads once, asks the core, writes once, and signs. It knows no callback by name.
//!
//! In reading order:
//!
//! - [`endpoint`]: HTTP request → HTTP response, through one signed exit; [`route`]: which contract
//!   a request belongs to, and the constant answers to what belongs to none.
//! - `handle`: the path of one believed callback; `inline`: its first attempt to tell the product;
//!   `line`: what is logged of it.
//! - [`repository`]: one kept value, read and written over its version.
//! - [`delivery`]: one entity's notices to the product; [`relay`]: everybody's that are due, and
//!   [`sweep`]: parts that nothing refers to; [`bell`]: an HTTP timer's way to start it.
//! - [`orders`]: what the marketplace is asked before. [`access`]: the product's own way in.
//! - [`import`]: instances that an older server made.
//! - [`context`]: what all of these work with. [`front`]: what a host puts requests before.
//! - [`world`]: all that is not us; `client`: the web, as a machine calls it; [`guard`]: what calls
//!   to the product are held to. [`store`]: where state lives. [`seal`]: what seals it.
//! - [`config`]: the environment, once per start. [`host`]: where functions run; [`bodies`]: how much
//!   of strangers' bodies a host holds.
//! - [`failure`]: something on our side; `trouble`: any reason not to carry a believed call out.

pub mod bodies;
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
pub mod orders;
pub mod relay;
pub mod repository;
pub mod route;
pub mod seal;
pub mod store;
pub mod sweep;
pub mod world;
