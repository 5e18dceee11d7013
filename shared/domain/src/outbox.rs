//! An entity's notices on their way to the product: in order, each offered until it is answered,
//! and none offered by two at once.
//!
//! Nobody locks anything: whoever offers a notice writes a claim into the value first, over the
//! version they read, and settles it in the same way. A claim runs out by itself; what it had
//! begun is then offered again, under the same id.

use std::time::Duration;

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::directory::PartName;
use crate::instance::ClockTrust;
use crate::notice::{MAX_NOTICE_LEN, Notice, NoticeDraft, NoticeType};

/// An entity's notices that wait, in order.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Outbox {
    /// How many notices the entity ever had.
    pub sequence: u64,
    /// Those that wait.
    pub waiting: Vec<Notice>,
    /// How many were dropped because later ones made them void, or for room where nobody reads.
    #[serde(default)]
    pub dropped: u32,
    /// What was tried with the notice that is offered now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<DeliveryState>,
    /// What the product did not take (decision E4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead: Vec<DeadLetter>,
    /// How many dead letters were forgotten for room.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub forgotten: u32,
    /// The latest notice that was ever offered: those behind it the product may have heard of.
    #[serde(default, skip_serializing_if = "is_never")]
    pub offered: u64,
    /// Whether the product never took the purchase, so that nothing else about it makes sense.
    #[serde(default, skip_serializing_if = "is_false")]
    pub blocked: bool,
}

/// Who reads the notices.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reader {
    /// A product: everything is delivered.
    Product,
    /// Nobody but the seller, looking back: the newest are kept.
    Nobody,
}

/// What was tried with one notice.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct DeliveryState {
    /// Whose trial it is.
    pub sequence: u64,
    /// When the first attempt began.
    pub since: UnixMillis,
    /// How often it was offered.
    pub count: u32,
    /// How many of the pauses between attempts it has had.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pauses: u32,
    /// When the pause under way would have ended, where something new cut it short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<UnixMillis>,
    /// The last of its attempts.
    pub attempts: Vec<Attempt>,
    /// When the next may begin: after a failure, or when whoever claimed it must have given up.
    pub next: UnixMillis,
    /// How often it was claimed: an attempt that was let go is claimed again, and not counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub claims: u32,
    /// The claim under way, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<u32>,
    /// Which part of a list is sent next, 1 being the first; those before it are delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
}

/// One attempt that did not succeed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Attempt {
    /// When it ended.
    pub at: UnixMillis,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// The HTTP status, where there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Which part of a list it came to, 1 being the first; those before it are delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
    /// What was wrong, in words of ours.
    pub fault: String,
    /// How the answer began, with all that could be a secret left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// A notice that the product did not take.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct DeadLetter {
    /// The notice, as it was offered.
    pub notice: Notice,
    /// What was tried.
    pub trial: DeliveryState,
    /// When it was given up.
    pub at: UnixMillis,
}

/// The right to offer a notice, until it runs out.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The notice.
    pub notice: Notice,
    /// Which attempt this is.
    pub attempt: u32,
    /// With which part of a list it begins: a list that is long is delivered in several attempts.
    pub part: usize,
    /// Which claim this is.
    number: u32,
    /// Of the trial that began then: whoever replays a dead letter begins another.
    since: UnixMillis,
}

/// How an offer ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Offered {
    /// The product has it.
    Delivered,
    /// Not this time. The product may have asked for a pause (`Retry-After`); zero is none.
    Failed(Attempt, Duration),
    /// Never: the product says so.
    Undeliverable(Attempt),
    /// Not to the end: whoever offered it had to stop, before this part of a list. That is no
    /// attempt and no failure.
    Paused(usize),
}

/// What a settlement depends on, beside the offer itself.
#[derive(Clone, Copy, Debug)]
pub struct Settling {
    /// Spreads those who wait.
    pub chance: u16,
    /// Whether a notice may be given up because time has passed.
    pub clock: ClockTrust,
    /// When.
    pub now: UnixMillis,
}

