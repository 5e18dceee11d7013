//! The result type of the bench.

use std::error::Error;

/// A result whose error ends the run.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;
