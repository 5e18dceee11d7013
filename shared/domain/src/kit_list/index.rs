//! The index of a list: its rows, or references to the parts that contain them.

use super::part::Reference;
use super::row::IndexRow;

/// The rows, or references to the parts that contain them.
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

/// The most rows in the head. 512 rows are 16 KiB of base64. A tenant of usual size needs no part.
/// The head leaves most of its value's 192 KiB for the notices. It is half of [`PART_ROWS`], so the
/// rows of a head that becomes too long fit into one part.
pub const INLINE_ROWS: usize = 512;

/// The most rows in a part: 24 KiB. A single change reads and writes one part; a list reads and
/// writes all parts. Smaller parts make lists slow, because each part is a round trip. Larger parts
/// make single changes expensive, because stores bill by the kilobyte. 50,000 people need at most
/// 98 parts.
pub const PART_ROWS: usize = 1024;

/// The most parts to which a head refers: 20 KiB of base64. Two neighbouring parts contain at least
/// [`INLINE_ROWS`] rows together. So 131,072 rows always fit.
pub const MAX_PARTS: usize = 512;
