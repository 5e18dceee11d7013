//! The end of a simulation, and the checks on it.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::record::EntityRecord;
use shell::relay::Relay;
use tests::call::run;
use tests::product::{READY, ScriptedProduct};

use super::{Ended, PURCHASES, Simulation, instance};

impl Simulation {
    /// Invariant 18: without faults, every waiting notice is delivered or given up. Then the notices are
    /// counted.
    pub(super) fn calm_down(&mut self) -> Ended {
        let Some(product) = self.product.clone() else { return Ended::default() };
        product.meets(self.koohook.world(), |_| READY);
        let budget = Duration::from_secs(*self.chance.pick(&[4, 25, 60]));
        // This is longer than the longest pause, the marketplace's wait, and the two checks after
        // it.
        for _ in 0..5 * 6 {
            self.koohook.world().pass(Duration::from_mins(10));
            run(Relay::new(self.koohook.endpoint.context(), budget).run()).unwrap();
        }
        let mut ended = Ended { effects: product.effects().len(), ..Ended::default() };
        for about in 0..PURCHASES.len() {
            let Some(kept) = run(self.koohook.kept(&self.id_of(about))) else { continue };
            let outbox = &kept.outbox;
            assert_eq!(outbox.head(), None, "invariant 18: a notice waits forever");
            let waits = instance(Some(&kept)).and_then(|instance| instance.abandon_at);
            assert_eq!(waits, None, "invariant 18: a purchase is neither settled nor abandoned");
            ended.lost += self.lost_notices(about, &kept);
        }
        for sequences in product.sequences().values() {
            assert!(sequences.is_sorted(), "E1: delivered out of order: {sequences:?}");
            let once: BTreeSet<_> = sequences.iter().collect();
            ended.doubled += sequences.len() - once.len();
        }
        ended
    }

    /// The number of missing notices: not stored, not delivered, and not counted.
    pub(super) fn lost_notices(&self, about: usize, kept: &EntityRecord) -> usize {
        let sent = self.product.as_ref().map(ScriptedProduct::sequences).unwrap_or_default();
        let sent = sent.get(&format!("{}//", self.id_of(about))).cloned().unwrap_or_default();
        let outbox = &kept.outbox;
        let dead = outbox.dead.iter().map(|dead| &dead.notice);
        let known: BTreeSet<_> =
            outbox.waiting.iter().chain(dead).map(|it| it.sequence()).collect();
        let gone = (1..=outbox.sequence).filter(|it| !known.contains(it) && !sent.contains(it));
        let counted = usize::try_from(outbox.dropped + outbox.forgotten).unwrap();
        gone.count().saturating_sub(counted)
    }
}