/// What a settlement came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Settled {
    /// The notice is delivered.
    Delivered,
    /// It waits for its next attempt.
    Waits,
    /// It is given up: somebody should look.
    Dead,
    /// It may go on at once, from the part it came to.
    Paused,
    /// Somebody else settled it before.
    Nothing,
}

/// Above this much, notices that later ones make void are dropped.
pub const MAX_OUTBOX_LEN: usize = 64 * 1024;
/// How many notices an entity keeps that nobody is told of.
pub const MAX_UNREAD: usize = 64;
/// How many dead letters an entity keeps.
pub const MAX_DEAD: usize = 16;
/// How much of dead letters an entity keeps: whatever else there is must fit beside it.
pub const MAX_DEAD_LEN: usize = 64 * 1024;
/// How many attempts are kept of a notice.
pub const MAX_ATTEMPTS: usize = 8;
/// How long a notice is offered before it is given up: a weekend.
pub const PATIENCE: Duration = Duration::from_hours(72);
/// How often a notice is offered before it is given up, however long that takes: a clock that
/// jumps gives nothing up (decision D12).
pub const MIN_ATTEMPTS: u32 = 20;
/// The longest pause that the product may ask for (decision E4).
pub const MAX_ASKED_PAUSE: Duration = HOURLY;
/// Longer than any pause. One that reads longer was written under a clock that was ahead.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(67);
/// How long a claim lasts that reads longer than any pause, for the same reason.
const CLAIM: Duration = Duration::from_secs(15);

/// How long after the first failures a notice is offered again; later, each hour.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
];
const HOURLY: Duration = Duration::from_hours(1);

impl Outbox {
    /// Appends notices in order, each in its place, and makes room as the reader allows: what was
    /// dropped for it comes back.
    pub fn append(
        &mut self,
        drafts: Vec<NoticeDraft>,
        reader: Reader,
        at: UnixMillis,
    ) -> Vec<Notice> {
        let mut dropped = Vec::new();
        for NoticeDraft { kind, members: mut data } in drafts {
            self.sequence += 1;
            data.insert("sequence".to_owned(), self.sequence.into());
            self.waiting.push(Notice { kind, at, data }.fit());
            if reader == Reader::Product {
                dropped.extend(self.weigh(kind));
            }
        }
        // What is new may be why the product can be reached again.
        self.hurry(at);
        dropped.extend(match reader {
            // So few cannot be too much, and need not be measured.
            _ if self.is_surely_small() => Vec::new(),
            Reader::Product => self.drop_void(),
            Reader::Nobody => self.drop_oldest(),
        });
        dropped
    }

    /// What the passing of time makes of the notices: one whose attempts all ended with their
    /// process is given up like any other, and times that a wrong clock wrote are set right.
    /// Returns whether a notice was given up. Without a product nobody is told a buyer's phone or
    /// e-mail: they are removed.
    pub fn pass(&mut self, reader: Reader, clock: ClockTrust, now: UnixMillis) -> bool {
        if reader == Reader::Nobody {
            self.waiting.iter_mut().for_each(Notice::forget_contacts);
        }
        let Some(trial) = self.trial.as_mut() else { return false };
        trial.set_right(now);
        let ran_out = trial.claimed.is_some() && trial.next <= now;
        let sequence = trial.sequence;
        let over = ran_out && clock == ClockTrust::Trusted && trial.is_over(now);
        let place = self.waiting.iter().position(|notice| notice.sequence() == sequence);
        let Some(place) = place.filter(|_| over) else { return false };
        self.give_up(place, Attempt::unknown(now), now) == Settled::Dead
    }

    /// Lets a notice that waits be offered at once, without using up a pause. One that is under way
    /// stays so.
    pub fn hurry(&mut self, now: UnixMillis) {
        if let Some(trial) = self.trial.as_mut().filter(|trial| trial.claimed.is_none()) {
            trial.hurry(now);
        }
    }

    /// Of a purchase that the product never heard of, the end need not be told either; of one
    /// that it refused to take, a new one may be taken (decision E4).
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins or ends a purchase")]
    fn weigh(&mut self, kind: NoticeType) -> Vec<Notice> {
        match kind {
            NoticeType::Released if self.is_unheard_of() => self.take_back(),
            NoticeType::Created => self.unblock(),
            _ => Vec::new(),
        }
    }

