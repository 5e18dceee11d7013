//! The error that every command reports.

/// Why a command failed. The text states what is wrong, then what to do.
pub type CommandError = Box<dyn std::error::Error + Send + Sync>;
