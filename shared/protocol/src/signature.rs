//! Verifies the signature of a call, and signs the answer.
//!
//! Only [`Unverified::verify`] creates a [`Verified`], and every request is read from a
//! [`Verified`]. It contains the members that the signature covers, so the bytes are never parsed a
//! second time. [`sdk`] signs koohook's requests to the marketplace.

mod body_sign;
mod contract;
#[cfg(test)]
mod cost;
mod headers;
mod joined;
mod kit_v1;
mod kit_v2;
mod rejection;
pub mod sdk;
mod signer;
mod timed;
mod unverified;
mod v1;
mod v2;
mod verified;

pub use body_sign::body_sign;
pub use contract::{Contract, Interface};
pub use headers::Headers;
pub use joined::auth_token;
pub use kit_v2::sign as sign_kit;
pub use rejection::Rejection;
pub use timed::{TOLERANCE_MILLIS, TimestampUnit};
pub use unverified::Unverified;
pub use v2::sign;
pub use verified::{SignedForm, UntimelyCall, Verified};
