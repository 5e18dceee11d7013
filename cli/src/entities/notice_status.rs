//! Why the product has not accepted a notice.

use domain::notice::Notice;
use domain::outbox::{Attempt, DeadLetter, NoticeWait, Outbox};
use protocol::time::UnixMillis;

use crate::local_time::local_time;

/// A notice that the product has not accepted.
pub struct NoticeStatus<'a> {
    pub notice: &'a Notice,
    pub why: NoticeReason,
    /// The number of counted attempts.
    pub attempt_count: u32,
    /// The newest failed attempts, oldest first.
    pub attempts: &'a [Attempt],
    /// When its first attempt began, if there was one.
    pub offered: Option<UnixMillis>,
}

/// Why the product has not accepted a notice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoticeReason {
    /// It waits.
    Waits(NoticeWait),
    /// The relay gave it up at this time.
    Dead(UnixMillis),
}

impl NoticeStatus<'_> {
    /// The stable word in JSON.
    pub const fn word(&self) -> &'static str {
        match self.why {
            NoticeReason::Waits(NoticeWait::Due) => "due",
            NoticeReason::Waits(NoticeWait::Pause { .. }) => "retry",
            NoticeReason::Waits(NoticeWait::Attempt { .. }) => "running",
            NoticeReason::Waits(NoticeWait::OrderQuery { .. }) => "order-query",
            NoticeReason::Waits(NoticeWait::Notice { .. }) => "behind",
            NoticeReason::Waits(NoticeWait::DeadPurchase) => "blocked",
            NoticeReason::Dead(_) => "dead",
        }
    }

    /// When its pause ends, if it is in one.
    pub const fn next(&self) -> Option<UnixMillis> {
        match self.why {
            NoticeReason::Waits(
                NoticeWait::Pause { until, .. } | NoticeWait::OrderQuery { until },
            ) => Some(until),
            NoticeReason::Waits(
                NoticeWait::Due
                | NoticeWait::Attempt { .. }
                | NoticeWait::Notice { .. }
                | NoticeWait::DeadPurchase,
            )
            | NoticeReason::Dead(_) => None,
        }
    }

    /// The state in words.
    pub fn text(&self) -> String {
        let after = match self.attempt_count {
            0 => String::new(),
            1 => " after 1 attempt".to_owned(),
            count => format!(" after {count} attempts"),
        };
        match self.why {
            NoticeReason::Waits(NoticeWait::Due) => format!("waiting{after}; due now"),
            NoticeReason::Waits(NoticeWait::Pause { until, .. }) => {
                format!("waiting{after}; next attempt {}", local_time(until))
            }
            NoticeReason::Waits(NoticeWait::Attempt { number }) => format!("attempt {number} runs"),
            NoticeReason::Waits(NoticeWait::OrderQuery { until }) => {
                format!("waits for the order query; koohook asks again {}", local_time(until))
            }
            NoticeReason::Waits(NoticeWait::Notice { sequence }) => {
                format!("waits for notice {sequence}")
            }
            NoticeReason::Waits(NoticeWait::DeadPurchase) => {
                "waits until you replay the dead instance.created".to_owned()
            }
            NoticeReason::Dead(at) => format!("dead since {}{after}", local_time(at)),
        }
    }
}

/// The dead letters and the waiting notices, by sequence.
pub fn statuses(outbox: &Outbox, now: UnixMillis) -> Vec<NoticeStatus<'_>> {
    let dead = outbox.dead.iter().map(dead);
    let waiting = outbox.waiting.iter().map(|notice| waiting(outbox, notice, now));
    let mut all: Vec<_> = dead.chain(waiting).collect();
    all.sort_by_key(|status| status.notice.sequence());
    all
}

fn dead(DeadLetter { notice, delivery, at }: &DeadLetter) -> NoticeStatus<'_> {
    NoticeStatus {
        notice,
        why: NoticeReason::Dead(*at),
        attempt_count: delivery.count,
        attempts: &delivery.attempts,
        offered: None,
    }
}

fn waiting<'a>(outbox: &'a Outbox, notice: &'a Notice, now: UnixMillis) -> NoticeStatus<'a> {
    let sequence = notice.sequence();
    let delivery = outbox.delivery.as_ref().filter(|it| it.sequence == sequence);
    NoticeStatus {
        notice,
        why: NoticeReason::Waits(outbox.wait_of(sequence, now).unwrap_or(NoticeWait::Due)),
        attempt_count: delivery.map_or(0, |delivery| delivery.count),
        attempts: delivery.map_or(&[], |delivery| &delivery.attempts),
        offered: delivery.filter(|delivery| delivery.count > 0).map(|delivery| delivery.since),
    }
}
