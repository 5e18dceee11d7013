//! Tells people what is wrong: one message at its start, at most one an hour while it lasts, and one at
//! its end (decision I7). The relay tells what it sees itself, after each run; what was said is one
//! stored value, so that a fresh process repeats nothing.
//!
//! A relay first claims the posting with a conditional write, then posts, then writes the outcome. A
//! robot that is down, or a bug here, does no harm to a run.
//!
//! - `looking`: what the figures of the store show. `lines`: the log lines. `post`: the text of a post.

mod lines;
mod looking;
mod post;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use domain::alarm::{
    AlarmKind, AlarmMessage, AlarmPlan, AlarmSighting, AlarmSightings, AlarmState,
};
use domain::store_keys::ALARMS;
use futures_util::FutureExt;
use protocol::time::UnixMillis;

pub use self::post::test_post;
use crate::alarm_robot::{AlarmRobot, ROBOT_PATIENCE};
use crate::context::Context;
use crate::failure::Failure;
use crate::repository::{RecordUpdate, Repository, Slot};
use crate::store::Store;
use crate::world::{Deadline, World};

/// The longest time for reading, posting and writing. It is a run's own time, and no delivery's. The
/// robot gets half of it, and the store a quarter before and after: one cannot use up the other's time.
pub(crate) const BUDGET: Duration = Duration::from_secs(6);

/// One look at what is wrong, and its messages.
struct Telling<'a, W> {
    context: &'a Context<W>,
    robot: &'a AlarmRobot,
    /// The end of reading what was said, and of claiming a post.
    claimed_by: Deadline,
    /// How long the robot may take.
    patience: Duration,
    /// The end of it all.
    deadline: Deadline,
    now: UnixMillis,
}

/// Tells people what this process saw since it last told them, if a robot is set and it is time.
pub(crate) async fn tell_people<W: World>(context: &Context<W>, budget: Duration) {
    let Some(robot) = &context.settings.alarms else { return };
    let began = context.world.elapsed();
    if !context.seen.may_look(began) {
        return;
    }
    let told = AssertUnwindSafe(tell(context, robot, budget.min(BUDGET)).boxed()).catch_unwind();
    let told = told.await;
    if told.is_err() {
        lines::log_untold(context, Failure::Panicked);
    }
}

async fn tell<W: World>(context: &Context<W>, robot: &AlarmRobot, budget: Duration) {
    looking::look_at_figures(context);
    let began = context.world.elapsed();
    let claimed_by = Deadline::after(began, budget / 4);
    let now = agreed_now(context, claimed_by).await;
    let (patience, deadline) = (ROBOT_PATIENCE.min(budget / 2), Deadline::after(began, budget));
    let telling = Telling { context, robot, claimed_by, patience, deadline, now };
    let seen = context.seen.take();
    match telling.tell_stored(&seen).await {
        Ok(()) => lines::log_told(context),
        Err(Failure::Contended) => context.seen.put_back(&seen),
        Err(fault) => {
            lines::log_untold(context, fault);
            telling.tell_own(&seen).await;
        }
    }
}

/// The store's time, if it tells its time: all relays then agree, whatever their clocks show.
async fn agreed_now<W: World>(context: &Context<W>, deadline: Deadline) -> UnixMillis {
    let world = &context.world;
    let limit = deadline.left(world) / 4;
    let clock = world.within(limit, world.store().clock(world.now())).await;
    clock.flatten().unwrap_or_else(|| world.now())
}

impl<W: World> Telling<'_, W> {
    /// Decides on the stored value, and posts what is to be said.
    async fn tell_stored(&self, seen: &AlarmSightings) -> Result<(), Failure> {
        let own = self.context.seen.own();
        let mut seen = seen.clone();
        // The store has answered, if this reading succeeds.
        seen.entry(AlarmKind::StoreDown).or_insert(AlarmSighting::Fine);
        let repository = self.context.repository(self.claimed_by);
        let slot = repository.read_record::<AlarmState>(ALARMS.to_owned()).await?;
        let decided = repository.update_record(slot, |slot| {
            let mut state = slot.record().cloned().unwrap_or_default();
            state.adopt(&own);
            let has_adopted = slot.record() != Some(&state) && !own.is_empty();
            Ok::<_, Failure>(match self.plan(&state, &seen) {
                Some(AlarmPlan { state, messages }) => RecordUpdate::Write(state, messages),
                None if has_adopted => RecordUpdate::Write(state, Vec::new()),
                None => RecordUpdate::Leave(Vec::new()),
            })
        });
        let decided = decided.await?;
        self.context.seen.set_shared(decided.slot.record());
        if !decided.decided.is_empty() {
            let is_accepted = self.post(&decided.decided).await;
            let repository = self.context.repository(self.deadline);
            self.settle(&repository, decided.slot, &decided.decided, is_accepted).await;
        }
        Ok(())
    }

    /// What to do. A process that posts too often says nothing for a while, whatever is stored.
    fn plan(&self, state: &AlarmState, seen: &AlarmSightings) -> Option<AlarmPlan> {
        let plan = state.plan(seen, self.now)?;
        Some(if self.context.seen.may_post(self.elapsed()) { plan } else { plan.unsaid() })
    }

    /// Writes the outcome of a post. If that fails, the claim expires and the message comes again.
    async fn settle(
        &self,
        repository: &Repository<'_, W>,
        slot: Slot<AlarmState>,
        messages: &[AlarmMessage],
        is_accepted: bool,
    ) {
        let settled = repository.update_record(slot, |slot| {
            let mut state = slot.record().cloned().unwrap_or_default();
            state.settle(messages, is_accepted, self.now);
            Ok::<_, Failure>(RecordUpdate::Write(state, ()))
        });
        match settled.await {
            Ok(settled) => self.context.seen.set_shared(settled.slot.record()),
            Err(fault) => lines::log_untold(self.context, fault),
        }
    }

    /// Tells from this process's memory that the store is down, and that calls fail. What else was
    /// seen waits until the store works again.
    async fn tell_own(&self, seen: &AlarmSightings) {
        let is_told = |kind: &AlarmKind| OWN_KINDS.contains(kind);
        let (mut told, waits): (AlarmSightings, AlarmSightings) = seen
            .iter()
            .map(|(kind, sighting)| (*kind, *sighting))
            .partition(|(kind, _)| is_told(kind));
        self.context.seen.put_back(&waits);
        told.retain(|_, sighting| *sighting != AlarmSighting::Fine);
        told.entry(AlarmKind::StoreDown).or_insert(AlarmSighting::fault(1));
        let Some(AlarmPlan { mut state, messages }) =
            self.plan(&self.context.seen.base(&OWN_KINDS), &told)
        else {
            return;
        };
        self.context.seen.set_own(state.clone());
        if !messages.is_empty() {
            let is_accepted = self.post(&messages).await;
            state.settle(&messages, is_accepted, self.now);
            self.context.seen.set_own(state);
        }
    }

    /// Posts messages, and logs if the robot does not accept them. Returns whether it did.
    async fn post(&self, messages: &[AlarmMessage]) -> bool {
        self.context.seen.note_post(self.elapsed());
        let world = &self.context.world;
        let post = post::post_of(messages, self.robot.format);
        let posted = self.robot.post(world, &post, self.patience, self.now).await;
        lines::log_post(self.context, self.robot.format, messages, &posted);
        posted.is_ok()
    }

    fn elapsed(&self) -> Duration {
        self.context.world.elapsed()
    }
}

/// What a process tells while it cannot read what was said.
const OWN_KINDS: [AlarmKind; 2] = [AlarmKind::StoreDown, AlarmKind::CallsFailed];
