//! How a simulation delivers a call: completely, interrupted or paused.

use std::sync::Arc;
use std::time::Duration;

use domain::outbox::Reader;
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use shell::import::ImportOutcome;
use shell::relay::Relay;
use shell::repository::Repository;
use shell::seal::{Clear, Seal};
use shell::world::{Deadline, World};
use simulator::answer::Answer;
use tests::call::{run, run_perhaps_paused, run_until_halt};
use tests::world::StoreFault;

use super::invariants::Step;
use super::{Call, IMPORTED, PURCHASES, Simulation, import};
use crate::lifecycle::{Callback, named};

impl Simulation {
    pub(super) fn plan(&mut self) -> Vec<StoreFault> {
        if !self.chance.one_in(4) {
            return Vec::new();
        }
        let troubles = [StoreFault::None, StoreFault::Refused, StoreFault::ReplyLost];
        (0..=self.chance.below(6)).map(|_| *self.chance.pick(&troubles)).collect()
    }

    pub(super) fn deliver(&mut self, call: &Call) {
        let plan = self.plan();
        let before = self.all_kept();
        self.koohook.store().take_counts();
        let interrupted = self.chance.one_in(6);
        if interrupted {
            // The process ends, and the marketplace calls again.
            let point = usize::try_from(self.chance.below(12)).unwrap();
            let world = self.koohook.world();
            world.halt_at(point);
            drop(run_until_halt(world, self.koohook.answer(Self::request(call))));
            let Callback { name, .. } = call.callback;
            self.trace.push(format!("{name} of {} ends at point {point}", call.about));
        }
        // A paused call must not have an order: the relay writes meanwhile, so the test could not
        // know whether the order was carried out.
        if self.chance.one_in(6) && !call.rehearsal && Step::order_of(call).is_none() {
            return self.deliver_paused(call);
        }
        let answer = self.answer(call, &plan);
        let counts = self.koohook.store().take_counts();
        let after = self.all_kept();
        self.add_to_trace(call, &plan, &answer, after[call.about].as_ref());
        for about in (0..PURCHASES.len()).filter(|about| *about != call.about) {
            assert_eq!(before[about], after[about], "a call changes only its own purchase");
        }
        let [before, after] = [before, after].map(|mut kept| kept.swap_remove(call.about));
        let step = Step {
            call,
            answer: &answer,
            troubled: interrupted
                || self.importing
                || plan.iter().any(|trouble| *trouble != StoreFault::None),
            now: UnixMillis::new(self.koohook.world().now_millis()),
            before,
            after,
        };
        self.check(&step, counts);
    }

    /// The call's process is paused at some point. Meanwhile a relay runs, or the import is done.
    pub(super) fn deliver_paused(&mut self, call: &Call) {
        let koohook = Arc::clone(&self.koohook);
        let imports = call.about == IMPORTED && !self.imported;
        self.imported |= imports;
        let seal = Seal::new(None, None, Clear::Allowed);
        let point = self.chance.place(8);
        let paused = koohook.reply(Self::request(call));
        let mut is_imported = false;
        let answer = run_perhaps_paused(koohook.world(), point, paused, || {
            if imports {
                let world = koohook.world();
                let deadline = Deadline::after(World::elapsed(world), Duration::from_secs(10));
                let repository = Repository::new(world, &seal, Reader::Product, deadline);
                is_imported = run(import().put(&repository, false)) == Ok(ImportOutcome::Imported);
            } else {
                let relay = Relay::new(koohook.endpoint.context(), Duration::from_secs(20));
                run(relay.run()).unwrap();
            }
        });
        koohook.store().take_counts();
        self.trace.push(format!(
            "{} {} of {}, paused at {point}, imported {is_imported}",
            answer.code, call.callback.name, call.about
        ));
        if let Some(id) = &answer.instance_id {
            let first = self.answered.entry(call.about).or_insert_with(|| id.clone());
            assert_eq!(first, id, "invariant 2: another ID for one purchase");
            assert_eq!(
                *id,
                self.id_of(call.about),
                "invariant 1: not the ID that it is stored under"
            );
        }
    }

    pub(super) fn answer(&self, call: &Call, plan: &[StoreFault]) -> Answer {
        let request = Self::request(call);
        self.koohook.store().plan(plan.iter().copied());
        let answer = run(self.koohook.reply(request));
        self.koohook.store().plan([]);
        answer
    }

    pub(super) fn all_kept(&self) -> Vec<Option<EntityRecord>> {
        let kept = (0..PURCHASES.len()).map(|about| run(self.koohook.kept(&self.id_of(about))));
        kept.collect()
    }

    pub(super) fn add_to_trace(
        &mut self,
        call: &Call,
        plan: &[StoreFault],
        answer: &Answer,
        kept: Option<&EntityRecord>,
    ) {
        let notices = kept.map_or(0, |kept| kept.outbox.sequence);
        let Call { callback, about, members, signed_at, rehearsal } = call;
        let signed = i128::from(*signed_at) - i128::from(self.koohook.world().now_millis());
        self.trace.push(format!(
            "{} {} of {about} {members:?} signed {signed:+} ms, rehearsal {rehearsal}, store {plan:?}: {}, notices {notices}",
            answer.code,
            callback.name,
            named(kept),
        ));
    }
}
