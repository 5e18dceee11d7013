//! Decides what to say: once when something begins, at most once an hour while it lasts, and once
//! when it ends (decision I7).
//!
//! One relay claims the posting with a conditional write, posts, and then settles. If it dies in
//! between, the claim expires and another relay posts: a message may come twice, and none is lost.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::kind::AlarmKind;
use super::sighting::{AlarmSighting, AlarmSightings};
use super::state::{AlarmState, LastingAlarm};

/// What to write and to say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AlarmPlan {
    /// The state after the look.
    pub state: AlarmState,
    /// What to say after the state was written, the most urgent first.
    pub messages: Vec<AlarmMessage>,
}

/// One thing to say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AlarmMessage {
    /// What it is about.
    pub kind: AlarmKind,
    /// What happened to it.
    pub change: AlarmChange,
    /// When it was first seen.
    pub since: UnixMillis,
    /// When this was decided; of an end, when it was last seen.
    pub now: UnixMillis,
    /// Its count.
    pub count: u64,
    /// How long the oldest has waited, if known.
    pub oldest: Option<Duration>,
}

/// What happened to something wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AlarmChange {
    /// It began.
    Began,
    /// It lasts for an hour more.
    Lasts,
    /// It is over.
    Ended,
}

impl AlarmPlan {
    /// The same look, without its messages. A later look says them.
    #[must_use]
    pub fn unsaid(mut self) -> Self {
        if !self.messages.is_empty() {
            self.state.claim = None;
        }
        Self { state: self.state, messages: Vec::new() }
    }
}

impl AlarmState {
    /// Decides what to say after a look. `None` if nothing is to be said or written.
    #[must_use]
    pub fn plan(&self, seen: &AlarmSightings, now: UnixMillis) -> Option<AlarmPlan> {
        let mut state = self.clone();
        state.clamp(now);
        for kind in AlarmKind::ALL {
            state.see(kind, seen.get(&kind), now);
        }
        let messages = if state.may_post(now) { state.due(seen, now) } else { Vec::new() };
        if !messages.is_empty() {
            state.claim = Some(now.after(CLAIM));
        }
        (state != *self).then_some(AlarmPlan { state, messages })
    }

    /// Notes the outcome of a post.
    pub fn settle(&mut self, messages: &[AlarmMessage], is_accepted: bool, now: UnixMillis) {
        self.claim = None;
        if is_accepted {
            (self.failed, self.retry) = (0, None);
            messages.iter().for_each(|message| self.note_said(message, now));
        } else {
            self.failed = self.failed.saturating_add(1);
            self.retry = Some(now.after(pause_after(self.failed)));
        }
    }

    /// Applies one sighting.
    fn see(&mut self, kind: AlarmKind, sighting: Option<&AlarmSighting>, now: UnixMillis) {
        let name = kind.as_str();
        match (sighting, self.alarms.get_mut(name)) {
            (Some(AlarmSighting::Fault { count, .. }), Some(known)) => {
                known.see_again(kind, *count, now);
            }
            (Some(AlarmSighting::Fault { count, .. }), None) => {
                let new =
                    LastingAlarm { since: now, seen: now, said: None, count: *count, ended: None };
                self.alarms.insert(name.to_owned(), new);
            }
            (sighting, Some(known)) if known.ended.is_none() => {
                let quiet = if sighting.is_some() { quiet(kind) } else { kind.forgotten_after() };
                known.ended = (now.since(known.seen) >= quiet).then_some(now);
            }
            (_, _) => (),
        }
    }

    /// Whether neither another relay posts, nor a failed post has its pause.
    fn may_post(&self, now: UnixMillis) -> bool {
        self.claim.is_none() && self.retry.is_none_or(|retry| retry <= now)
    }

    fn due(&self, seen: &AlarmSightings, now: UnixMillis) -> Vec<AlarmMessage> {
        let message = |(kind, alarm): (AlarmKind, LastingAlarm)| {
            let change = alarm.change(now)?;
            let oldest = match seen.get(&kind) {
                Some(AlarmSighting::Fault { oldest, .. }) => *oldest,
                Some(AlarmSighting::Fine) | None => None,
            };
            let LastingAlarm { since, count, seen: last, .. } = alarm;
            let now = if change == AlarmChange::Ended { last } else { now };
            Some(AlarmMessage { kind, change, since, now, count, oldest })
        };
        self.lasting().filter_map(message).take(MAX_MESSAGES).collect()
    }

    fn note_said(&mut self, message: &AlarmMessage, now: UnixMillis) {
        let name = message.kind.as_str();
        let Some(known) = self.alarms.get_mut(name) else { return };
        if message.change == AlarmChange::Ended && known.ended.is_some() {
            self.alarms.remove(name);
        } else if message.change != AlarmChange::Ended {
            known.said = Some(now);
        }
    }
}

impl LastingAlarm {
    /// Notes that it is still wrong. The time is noted every five minutes, so that a trouble that
    /// lasts does not cost a write for every look.
    fn see_again(&mut self, kind: AlarmKind, count: u64, now: UnixMillis) {
        let is_news = self.ended.is_some() || now.since(self.seen) >= NOTED_EVERY;
        if kind.adds_up() {
            self.count = self.count.saturating_add(count);
            self.seen = self.seen.max(now);
        } else if is_news || self.is_due(now) {
            (self.count, self.seen) = (count, self.seen.max(now));
        }
        self.ended = None;
    }

    /// Whether people were told an hour ago.
    fn is_due(&self, now: UnixMillis) -> bool {
        self.said.is_none_or(|said| now.since(said) >= REPEATED_EVERY)
    }

    fn change(&self, now: UnixMillis) -> Option<AlarmChange> {
        match (self.ended, self.said) {
            (Some(_), _) => Some(AlarmChange::Ended),
            (None, None) => Some(AlarmChange::Began),
            (None, Some(said)) => {
                (self.is_due(now) && self.seen > said).then_some(AlarmChange::Lasts)
            }
        }
    }
}

/// How many messages one post may have: the texts of some robots are short. The others are said at the
/// next look.
pub(super) const MAX_MESSAGES: usize = 4;

/// How long something must be well before it is over. If it is not noted at each look when it was last
/// seen, it may have been seen later.
fn quiet(kind: AlarmKind) -> Duration {
    if kind.adds_up() { QUIET } else { QUIET + NOTED_EVERY }
}

/// The pause after so many failed posts in a row.
const fn pause_after(failed: u32) -> Duration {
    match failed {
        0 | 1 => Duration::from_mins(1),
        2 => Duration::from_mins(5),
        3 => Duration::from_mins(15),
        _ => Duration::from_hours(1),
    }
}

/// How often people are told of something that lasts.
const REPEATED_EVERY: Duration = Duration::from_hours(1);
/// How long something must not be wrong before it is over. Otherwise a fault that comes and goes would
/// be a message each time.
const QUIET: Duration = Duration::from_mins(10);
/// How often it is noted that something is still wrong.
const NOTED_EVERY: Duration = Duration::from_mins(5);
/// How long one relay may take for its post. It is longer than a post and its settling.
const CLAIM: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
