//! The index of a list: its rows, or references to the parts that hold them.

use super::part::Reference;
use super::row::IndexRow;

/// The rows, or references to the parts that hold them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Index {
    Rows(Vec<IndexRow>),
    Parts(Vec<Reference>),
}

impl Default for Index {
    fn default() -> Self {
        Self::Rows(Vec::new())
    }
}

/// How many rows are in the head itself. 512 rows are 16 KiB of base64: a tenant of usual size
/// needs no part, and the head leaves most of its value's 192 KiB to the notices. It is half of
/// [`PART_ROWS`], so a head that outgrows it fills one part.
pub const INLINE_ROWS: usize = 512;

/// How many rows a part holds: 24 KiB. A single change reads and writes one part, a list all of
/// them: smaller ones make lists slow (a round trip each), larger ones make single changes dear
/// (stores bill by the kilobyte). 50,000 people are then at most 98 parts.
pub const PART_ROWS: usize = 1024;

/// How many parts a head refers to: 20 KiB of base64. Two neighbouring parts hold no fewer than
/// [`INLINE_ROWS`] rows together, so that 131,072 rows fit whatever the history.
pub const MAX_PARTS: usize = 512;
