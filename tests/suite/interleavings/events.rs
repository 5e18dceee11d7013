//! Other events of a simulation: time passes, the product starts or stops failing, the relay runs,
//! the process restarts.

use std::sync::Arc;
use std::time::Duration;

use domain::outbox::Reader;
use futures_util::FutureExt;
use futures_util::future::join;
use futures_util::pin_mut;
use shell::relay::Relay;
use shell::repository::Repository;
use shell::seal::{Clear, Seal};
use shell::world::{Deadline, World};
use tests::call::{APP_INFO, run, run_until_halt};
use tests::chance::Chance;

use super::{DAY, HOUR, IMPORTED, MINUTE, SECOND, STARTS, Simulation, id_in, import, mood};

impl Simulation {
    /// The process ends, and a process with other settings starts.
    pub(super) fn restart(&mut self) {
        let (settings, inline, template) = *self.chance.pick(&STARTS);
        let template = template.then_some(("KOOHOOK_APP_INFO", APP_INFO));
        let settings: Vec<_> = settings.iter().copied().chain(template).collect();
        self.koohook = Arc::new(self.koohook.another(&settings));
        self.inline = inline;
        self.trace.push(format!("restarted, inline {inline}, template {}", template.is_some()));
    }

    /// A command imports the instance of an older server. A purchase may arrive at any point of the
    /// import.
    pub(super) fn import(&mut self) {
        self.imported = true;
        let point = usize::try_from(self.chance.below(12)).unwrap();
        let koohook = Arc::clone(&self.koohook);
        let world = koohook.world();
        let seal = Seal::new(None, None, Clear::Allowed);
        let deadline = Deadline::after(World::elapsed(world), Duration::from_secs(10));
        let repository = Repository::new(world, &seal, Reader::Product, deadline);
        let import = import();
        let importing = import.put(&repository, false);
        pin_mut!(importing);
        world.halt_at(point);
        let early = loop {
            let output = importing.as_mut().now_or_never();
            if output.is_some() || world.has_halted() {
                break output;
            }
        };
        world.go_on();
        if self.chance.one_in(2) {
            self.importing = true;
            let call = self.new_call(IMPORTED);
            self.sent.push(call.clone());
            self.deliver(&call);
            self.importing = false;
        }
        let outcome = early.unwrap_or_else(|| run(importing));
        self.koohook.store().take_counts();
        self.trace.push(format!("import, paused at {point}: {outcome:?}"));
    }

    /// Usually seconds, sometimes hours, and rarely longer than V1's wait.
    pub(super) fn pass_time(&mut self) {
        let span = match self.chance.below(20) {
            0 => 2 * DAY,
            1 | 2 => 3 * HOUR,
            3..=6 => MINUTE,
            _ => 3 * SECOND,
        };
        let millis = self.chance.below(span);
        self.koohook.world().pass(Duration::from_millis(millis));
    }

    /// Decides whether the product fails always or sometimes, until the next change.
    pub(super) fn change_mood(&mut self) {
        let (mut chance, koohook) = (Chance(self.chance.draw()), Arc::clone(&self.koohook));
        let is_bad = chance.one_in(3);
        if let Some(product) = &self.product {
            product.meets(self.koohook.world(), move |notice| {
                // Invariant 5: the sent notice must be stored already.
                let kept = run(koohook.kept(&id_in(notice)))
                    .expect("invariant 5: the notice's instance is not stored");
                assert!(
                    notice.sequence() <= kept.outbox.sequence,
                    "invariant 5: the notice was sent before it was written"
                );
                mood(&mut chance, is_bad)
            });
        }
    }

    /// Runs one relay or two, to their end or up to some point.
    pub(super) fn relays_run(&mut self) {
        let context = Arc::clone(self.koohook.endpoint.context());
        let budget = *self.chance.pick(&[4, 5, 8, 25, 50, 60]);
        let relay = || Relay::new(&context, Duration::from_secs(budget)).run();
        let point = usize::try_from(self.chance.below(120)).unwrap();
        let ends_early = self.chance.one_in(3);
        let plan = self.plan();
        self.koohook.store().plan(plan.iter().copied());
        let koohook = Arc::clone(&self.koohook);
        let world = koohook.world();
        let (before, began) = (world.now_millis(), World::elapsed(world));
        let jump = self.clock_jump();
        world.set_now(before.saturating_add_signed(jump));
        world.halt_at(if ends_early { point } else { usize::MAX });
        let done = match self.chance.one_in(2) {
            false => run_until_halt(world, relay()).is_some(),
            true => run_until_halt(world, join(relay(), relay())).is_some(),
        };
        let took = World::elapsed(world) - began;
        world.set_now(before + u64::try_from(took.as_millis()).unwrap());
        koohook.store().plan([]);
        koohook.store().take_counts();
        self.trace.push(format!(
            "relay of {budget} s, clock {jump:+} ms, store {plan:?}, finished: {done}, after {took:?}"
        ));
        assert!(took <= Duration::from_secs(budget), "a run takes more than its time: {took:?}");
    }

    /// Usually 0. Otherwise hours or a year, forward or back, for the time of the relay's run.
    pub(super) fn clock_jump(&mut self) -> i64 {
        let span = match self.chance.below(8) {
            0 => 10 * HOUR,
            1 => 400 * DAY,
            _ => return 0,
        };
        let millis = i64::try_from(self.chance.below(span)).unwrap();
        if self.chance.one_in(2) { millis } else { -millis }
    }
}
