//! The answer to a purchase, which also changes the instance (decision D11).

use protocol::signature::Contract;
use protocol::time::UnixMillis;

use crate::app_info_template::Template;
use crate::entity::Entity;
use crate::instance::Instance;

/// A newInstance call that is answered after koohook notified the product.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AnsweredPurchase {
    /// The contract of the answer.
    pub contract: Contract,
    /// Whether the call created the instance.
    pub is_new: bool,
    /// The time of the answer.
    pub now: UnixMillis,
}

impl AnsweredPurchase {
    /// Applies the answer to the instance. An entity of another kind stays unchanged.
    #[must_use]
    pub fn apply(self, entity: Entity, template: Option<&Template>) -> Entity {
        match entity {
            Entity::Instance(instance) => self.answer(instance, template).into(),
            other @ (Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_)
            | Entity::KitList(_)) => other,
        }
    }

    fn answer(self, instance: Instance, template: Option<&Template>) -> Instance {
        // If the product refuses, that is the first answer. The template does not count.
        let instance = if self.is_new {
            instance.unsettled(self.contract, template, self.now)
        } else {
            instance
        };
        instance.answered_with(self.contract, template)
    }
}
