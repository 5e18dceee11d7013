//! The effective time of a call, and which of two calls is older (decision D5).

use std::time::Duration;

use protocol::time::UnixMillis;

use crate::remark::Remark;

/// The effective time of a call is the time of its signature. It is now if the signed time is more
/// than ten minutes ahead. A time far ahead would make every later call count as older.
///
/// `newest` is the time of the newest call that the entity contains. If it is later than now, this
/// machine's clock is behind. A call that was signed after `newest` then counts as `newest`, not as
/// now: it would be older than a call that the marketplace sent before it.
pub fn effective(
    signed_at: UnixMillis,
    newest: Option<UnixMillis>,
    now: UnixMillis,
) -> (UnixMillis, Option<Remark>) {
    if signed_at <= now.after(MAX_AHEAD) {
        return (signed_at, None);
    }
    let latest = newest.map_or(now, |newest| newest.max(now));
    (signed_at.min(latest), Some(Remark::SignedAhead))
}

pub(super) fn is_older(at: UnixMillis, newest: Option<UnixMillis>) -> bool {
    newest.is_some_and(|newest| at < newest)
}

/// How far ahead a call may be signed. If it is signed further ahead, its time counts as now.
pub(super) const MAX_AHEAD: Duration = Duration::from_mins(10);
