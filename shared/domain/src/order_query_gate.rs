//! When koohook must not query order details. If a key fails more than five times in a row, the
//! gateway locks it for five minutes. Then all other uses of the seller's key also fail.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use protocol::order_query::OrderQueryOutcome;
use protocol::time::UnixMillis;

/// Decides from the latest outcomes whether a key may be used now.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct QueryGate {
    refused: u32,
    #[serde(default)]
    unanswered: u32,
    #[serde(default)]
    worked: bool,
    shut_until: Option<UnixMillis>,
}

impl QueryGate {
    /// Whether koohook may send a query now.
    pub fn may_ask(&self, now: UnixMillis) -> bool {
        self.shut_until.is_none_or(|until| now >= until)
    }

    /// Whether the gateway accepted the key and has not refused it since. Otherwise koohook sends
    /// only one query at a time. Concurrent queries would lock a wrong key before koohook reads the
    /// first refusal.
    pub const fn has_worked(&self) -> bool {
        self.worked
    }

    /// Records a query that got no answer before its time limit. The third one in a row closes the
    /// gate for ten seconds, because a query that waits delays others.
    pub fn note_unanswered(&mut self, now: UnixMillis) {
        self.unanswered = self.unanswered.saturating_add(1);
        if self.unanswered >= MAX_UNANSWERED {
            self.shut_until = self.shut_until.max(Some(now.after(PAUSE_UNANSWERED)));
        }
    }

    /// Records the outcome of a query.
    pub fn note(&mut self, outcome: &OrderQueryOutcome, now: UnixMillis) {
        match outcome {
            OrderQueryOutcome::KeyRefused(_) => self.note_refused(now),
            OrderQueryOutcome::Found(_) => self.note_accepted(),
            OrderQueryOutcome::Permanent(_) | OrderQueryOutcome::Retry(_) => self.note_answered(),
        }
    }

    /// Records that the key was refused. The third refusal in a row closes the gate. Every further
    /// refusal closes it again, so that one query after a pause is enough.
    pub fn note_refused(&mut self, now: UnixMillis) {
        self.note_answered();
        self.worked = false;
        self.refused = self.refused.saturating_add(1);
        if self.refused >= MAX_REFUSED {
            self.shut_until = Some(now.after(PAUSE));
        }
    }

    /// Records that the key was accepted.
    pub fn note_accepted(&mut self) {
        *self = Self { worked: true, ..Self::default() };
    }

    /// Records an answer without information about the key, such as one of a failed gateway. It does
    /// not change the count of refusals.
    pub const fn note_answered(&mut self) {
        self.unanswered = 0;
    }
}

/// The number of refusals that closes the gate. The gateway allows two more, and other processes
/// may use them with the same key.
const MAX_REFUSED: u32 = 3;

/// How long refusals close the gate: as long as the gateway would lock the key.
const PAUSE: Duration = Duration::from_mins(5);

/// The number of unanswered queries in a row that closes the gate.
const MAX_UNANSWERED: u32 = 3;
/// How long unanswered queries close the gate.
const PAUSE_UNANSWERED: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use protocol::message::OrderId;
    use protocol::order_query::OrderQuery;

    use super::*;

    /// The second, the outcome, and whether the gate is open right after it.
    const OUTCOMES: &[(u64, &str, bool)] = &[
        (0, "refused", true),
        (1, "refused", true),
        (2, "unavailable", true),
        (3, "unknown", true),
        (4, "refused", false),
        (303, "-", false),
        (304, "-", true),
        (304, "refused", false),
        (603, "-", false),
        (604, "-", true),
        (605, "unavailable", true),
        (606, "refused", false),
        (906, "found", true),
        (907, "refused", true),
        (908, "refused", true),
        (909, "found", true),
        (910, "refused", true),
        (911, "refused", true),
        (912, "refused", false),
    ];

    fn outcome(what: &str) -> Option<OrderQueryOutcome> {
        let query = OrderQuery { order_id: OrderId::parse("CS1").unwrap(), order_line_id: None };
        let found = br#"{"resultCode":"MKT.0000","orderInfo":{"orderLine":[{}]}}"#;
        match what {
            "refused" => Some(query.read(401, br#"{"error_code":"APIG.0301"}"#)),
            "unavailable" => Some(query.read(502, b"")),
            "unknown" => Some(query.read(404, b"")),
            "found" => Some(query.read(200, found)),
            _ => None,
        }
    }

    #[test]
    fn the_third_refusal_closes_the_gate_for_five_minutes() {
        let mut gate = QueryGate::default();
        for (second, what, open) in OUTCOMES {
            let now = UnixMillis::new(1_595_835_431_903 + second * 1_000);
            if let Some(outcome) = outcome(what) {
                gate.note(&outcome, now);
            }
            assert_eq!(gate.may_ask(now), *open, "after {what} at {second}");
            let kept = serde_json::to_string(&gate).unwrap();
            assert_eq!(serde_json::from_str::<QueryGate>(&kept).unwrap(), gate);
        }
    }

    #[test]
    fn a_key_has_worked_from_its_first_answer_until_its_next_refusal() {
        let mut gate = QueryGate::default();
        let mut has_worked = |what| {
            gate.note(&outcome(what).unwrap(), UnixMillis::new(0));
            gate.has_worked()
        };
        let words = ["unavailable", "unknown", "found", "unavailable", "refused", "unknown"];
        assert_eq!(words.map(&mut has_worked), [false, false, true, true, false, false]);
    }

    #[test]
    fn the_third_unanswered_query_in_a_row_closes_the_gate_for_ten_seconds() {
        let mut gate = QueryGate::default();
        let at = |second: u64| UnixMillis::new(second * 1_000);
        for (second, open) in [(0, true), (1, true), (2, false), (12, false)] {
            gate.note_unanswered(at(second));
            assert_eq!(gate.may_ask(at(second)), open, "{second}");
        }
        assert!(!gate.may_ask(at(21)) && gate.may_ask(at(22)));
        gate.note(&outcome("unavailable").unwrap(), at(22));
        gate.note_unanswered(at(23));
        assert!(gate.may_ask(at(23)), "an answer resets the count");
    }
}
