//! The processes of a history. All share one store, and each has a clock of its own. A schedule by
//! chance decides which of them runs until when, which one dies, and when all of them freeze.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use shell::relay::Relay;
use shell::world::World;
use tests::chance::Chance;
use tests::world::StoreFault;

use super::market::Market;
use crate::usage::calls::{Reported, post};

/// One process.
pub struct UsageProcess {
    koohook: Arc<Reported>,
    skew: Arc<AtomicI64>,
    /// Its monotonic clock, when the true time was last set by it.
    elapsed: Duration,
}

/// All processes, and the true time in milliseconds.
pub struct Processes {
    root: Arc<Reported>,
    all: Vec<UsageProcess>,
    market: Market,
    pub now: u64,
}

/// What a process is to do.
#[derive(Clone, Debug)]
pub enum UsageTask {
    /// A run of the relay with so much time.
    Relay(Duration),
    /// A report with this body.
    Report(Vec<u8>),
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskEnd {
    /// The process died.
    Died,
    /// The run of the relay ended.
    Ran,
    /// The report was answered.
    Answered(u16, Value),
}

/// What may happen while tasks run.
#[derive(Clone, Copy, Debug)]
pub struct Dangers {
    /// Whether a process may die.
    pub dies: bool,
    /// Whether all processes may freeze, and for how long at most.
    pub freezes: Option<Duration>,
    /// Whether the store may fail.
    pub store_fails: bool,
}

/// One task that runs.
struct Running<'a> {
    process: usize,
    future: Option<BoxFuture<'a, TaskEnd>>,
}

impl Processes {
    pub fn new(root: Reported, count: usize, market: Market, settings: &[(&str, &str)]) -> Self {
        let now = root.world().now_millis();
        let mut this = Self { root: Arc::new(root), all: Vec::new(), market, now };
        for process in 0..count {
            let skew = Arc::new(AtomicI64::new(0));
            let koohook = this.started(process, &skew, settings);
            this.all.push(UsageProcess { koohook, skew, elapsed: Duration::ZERO });
        }
        this
    }

    /// The process that answers callbacks.
    pub fn root(&self) -> &Reported {
        &self.root
    }

    /// A process that starts.
    fn started(
        &self,
        process: usize,
        skew: &Arc<AtomicI64>,
        settings: &[(&str, &str)],
    ) -> Arc<Reported> {
        let koohook = self.root.another(settings);
        let answering = self.market.answering(process, Arc::clone(skew));
        World::web(koohook.world()).answer_after(answering);
        koohook.world().set_now(self.now.saturating_add_signed(skew.load(Ordering::SeqCst)));
        Arc::new(koohook)
    }

    /// Starts a process again, with other settings.
    pub fn restart(&mut self, process: usize, settings: &[(&str, &str)]) {
        let skew = Arc::clone(&self.all[process].skew);
        let koohook = self.started(process, &skew, settings);
        self.all[process] = UsageProcess { koohook, skew, elapsed: Duration::ZERO };
    }

    /// Sets how far the clock of a process is ahead.
    pub fn skew(&self, process: usize, skew: i64) {
        let it = &self.all[process];
        it.skew.store(skew, Ordering::SeqCst);
        it.koohook.world().set_now(self.now.saturating_add_signed(skew));
    }

    /// The time of a process.
    pub fn time_of(&self, process: usize) -> u64 {
        self.all[process].koohook.world().now_millis()
    }

    /// Time passes for all.
    pub fn pass(&mut self, span: Duration) {
        self.root.world().pass(span);
        for process in &mut self.all {
            process.koohook.world().pass(span);
            process.elapsed += span;
        }
        self.now += u64::try_from(span.as_millis()).unwrap();
    }

    /// The time that passed for one process passes for all others.
    fn follow(&mut self, process: usize) {
        let it = &mut self.all[process];
        let span = World::elapsed(it.koohook.world()) - it.elapsed;
        it.elapsed += span;
        if span.is_zero() {
            return;
        }
        self.root.world().pass(span);
        for (place, other) in self.all.iter_mut().enumerate() {
            if place != process {
                other.koohook.world().pass(span);
                other.elapsed += span;
            }
        }
        self.now += u64::try_from(span.as_millis()).unwrap();
    }

    /// Runs tasks in their processes, each until it ends. Returns the ends, in order.
    pub fn play(
        &mut self,
        tasks: &[(usize, UsageTask)],
        dangers: Dangers,
        chance: &mut Chance,
    ) -> Vec<TaskEnd> {
        let koohooks: Vec<_> =
            tasks.iter().map(|(process, _)| Arc::clone(&self.all[*process].koohook)).collect();
        for koohook in &koohooks {
            koohook.store().plan(plan(dangers.store_fails, chance));
        }
        let mut running: Vec<_> = tasks
            .iter()
            .zip(&koohooks)
            .map(|((process, task), koohook)| Running {
                process: *process,
                future: Some(begun(koohook, task.clone())),
            })
            .collect();
        let mut ends = vec![TaskEnd::Died; tasks.len()];
        while running.iter().any(|it| it.future.is_some()) {
            let place = chance.place(running.len());
            if running[place].future.is_none() {
                continue;
            }
            if let Some(end) = self.turn(&mut running[place], &koohooks[place], dangers, chance) {
                ends[place] = end;
            }
        }
        drop(running);
        for koohook in koohooks {
            koohook.store().plan([]);
        }
        ends
    }

    /// Lets a task run until the next point at which others run. It may end or die there.
    fn turn(
        &mut self,
        it: &mut Running<'_>,
        koohook: &Reported,
        dangers: Dangers,
        chance: &mut Chance,
    ) -> Option<TaskEnd> {
        let world = koohook.world();
        let far = if chance.one_in(4) { 1_000 } else { 9 };
        world.halt_at(chance.place(far));
        let dies = dangers.dies && chance.one_in(24);
        let mut polls = if dies && chance.one_in(2) { chance.place(40) } else { usize::MAX };
        let end = loop {
            let end = it.future.as_mut()?.now_or_never();
            polls = polls.saturating_sub(1);
            if end.is_some() || world.has_halted() || polls == 0 {
                break end;
            }
        };
        self.follow(it.process);
        if end.is_some() || dies {
            it.future = None;
            world.go_on();
            return end;
        }
        if let Some(longest) = dangers.freezes.filter(|_| chance.one_in(30)) {
            let longest = u64::try_from(longest.as_millis()).unwrap();
            self.pass(Duration::from_millis(chance.below(longest)));
        }
        None
    }
}

fn begun(koohook: &Reported, task: UsageTask) -> BoxFuture<'_, TaskEnd> {
    match task {
        UsageTask::Relay(budget) => async move {
            // A run fails if the store fails at once. Then it has done nothing.
            let _ = Relay::new(koohook.endpoint.context(), budget).run().await;
            TaskEnd::Ran
        }
        .boxed(),
        UsageTask::Report(body) => async move {
            let (status, answer) = post(koohook, &body).await;
            TaskEnd::Answered(status, answer)
        }
        .boxed(),
    }
}

fn plan(fails: bool, chance: &mut Chance) -> Vec<StoreFault> {
    if !fails || !chance.one_in(3) {
        return Vec::new();
    }
    let faults = [StoreFault::None, StoreFault::None, StoreFault::Refused, StoreFault::ReplyLost];
    (0..chance.below(20)).map(|_| *chance.pick(&faults)).collect()
}
