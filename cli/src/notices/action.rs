//! What an operator sends.

use super::notice_state::NoticeState;

/// What an operator sends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Waiting notices become due.
    Waiting,
    /// Dead letters go back into the queue.
    Dead,
    /// Both.
    Everything,
}

impl Action {
    /// Whether the action changes notices in this state.
    pub fn includes(self, state: NoticeState) -> bool {
        match state {
            NoticeState::Waiting => self != Self::Dead,
            NoticeState::Dead => self != Self::Waiting,
            NoticeState::AccessData => false,
        }
    }

    /// The question to the operator.
    pub fn question(self, count: usize) -> String {
        format!("send {} {}", if count == 1 { "it" } else { "them" }, self.adverb())
    }

    /// The last word of the question and of the last line.
    pub const fn adverb(self) -> &'static str {
        match self {
            Self::Waiting | Self::Everything => "now",
            Self::Dead => "again",
        }
    }
}
