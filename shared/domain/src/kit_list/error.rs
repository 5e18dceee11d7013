//! Why a list cannot be changed.

use thiserror::Error;

use super::part::PartName;

/// Why a list cannot be changed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum KitListError {
    /// The caller did not read a part that the change needs.
    #[error("index part {0} is missing")]
    Missing(PartName),
    /// The head or a part does not have the form in which koohook writes it.
    #[error("index is unreadable")]
    Unreadable,
    /// A name for a new part is already used.
    #[error("name of the new index part {0} is already used")]
    NamedTwice(PartName),
    /// The list has too many rows for one head.
    #[error("list has too many rows")]
    Full,
}
