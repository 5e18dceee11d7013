//! How a notice ended, and when it was given up. An operator reads it; no decision depends on it.

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::Outbox;
use crate::notice::{Notice, NoticeType};

/// How a notice ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NoticeEnd {
    /// Its sequence.
    pub sequence: u64,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: NoticeType,
    /// When it ended.
    pub at: UnixMillis,
    /// The number of counted attempts.
    pub attempts: u32,
    /// How it ended.
    pub how: EndKind,
}

/// How a notice left the outbox.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndKind {
    /// The product accepted it.
    Delivered,
    /// A later change made it useless, or there was no room.
    Dropped,
    /// koohook gave it up, and it became a dead letter. A replay keeps this end. So a notice that is
    /// given up again has two.
    GivenUp,
}

/// The most ends that an outbox keeps.
pub const MAX_ENDS: usize = 32;

impl EndKind {
    /// The word that commands print.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Dropped => "dropped",
            Self::GivenUp => "given up",
        }
    }
}

impl Outbox {
    /// Records that notices were dropped.
    pub(super) fn record_dropped(&mut self, notices: &[Notice], at: UnixMillis) {
        notices.iter().for_each(|notice| self.record_end(notice, 0, EndKind::Dropped, at));
    }

    /// Records how a notice ended, and deletes the oldest end if there is no room.
    pub(super) fn record_end(
        &mut self,
        notice: &Notice,
        attempts: u32,
        how: EndKind,
        at: UnixMillis,
    ) {
        let (sequence, kind) = (notice.sequence(), notice.kind);
        self.ends.push(NoticeEnd { sequence, kind, at, attempts, how });
        let extra = self.ends.len().saturating_sub(MAX_ENDS);
        self.ends.drain(..extra);
    }
}
