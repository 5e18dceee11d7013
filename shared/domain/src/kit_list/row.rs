//! One row: 24 bytes with identity, time and content.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use protocol::digest;
use protocol::time::UnixMillis;

/// The identity of a department or a person: 12 bytes of a digest over its IDs (decision F1).
///
/// Two of 50,000 have the same bytes with a chance of one in 6 × 10^19. A tenant can make such a
/// pair on purpose (some 2^48 tries). It then confuses only two people of its own list.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Identity([u8; 12]);

/// The content: 5 bytes of a digest over the fields of a call. It is compared only with the content
/// before.
///
/// One change in 10^12 counts as a repeat by mistake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Content([u8; 5]);

/// The known state of a department or a person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RowState {
    /// It exists, with this content.
    Present(Content),
    /// It is deleted.
    Deleted,
    /// The person exists and may no longer log in.
    Revoked,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct IndexRow {
    pub identity: Identity,
    pub at: UnixMillis,
    pub state: RowState,
}

const ROW_LEN: usize = 24;

/// The last time that fits into 6 bytes, in the year 10889.
const LAST: UnixMillis = UnixMillis::new((1 << 48) - 1);

impl Identity {
    /// The lowest identity. The first part begins here.
    pub(super) const LOWEST: Self = Self([0; 12]);

    /// The identity made of these parts.
    pub fn new(parts: &[&str]) -> Self {
        Self(digest::of(parts))
    }

    pub(super) const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    pub(super) const fn to_bytes(self) -> [u8; 12] {
        self.0
    }
}

impl Content {
    /// The digest of the fields of a call. The caller leaves out fields that differ from repeat to
    /// repeat (decision C6).
    pub fn new(parts: &[&str]) -> Self {
        Self(digest::of(parts))
    }
}

impl RowState {
    pub(super) const fn is_present(self) -> bool {
        matches!(self, Self::Present(_))
    }
}

impl IndexRow {
    pub fn new(identity: Identity, at: UnixMillis, state: RowState) -> Self {
        Self { identity, at: storable(at), state }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let [_, _, at @ ..] = self.at.millis().to_be_bytes();
        let (content, flag) = match self.state {
            RowState::Present(content) => (content.0, 0),
            RowState::Deleted => ([0; 5], 1),
            RowState::Revoked => ([0; 5], 2),
        };
        bytes.extend_from_slice(&self.identity.0);
        bytes.extend_from_slice(&at);
        bytes.extend_from_slice(&content);
        bytes.push(flag);
    }

    fn from_bytes(row: &[u8; ROW_LEN]) -> Option<Self> {
        let (identity, rest) = row.split_first_chunk()?;
        let (&[a, b, c, d, e, f], rest) = rest.split_first_chunk()?;
        let (content, flag) = rest.split_first_chunk()?;
        let state = match (flag, content) {
            ([0], content) => RowState::Present(Content(*content)),
            ([1], [0, 0, 0, 0, 0]) => RowState::Deleted,
            ([2], [0, 0, 0, 0, 0]) => RowState::Revoked,
            _ => return None,
        };
        Some(Self {
            identity: Identity(*identity),
            at: UnixMillis::new(u64::from_be_bytes([0, 0, a, b, c, d, e, f])),
            state,
        })
    }
}

/// The nearest time that a row can store.
pub(super) fn storable(at: UnixMillis) -> UnixMillis {
    at.min(LAST)
}

pub(super) fn to_bytes(rows: &[IndexRow]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len() * ROW_LEN);
    rows.iter().for_each(|row| row.write(&mut bytes));
    bytes
}

/// Parses whole rows, in ascending order of their identities; `None` if the bytes are malformed.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<Vec<IndexRow>> {
    let (rows, rest) = bytes.as_chunks::<ROW_LEN>();
    let rows: Option<Vec<IndexRow>> = rows.iter().map(IndexRow::from_bytes).collect();
    rows.filter(|rows| rest.is_empty() && rows.is_sorted_by(|a, b| a.identity < b.identity))
}

pub(super) fn to_text(rows: &[IndexRow]) -> String {
    STANDARD_NO_PAD.encode(to_bytes(rows))
}

pub(super) fn from_text(text: &str) -> Option<Vec<IndexRow>> {
    from_bytes(&STANDARD_NO_PAD.decode(text).ok()?)
}