    /// What was said of a purchase that was never taken is of no use once there is a new one; its
    /// end is.
    fn unblock(&mut self) -> Vec<Notice> {
        if !std::mem::take(&mut self.blocked) {
            return Vec::new();
        }
        let newest = self.sequence;
        let is_useful = |notice: &Notice| notice.kind.ends() || notice.sequence() == newest;
        let (useful, dropped) = std::mem::take(&mut self.waiting).into_iter().partition(is_useful);
        self.waiting = useful;
        self.drop(dropped)
    }

    /// Whether the purchase itself waits and was never offered.
    pub fn is_unheard_of(&self) -> bool {
        let created = self.waiting.iter().find(|notice| notice.kind == NoticeType::Created);
        created.is_some_and(|created| !self.was_offered(created.sequence()))
    }

    /// Takes a purchase back that waits, and all that was said of it. What waits before it is of
    /// an earlier one.
    pub fn take_back(&mut self) -> Vec<Notice> {
        let created = self.waiting.iter().position(|notice| notice.kind == NoticeType::Created);
        let dropped = created.map(|place| self.waiting.split_off(place));
        self.drop(dropped.unwrap_or_default())
    }

    /// Every part that a notice names, waiting or dead.
    pub fn parts(&self) -> impl Iterator<Item = PartName> {
        let dead = self.dead.iter().map(|dead| &dead.notice);
        self.waiting.iter().chain(dead).flat_map(Notice::parts)
    }

    /// When the next notice may be offered, if there is one: at once, after a pause, or when a
    /// claim has run out, be it of another notice.
    pub fn due(&self, now: UnixMillis) -> Option<UnixMillis> {
        let head = self.head()?.sequence();
        let holds = |trial: &&DeliveryState| trial.sequence == head || trial.claimed.is_some();
        Some(self.trial.as_ref().filter(holds).map_or(now, |trial| trial.next))
    }

    /// The notice that may be offered next, whoever may be at it.
    pub fn head(&self) -> Option<&Notice> {
        self.waiting.iter().find(|notice| !self.blocked || notice.kind.ends())
    }

    /// The notice that may be offered now.
    pub fn ready(&self, now: UnixMillis) -> Option<&Notice> {
        self.head().filter(|_| self.due(now).is_some_and(|due| due <= now))
    }

    /// Adds a member to a notice that nobody was offered yet: its id changes with its content.
    pub fn enrich(&mut self, sequence: u64, name: &str, value: Value) {
        if self.was_offered(sequence) {
            return;
        }
        for notice in &mut self.waiting {
            if notice.sequence() == sequence {
                *notice = notice.clone().with(name, value);
                return;
            }
        }
    }

    /// Lets a notice wait that cannot be offered yet, since what belongs into it is not known.
    pub fn postpone(&mut self, sequence: u64, attempt: Attempt, chance: u16, now: UnixMillis) {
        let mut trial = self.take_trial(sequence, now);
        trial.remember(attempt);
        trial.rest(chance, now);
        self.trial = Some(trial);
    }

    /// How many pauses a notice has had that was never offered.
    pub fn postponed(&self, sequence: u64) -> u32 {
        let waits = self.trial_of(sequence).filter(|trial| trial.count == 0);
        waits.map_or(0, |trial| trial.pauses)
    }

    /// Claims the notice that may be offered now, for a while. Stands once it is written.
    pub fn claim(&mut self, lasting: Duration, now: UnixMillis) -> Option<Claim> {
        let notice = self.ready(now)?.clone();
        let mut trial = self.take_trial(notice.sequence(), now);
        if trial.count == 0 {
            // What it waited for before is no attempt of the product's to take it.
            (trial.since, trial.pauses, trial.resume) = (now, 0, None);
        }
        if trial.claimed.is_some() {
            trial.remember(Attempt::unknown(now));
            trial.pauses = trial.pauses.saturating_add(1);
        }
        trial.count = trial.count.saturating_add(1);
        trial.claims = trial.claims.max(trial.count).saturating_add(1);
        trial.claimed = Some(trial.claims);
        trial.next = now.after(lasting);
        let DeliveryState { sequence, since, count: attempt, claims: number, .. } = trial;
        let failed_at = trial.attempts.iter().filter_map(|attempt| attempt.part).max();
        let part = trial.part.or(failed_at).unwrap_or(1);
        self.offered = self.offered.max(sequence);
        self.trial = Some(trial);
        Some(Claim { notice, attempt, part, number, since })
    }

