//! What a run did with usage.

/// What a run did with usage.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UsageCounts {
    /// Records that the marketplace received.
    pub sent: usize,
    /// Records that it rejected: an operator should act.
    pub rejected: usize,
    /// Records that were sent and wait, to be sent again.
    pub waiting: usize,
    /// Windows that are late, or will miss their deadline.
    pub late: usize,
    /// Windows that could not be sent within 21 days, and were deleted.
    pub dropped: usize,
    /// Requests.
    pub batches: usize,
    /// Values that could not be used, and other failures of koohook's side.
    pub troubled: usize,
    /// Whether the run stopped sending, because of the marketplace or the key.
    pub stopped: bool,
    /// Whether the time was up, or the run had sent enough requests, before all was sent.
    pub unfinished: bool,
}

impl UsageCounts {
    /// Whether the run did nothing and had nothing left to do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
