//! The effective time of a call, and which of two calls is older (decision D5).

use std::time::Duration;

use protocol::time::UnixMillis;

use crate::remark::Remark;

/// The effective time of a call is the time of its signature. It is now if the signed time is more
/// than ten minutes ahead. A time far ahead would make every later call count as older.
pub fn effective(signed_at: UnixMillis, now: UnixMillis) -> (UnixMillis, Option<Remark>) {
    if signed_at > now.after(MAX_AHEAD) {
        (now, Some(Remark::SignedAhead))
    } else {
        (signed_at, None)
    }
}

pub(super) fn is_older(at: UnixMillis, newest: Option<UnixMillis>) -> bool {
    newest.is_some_and(|newest| at < newest)
}

/// How far ahead a call may be signed. If it is signed further ahead, its time counts as now.
pub(super) const MAX_AHEAD: Duration = Duration::from_mins(10);