    /// Settles an offer on whatever stands.
    pub fn settle(&mut self, claim: &Claim, offered: Offered, settling: Settling) -> Settled {
        let sequence = claim.notice.sequence();
        let Some(place) = self.waiting.iter().position(|notice| notice.sequence() == sequence)
        else {
            return Settled::Nothing;
        };
        let current = self
            .trial_of(sequence)
            .is_some_and(|trial| trial.claimed == Some(claim.number) && trial.since == claim.since);
        match offered {
            Offered::Delivered => self.deliver(place),
            // Another attempt is under way, or was settled: a failure of ours says nothing new.
            Offered::Failed(..) | Offered::Undeliverable(_) | Offered::Paused(_) if !current => {
                Settled::Nothing
            }
            Offered::Failed(attempt, asked) => self.fail(place, attempt, asked, settling),
            Offered::Undeliverable(attempt) => self.give_up(place, attempt, settling.now),
            Offered::Paused(part) => self.pause(part, settling.now),
        }
    }

    /// Lets a claim go that was not used to its end.
    fn pause(&mut self, part: usize, now: UnixMillis) -> Settled {
        if let Some(trial) = self.trial.as_mut() {
            trial.claimed = None;
            trial.count = trial.count.saturating_sub(1);
            trial.part = Some(part);
            trial.next = now;
        }
        Settled::Paused
    }

    /// Offers a dead letter again, in its place and under its id.
    pub fn replay(&mut self, sequence: u64) -> bool {
        let place = self.dead.iter().position(|dead| dead.notice.sequence() == sequence);
        let Some(place) = place else {
            return false;
        };
        let notice = self.dead.remove(place).notice;
        if notice.kind == NoticeType::Created {
            self.blocked = false;
        }
        let later = self.waiting.iter().position(|notice| notice.sequence() > sequence);
        self.waiting.insert(later.unwrap_or(self.waiting.len()), notice);
        true
    }

    /// The trial of a notice, taken out; a new one where there is none.
    fn take_trial(&mut self, sequence: u64, now: UnixMillis) -> DeliveryState {
        let standing = self.trial.take().filter(|trial| trial.sequence == sequence);
        standing.unwrap_or(DeliveryState {
            sequence,
            since: now,
            count: 0,
            pauses: 0,
            resume: None,
            attempts: Vec::new(),
            next: now,
            claims: 0,
            claimed: None,
            part: None,
        })
    }

    /// Notices are offered in order: one behind the latest was offered, or is replayed, or must
    /// wait for a purchase to be taken.
    const fn was_offered(&self, sequence: u64) -> bool {
        sequence <= self.offered
    }

    fn trial_of(&self, sequence: u64) -> Option<&DeliveryState> {
        self.trial.as_ref().filter(|trial| trial.sequence == sequence)
    }

    fn deliver(&mut self, place: usize) -> Settled {
        let notice = self.waiting.remove(place);
        self.trial = self.trial.take().filter(|trial| trial.sequence != notice.sequence());
        if notice.kind.ends() {
            self.end(place, notice.sequence());
        }
        Settled::Delivered
    }

    /// What lies before an end that was told is of no use now, and would do harm if it was
    /// replayed.
    fn end(&mut self, place: usize, sequence: u64) {
        if std::mem::take(&mut self.blocked) {
            let rest = self.waiting.split_off(place);
            let before = std::mem::replace(&mut self.waiting, rest);
            self.drop(before);
        }
        let dead = self.dead.len();
        self.dead.retain(|dead| dead.notice.sequence() > sequence);
        self.forget(dead - self.dead.len());
    }

