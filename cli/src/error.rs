//! What every command reports if it fails.

/// Why a command ended without doing its work: what is wrong, then what to do.
pub type CommandError = Box<dyn std::error::Error + Send + Sync>;
