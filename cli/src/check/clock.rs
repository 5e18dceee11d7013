//! Compares this machine's clock with another one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::time::UnixMillis;

use crate::findings::Finding;

/// Compares this machine's clock with the time that `whose` clock shows now.
pub fn compare(whose: &str, theirs: UnixMillis) -> Finding {
    judge(whose, theirs, now())
}

/// The time of this machine's clock.
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn judge(whose: &str, theirs: UnixMillis, now: UnixMillis) -> Finding {
    let apart = theirs.since(now).max(now.since(theirs));
    let text = format!("this machine and {whose} differ by {} s", apart.as_secs());
    if apart > DOUBTED {
        Finding::failed(format!("{text}; {SYNCHRONISE}"))
    } else if apart > APART {
        Finding::warn(format!("{text}; {SYNCHRONISE}"))
    } else {
        Finding::ok(text)
    }
}

/// Above the first difference, the relay logs a warning. Above the second, it abandons no purchase,
/// and the product rejects signatures.
const APART: Duration = Duration::from_secs(30);
const DOUBTED: Duration = Duration::from_mins(5);
const SYNCHRONISE: &str = "synchronise both clocks (NTP)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::FindingLevel;

    #[test]
    fn clocks_may_differ_by_thirty_seconds() {
        let now = UnixMillis::new(1_000_000_000);
        for (seconds, expected) in [
            (30, FindingLevel::Ok),
            (31, FindingLevel::Warn),
            (300, FindingLevel::Warn),
            (301, FindingLevel::Failed),
        ] {
            let later = now.after(Duration::from_secs(seconds));
            for finding in [judge("it", later, now), judge("it", now, later)] {
                assert_eq!(finding.level, expected, "{seconds}");
                assert!(finding.text.contains(&format!("by {seconds} s")), "{}", finding.text);
            }
        }
    }
}