    fn fail(
        &mut self,
        place: usize,
        attempt: Attempt,
        asked: Duration,
        settling: Settling,
    ) -> Settled {
        let Settling { chance, clock, now } = settling;
        let Some(trial) = self.trial.as_mut() else {
            return Settled::Nothing;
        };
        if clock == ClockTrust::Trusted && trial.is_over(now) {
            return self.give_up(place, attempt, now);
        }
        trial.part = attempt.part.or(trial.part);
        trial.remember(attempt);
        trial.claimed = None;
        trial.rest(chance, now);
        trial.next = trial.next.max(now.after(asked.min(MAX_ASKED_PAUSE)));
        Settled::Waits
    }

    fn give_up(&mut self, place: usize, attempt: Attempt, now: UnixMillis) -> Settled {
        let Some(mut trial) = self.trial.take() else {
            return Settled::Nothing;
        };
        trial.remember(attempt);
        trial.claimed = None;
        let notice = self.waiting.remove(place);
        self.blocked |= notice.kind == NoticeType::Created;
        self.dead.push(DeadLetter { notice, trial, at: now });
        while self.dead.len() > MAX_DEAD || self.dead_len() > MAX_DEAD_LEN {
            // The purchase that blocks all others is the last to be forgotten.
            let older = self.dead.iter().position(|dead| dead.notice.kind != NoticeType::Created);
            self.dead.remove(older.unwrap_or_default());
            self.forget(1);
        }
        Settled::Dead
    }

    fn forget(&mut self, letters: usize) {
        let letters = u32::try_from(letters).unwrap_or(u32::MAX);
        self.forgotten = self.forgotten.saturating_add(letters);
    }

    fn dead_len(&self) -> usize {
        self.dead.iter().map(|dead| dead.notice.len()).sum()
    }

    fn drop(&mut self, notices: Vec<Notice>) -> Vec<Notice> {
        let count = u32::try_from(notices.len()).unwrap_or(u32::MAX);
        self.dropped = self.dropped.saturating_add(count);
        notices
    }

    fn len(&self) -> usize {
        self.waiting.iter().map(Notice::len).sum()
    }

    /// Whether there is room without measuring: a list's notice alone may be longer than others.
    fn is_surely_small(&self) -> bool {
        let few = self.waiting.len() <= MAX_OUTBOX_LEN / MAX_NOTICE_LEN;
        few && self.waiting.iter().all(|notice| notice.parts().next().is_none())
    }

    fn drop_void(&mut self) -> Vec<Notice> {
        let mut dropped = Vec::new();
        while self.len() > MAX_OUTBOX_LEN {
            let is_void = |(place, notice): &(usize, &Notice)| {
                let mut later = self.waiting.iter().skip(place + 1);
                !self.was_offered(notice.sequence())
                    && later.any(|later| notice.made_void_by(later))
            };
            let void = self.waiting.iter().enumerate().find(is_void);
            let Some((place, _)) = void else { break };
            dropped.push(self.drop_at(place));
        }
        dropped
    }

    fn drop_oldest(&mut self) -> Vec<Notice> {
        let mut dropped = Vec::new();
        while self.waiting.len() > MAX_UNREAD || self.len() > MAX_OUTBOX_LEN {
            dropped.push(self.drop_at(0));
        }
        dropped
    }

    fn drop_at(&mut self, place: usize) -> Notice {
        self.dropped = self.dropped.saturating_add(1);
        self.waiting.remove(place)
    }
}

impl DeliveryState {
    /// Cuts the pause short: what is new may be why the product can be reached again.
    fn hurry(&mut self, at: UnixMillis) {
        if at < self.next {
            self.resume = self.resume.or(Some(self.next));
            self.next = at;
        }
    }

    /// Begins the next pause. An attempt that cut one short uses none up: a burst of notices about
    /// one entity must not push its next attempt hours away.
    fn rest(&mut self, chance: u16, now: UnixMillis) {
        let least = now.after(pause(1, chance));
        self.next = match self.resume.take() {
            Some(resume) => resume.max(least),
            None => {
                self.pauses = self.pauses.saturating_add(1);
                now.after(pause(self.pauses, chance))
            }
        };
        // The last attempt is made when patience ends; what is beyond it follows the pauses.
        let end = self.since.after(PATIENCE);
        if end > least {
            self.next = self.next.min(end);
        }
    }

