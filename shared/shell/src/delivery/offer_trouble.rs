//! Why the product did not accept a notice, in few words: each cause is a trouble of its own in the
//! log (decision I2).

use super::sending::Sent;
use crate::world::Unanswered;

/// The cause of a failed offer. There are few, so that the log has few lines a minute.
pub(super) const fn trouble(sent: &Sent) -> &'static str {
    match (sent.cause, sent.status) {
        (Some(cause), _) => Unanswered::as_str(cause),
        (None, Some(401 | 403)) => "status 401 or 403",
        (None, Some(200..=299)) => "unusable body",
        (None, Some(400..=499)) => "status 4xx",
        (None, Some(500..=599)) => "status 5xx",
        (None, Some(_)) => "other status",
        (None, None) => "not sent",
    }
}
