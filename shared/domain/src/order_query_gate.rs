//! When not to ask for order details. If a key fails more than five times in a row, the gateway
//! locks it for five minutes. All other uses of the seller's key fail then, too.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use protocol::order_query::OrderQueryOutcome;
use protocol::time::UnixMillis;

/// Whether one key may be used now, by its latest outcomes in a row.
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
    /// Whether to ask now.
    pub fn may_ask(&self, now: UnixMillis) -> bool {
        self.shut_until.is_none_or(|until| now >= until)
    }

    /// Whether the key has worked, and was not refused since. Until then only one question is asked
    /// at a time: many at once would lock a wrong key before the first refusal is read.
    pub const fn has_worked(&self) -> bool {
        self.worked
    }

    /// Takes note of a question that got no answer in all the time that one may take. The third in
    /// a row shuts the gate for a moment: a question that waits delays others.
    pub fn note_unanswered(&mut self, now: UnixMillis) {
        self.unanswered = self.unanswered.saturating_add(1);
        if self.unanswered >= MAX_UNANSWERED {
            self.shut_until = self.shut_until.max(Some(now.after(PAUSE_UNANSWERED)));
        }
    }

    /// Takes note of an outcome. The third refusal of the key in a row shuts the gate, and so does
    /// every further one: after a pause one question finds out, not three. An outcome that says
    /// nothing of the key, like a failed gateway's, neither counts nor forgives.
    pub fn note(&mut self, outcome: &OrderQueryOutcome, now: UnixMillis) {
        self.unanswered = 0;
        match outcome {
            OrderQueryOutcome::KeyRefused(_) => {
                self.worked = false;
                self.refused = self.refused.saturating_add(1);
                if self.refused >= MAX_REFUSED {
                    self.shut_until = Some(now.after(PAUSE));
                }
            }
            OrderQueryOutcome::Found(_) => *self = Self { worked: true, ..Self::default() },
            OrderQueryOutcome::Permanent(_) | OrderQueryOutcome::Retry(_) => (),
        }
    }
}

/// So many refusals shut the gate: two fewer than the gateway forgives, for what other processes
/// ask with the same key.
const MAX_REFUSED: u32 = 3;

/// For so long: as long as the gateway would lock the key.
const PAUSE: Duration = Duration::from_mins(5);

/// So many questions without an answer shut the gate, and for so long.
const MAX_UNANSWERED: u32 = 3;
const PAUSE_UNANSWERED: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use protocol::message::OrderId;
    use protocol::order_query::OrderQuery;

    use super::*;

    /// What happens at which second, and whether the gate is open right after it.
    const LIFE: &[(u64, &str, bool)] = &[
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
    fn the_third_refusal_shuts_for_five_minutes() {
        let mut gate = QueryGate::default();
        for (second, what, open) in LIFE {
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
    fn a_key_works_from_its_first_answer_to_its_next_refusal() {
        let mut gate = QueryGate::default();
        let mut has_worked = |what| {
            gate.note(&outcome(what).unwrap(), UnixMillis::new(0));
            gate.has_worked()
        };
        let words = ["unavailable", "unknown", "found", "unavailable", "refused", "unknown"];
        assert_eq!(words.map(&mut has_worked), [false, false, true, true, false, false]);
    }

    #[test]
    fn silence_shuts_for_ten_seconds_from_the_third_on() {
        let mut gate = QueryGate::default();
        let at = |second: u64| UnixMillis::new(second * 1_000);
        for (second, open) in [(0, true), (1, true), (2, false), (12, false)] {
            gate.note_unanswered(at(second));
            assert_eq!(gate.may_ask(at(second)), open, "{second}");
        }
        assert!(!gate.may_ask(at(21)) && gate.may_ask(at(22)));
        gate.note(&outcome("unavailable").unwrap(), at(22));
        gate.note_unanswered(at(23));
        assert!(gate.may_ask(at(23)), "an answer begins the count anew");
    }
}
