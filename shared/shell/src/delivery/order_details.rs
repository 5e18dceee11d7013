//! Adds the order details to a notice before it is offered (decision E7).

use domain::notice::Notice;
use domain::order_details;
use domain::outbox::Attempt;
use domain::record::EntityRecord;

use super::{Delivery, NO_KEYS};
use crate::context::Context;
use crate::log_ids::LogIds;
use crate::order_lookup::{AskLimits, AskOutcome};
use crate::world::World;

/// Whether a notice can be offered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum OrderStep {
    /// The notice is complete and can be offered.
    Complete,
    /// The order details are not available yet; the notice waits.
    Postponed,
    /// The order query got no turn.
    NoTurn,
}

/// How many times koohook postpones a notice before it offers it without order details. This takes
/// about three minutes.
const MAX_POSTPONED: u32 = 3;

impl<W: World> Delivery<'_, W> {
    /// Adds the order details, if the notice needs them.
    pub(super) async fn add_order(&self, record: &mut EntityRecord, notice: &Notice) -> OrderStep {
        let Some(query) = order_details::query_of(notice) else { return OrderStep::Complete };
        let Context { world, settings, .. } = self.context;
        let sequence = notice.sequence();
        let Some(orders) = &settings.orders else {
            record.learn_nothing(sequence, NO_KEYS);
            return OrderStep::Complete;
        };
        let AskLimits { answer, turn } = self.orders;
        let limits = AskLimits { answer: answer.min(self.left()), turn: turn.min(self.left()) };
        let asked = orders.ask(world, &query, limits).await;
        self.context.metrics.order_queried(asked.word());
        if matches!(asked, AskOutcome::Found(_)) {
            self.context.metrics.key_matched("order-query", true);
        }
        match asked {
            AskOutcome::Found(details) => {
                self.log_order_query_works();
                record.learn(sequence, details);
            }
            AskOutcome::Never(reason) => record.learn_nothing(sequence, &reason),
            AskOutcome::NoTurn => return OrderStep::NoTurn,
            AskOutcome::NotNow(reason) if record.outbox.postponed(sequence) >= MAX_POSTPONED => {
                record.learn_nothing(sequence, &reason);
            }
            AskOutcome::NotNow(reason) => {
                self.log_not_yet(record, sequence, &reason);
                let attempt = Attempt::of_fault(world.now(), format!("order query: {reason}"));
                let chance = u16::from_le_bytes(world.random());
                record.outbox.postpone(sequence, attempt, chance, world.now());
                return OrderStep::Postponed;
            }
        }
        OrderStep::Complete
    }
    /// Logs that a notice waits for its order details: as a warning at the start of the trouble,
    /// and once a minute (decision I2).
    fn log_not_yet(&self, record: &EntityRecord, sequence: u64, reason: &str) {
        let ids = LogIds::of_record(record);
        let repeated = self.context.troubles.order_query.occurred(self.context.world.elapsed());
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    orderId = ids.order_id,
                    instanceId = ids.instance_id,
                    sequence,
                    reason,
                    repeated = repeated.filter(|count| *count > 1),
                    "order details not available yet"
                )
            };
        }
        if repeated.is_some() {
            line!(warn);
        } else {
            line!(info);
        }
    }

    fn log_order_query_works(&self) {
        let now = self.context.world.elapsed();
        if let Some(count) = self.context.troubles.order_query.succeeded(now) {
            tracing::info!(count, "order query works again");
        }
    }
}
