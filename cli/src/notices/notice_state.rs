//! The state of a notice.

use clap::ValueEnum;

/// The state of a notice.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum NoticeState {
    /// The product has not accepted the notice, and the relay has not given it up. Without a product
    /// address koohook sends no notice.
    Waiting,
    /// The relay gave it up after 72 hours and 20 attempts, or after the answer 410 Gone.
    Dead,
    /// The product accepted the purchase, and has not sent its access data yet.
    AccessData,
}

impl NoticeState {
    /// The word that the commands print.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Dead => "dead",
            Self::AccessData => "access-data",
        }
    }
}
