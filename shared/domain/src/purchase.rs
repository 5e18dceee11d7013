//! A purchase whose own answer changes the instance in turn (decision D11).

use protocol::signature::Contract;
use protocol::time::UnixMillis;

use crate::app_info_template::Template;
use crate::entity::Entity;
use crate::instance::Instance;

/// A newInstance call that is answered after the product was notified of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AnsweredPurchase {
    /// By which contract the answer is due.
    pub contract: Contract,
    /// Whether the call made the instance.
    pub is_new: bool,
    /// The time of the answer.
    pub now: UnixMillis,
}

impl AnsweredPurchase {
    /// What the answer makes of the instance; an entity of another kind stays as it is.
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
        // A product that refuses is the first answer, whatever a template would have said.
        let instance = if self.is_new {
            instance.unsettled(self.contract, template, self.now)
        } else {
            instance
        };
        instance.answered_with(self.contract, template)
    }
}
