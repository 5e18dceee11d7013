//! Everything of koohook that touches the outside.
//!
//! The shell reads once, asks the core, writes once, and signs. It knows no callback by name.
//!
//! In reading order:
//!
//! - [`door`]: HTTP request → HTTP response, through one signed exit; [`route`]: which contract
//!   a request belongs to, and the constant answers to what belongs to none.
//! - `handle`: the path of one believed callback; `line`: what is logged of it.
//! - [`shelf`]: one kept value, read and written over its version.
//! - [`sweep`]: lets go of parts that nothing refers to.
//! - [`world`]: all that is not us; `client`: the web, as a machine calls it. [`store`]: where state lives. [`vault`]: what seals it.
//! - [`config`]: the environment, once per start. [`host`]: where functions run.
//! - [`failure`]: something on our side; `trouble`: any reason not to carry a believed call out.

#[cfg(feature = "client")]
pub mod client;
pub mod config;
pub mod door;
pub mod failure;
mod handle;
#[cfg(feature = "runtime")]
pub mod host;
mod line;
pub mod route;
pub mod shelf;
pub mod store;
pub mod sweep;
mod trouble;
pub mod vault;
pub mod world;
