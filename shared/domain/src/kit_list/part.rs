//! Index parts: their names, and the references of a head.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hex::FromHex;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::row::Identity;

/// The name of a part: 16 random bytes, so that a name is never used twice. It is written in hex.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartName([u8; 16]);

/// A reference to the part that contains the rows from an identity up to the next reference. The
/// part may also contain rows that have moved to another part. So if a part is split, the half that
/// did not change need not be written again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Reference {
    pub from: Identity,
    pub part: PartName,
    rows: u16,
}

/// The length of an identity, a name and a number of rows, in bytes.
const REFERENCE_LEN: usize = 12 + 16 + 2;

impl PartName {
    /// A name made of random bytes.
    pub const fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// Writes names as one base64 text.
    pub fn to_text<'a>(names: impl IntoIterator<Item = &'a Self>) -> String {
        let bytes: Vec<u8> = names.into_iter().flat_map(|name| name.0).collect();
        STANDARD_NO_PAD.encode(bytes)
    }

    /// Parses that text; `None` if it is not a sequence of whole names.
    pub fn from_text<C: FromIterator<Self>>(text: &str) -> Option<C> {
        let bytes = STANDARD_NO_PAD.decode(text).ok()?;
        let (names, rest) = bytes.as_chunks();
        rest.is_empty().then(|| names.iter().copied().map(Self).collect())
    }
}

/// The text is not the name of a part. A name has 32 hex digits.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("text is not the name of a part")]
pub struct PartNameError;

impl TryFrom<String> for PartName {
    type Error = PartNameError;

    fn try_from(text: String) -> Result<Self, PartNameError> {
        <[u8; 16]>::from_hex(text).map(Self).map_err(|_| PartNameError)
    }
}

impl From<PartName> for String {
    fn from(name: PartName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Reference {
    /// `None` if a part cannot have this number of rows.
    pub fn new(from: Identity, part: PartName, rows: usize) -> Option<Self> {
        let rows = u16::try_from(rows).ok().filter(|rows| *rows > 0)?;
        Some(Self { from, part, rows })
    }

    pub fn rows(&self) -> usize {
        usize::from(self.rows)
    }

    fn from_bytes(bytes: &[u8; REFERENCE_LEN]) -> Option<Self> {
        let (from, rest) = bytes.split_first_chunk()?;
        let (part, rows) = rest.split_first_chunk()?;
        let rows = u16::from_be_bytes(*rows.first_chunk()?);
        Self::new(Identity::from_bytes(*from), PartName(*part), usize::from(rows))
    }
}

pub(super) fn to_text(references: &[Reference]) -> String {
    let mut bytes = Vec::with_capacity(references.len() * REFERENCE_LEN);
    for to in references {
        bytes.extend(to.from.to_bytes());
        bytes.extend(to.part.0);
        bytes.extend(to.rows.to_be_bytes());
    }
    STANDARD_NO_PAD.encode(bytes)
}

/// Parses references in ascending order from the lowest identity; `None` if the text is malformed.
pub(super) fn from_text(text: &str) -> Option<Vec<Reference>> {
    let bytes = STANDARD_NO_PAD.decode(text).ok()?;
    let (references, rest) = bytes.as_chunks();
    let references: Vec<Reference> =
        references.iter().map(Reference::from_bytes).collect::<Option<_>>()?;
    let begins = references.first()?.from == Identity::LOWEST;
    let in_order = references.is_sorted_by(|a, b| a.from < b.from);
    Some(references).filter(|_| begins && in_order && rest.is_empty())
}