    /// Whether a notice is given up by time: after so long, and after so many attempts.
    fn is_over(&self, now: UnixMillis) -> bool {
        now.since(self.since) >= PATIENCE && self.count >= MIN_ATTEMPTS
    }

    /// Times that lie further ahead than any pause lasts were written under a wrong clock. Who
    /// believed them would wait for as long as that clock was ahead.
    fn set_right(&mut self, now: UnixMillis) {
        let farthest = now.after(LONGEST_PAUSE);
        if self.next > farthest {
            self.next = if self.claimed.is_some() { now.after(CLAIM) } else { now };
        }
        if self.since > farthest {
            self.since = now;
        }
        self.resume = self.resume.filter(|resume| *resume <= farthest);
    }

    fn remember(&mut self, attempt: Attempt) {
        if self.attempts.len() == MAX_ATTEMPTS {
            self.attempts.remove(0);
        }
        self.attempts.push(attempt);
    }
}

impl Attempt {
    /// An attempt that nobody settled: its process ended, or paused for too long.
    fn unknown(at: UnixMillis) -> Self {
        Self::of_fault(at, "outcome unknown".to_owned())
    }

    /// An attempt that came to nothing before anybody answered.
    pub const fn of_fault(at: UnixMillis, fault: String) -> Self {
        Self { at, millis: 0, status: None, part: None, fault, said: None }
    }
}

/// How long the pause of this number lasts. Those of an hour are spread over a tenth of it, so
/// that a product which comes back is not met by everybody at once.
fn pause(number: u32, chance: u16) -> Duration {
    let place = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    PAUSES.get(place).copied().unwrap_or_else(|| {
        HOURLY.saturating_add(HOURLY / 10 * u32::from(chance) / u32::from(u16::MAX))
    })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_never(sequence: &u64) -> bool {
    *sequence == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(bool: &bool) -> bool {
    !*bool
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(kind: NoticeType, text: &str) -> NoticeDraft {
        NoticeDraft::of_time(kind).with("orderAmount", text).with("scene", "renew")
    }

    #[test]
    fn only_void_notices_make_room() {
        let mut outbox = Outbox::default();
        let text = "x".repeat(4000);
        let now = UnixMillis::new(0);
        outbox.append(vec![draft(NoticeType::Created, &text)], Reader::Product, now);
        outbox.claim(HOURLY, now).expect("a purchase is offered");
        let mut append = |kind| {
            outbox.append(vec![draft(kind, &text)], Reader::Product, now);
        };
        (0..40).for_each(|_| append(NoticeType::Frozen));
        append(NoticeType::Released);
        assert!(outbox.len() <= MAX_OUTBOX_LEN);
        assert_eq!(outbox.waiting.first().map(|notice| notice.kind), Some(NoticeType::Created));
        assert_eq!(outbox.waiting.last().map(Notice::sequence), Some(42));
        assert_eq!(u32::try_from(outbox.waiting.len()).unwrap() + outbox.dropped, 42);
    }

    #[test]
    fn long_notices_of_lists_are_measured_however_few() {
        let mut outbox = Outbox::default();
        for first in 0..4_u8 {
            let names = (0..700_u16).map(|number| {
                let [high, low] = number.to_be_bytes();
                let mut name = [first; 16];
                (name[14], name[15]) = (high, low);
                Value::from(PartName::new(name).to_string())
            });
            let draft = draft(NoticeType::UsersPut, "1").with("parts", names.collect::<Vec<_>>());
            outbox.append(vec![draft], Reader::Nobody, UnixMillis::new(0));
        }
        assert!(outbox.len() <= MAX_OUTBOX_LEN && outbox.dropped > 0);
    }

    #[test]
    fn what_nobody_reads_is_kept_for_a_while() {
        let mut outbox = Outbox::default();
        for _ in 0..100 {
            outbox.append(
                vec![draft(NoticeType::Renewed, "1")],
                Reader::Nobody,
                UnixMillis::new(0),
            );
        }
        assert_eq!(outbox.waiting.len(), MAX_UNREAD);
        assert_eq!(outbox.waiting.first().map(Notice::sequence), Some(37));
    }
}
