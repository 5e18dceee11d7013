//! Why a list cannot be changed.

use thiserror::Error;

use super::part::PartName;

/// Why a list cannot be changed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum KitListError {
    /// The caller did not read a part that the change needs.
    #[error("index part {0} missing")]
    Missing(PartName),
    /// The head or a part is not as it was written.
    #[error("index unreadable")]
    Unreadable,
    /// A name for a new part is already used.
    #[error("index part {0} named twice")]
    NamedTwice(PartName),
    /// More rows than a head can refer to.
    #[error("directory full")]
    Full,
}
