//! When the relay sends usage, and how long usage is accepted (decisions J1, J3).

use std::time::Duration;

use protocol::time::UnixMillis;

/// How long after its begin a window is accepted, and how long after its release an instance's usage
/// is accepted (decisions J1, J5). The marketplace refuses windows that began 21 days ago; the rest is
/// for the sending.
pub const USAGE_ENDS_AFTER: Duration = Duration::from_hours(20 * 24 + 20);

/// How long after its begin the marketplace refuses a window (both guides, usage push).
pub(super) const REFUSED_AFTER: Duration = Duration::from_hours(21 * 24);

/// When the relay first sends a window: at the first full hour after its end, or, if that has
/// passed, at the next five minutes.
pub(super) fn first_send_at(end: UnixMillis, now: UnixMillis) -> UnixMillis {
    let hour = ceil(end, HOUR_MILLIS);
    if now <= hour { hour } else { ceil(now, TICK_MILLIS) }
}

/// When the relay sends again what it takes now: at the next five minutes after its run. Until then
/// another relay does not send it.
pub fn retry_at(now: UnixMillis) -> UnixMillis {
    ceil(now.after(LONGEST_RUN), TICK_MILLIS)
}

/// Whether a record is due. A time that is further ahead than every pause is due at once, since a
/// wrong clock wrote it (decision D12).
pub(super) fn is_due(next: UnixMillis, now: UnixMillis) -> bool {
    next <= now || next > now.after(FARTHEST)
}

fn ceil(at: UnixMillis, step: u64) -> UnixMillis {
    UnixMillis::new(at.millis().div_ceil(step).saturating_mul(step))
}

const HOUR_MILLIS: u64 = 60 * 60 * 1_000;
const TICK_MILLIS: u64 = 5 * 60 * 1_000;
/// More than every pause: a window that ends now is sent within an hour.
const FARTHEST: Duration = Duration::from_mins(70);
/// The longest run of the relay.
const LONGEST_RUN: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_sent_at_the_full_hour_and_then_every_five_minutes() {
        let at = |text| UnixMillis::from_utc_digits(text).unwrap();
        let cases = [
            ("20270101120000", "20270101120000", "20270101120000"),
            ("20270101120000", "20270101120001", "20270101120500"),
            ("20270101121000", "20270101121001", "20270101130000"),
            ("20270101121000", "20270101130000", "20270101130000"),
            ("20270101121000", "20270101130000001", "20270101130500"),
            ("20270101121000", "20270104081200", "20270104081500"),
        ];
        for (end, now, first) in cases {
            assert_eq!(first_send_at(at(end), at(now)), at(first), "{end} {now}");
        }
        assert_eq!(retry_at(at("20270101120000")), at("20270101120500"));
        assert_eq!(retry_at(at("20270101120400")), at("20270101120500"));
        assert_eq!(retry_at(at("20270101120401")), at("20270101121000"));
    }
}
