//! How a run ends that goes wrong.

use std::error::Error;

/// Every error ends the run.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;
