//! `changeInstanceCheck` (V2): may this instance change at its renewal? (V2 guide, "checking a
//! change".)
//!
//! The seller's setting answers for every instance that is known and not released.

use domain::entity::{Entity, Subject};
use domain::instance::InstanceState;
use domain::page::{Look, Looks, Page};
use domain::refusal::Refusal;
use domain::settings::{RenewalChange, SettingError, Settings};
use protocol::message::{Activity, ChangeInstanceCheck, Malformed, Reply};
use protocol::signature::Verified;

/// What this function serves.
pub type Function = Looks<Check>;

/// The page.
pub struct Check {
    renewal_change: RenewalChange,
}

impl Page for Check {
    const ACTIVITY: Activity = Activity::ChangeInstanceCheck;
    type Request = ChangeInstanceCheck;

    fn new(settings: &Settings) -> Result<Self, SettingError> {
        Ok(Self { renewal_change: settings.renewal_change })
    }

    fn rehearse(&self, _: &Verified) -> Result<Reply, Malformed> {
        Ok(Reply::success())
    }

    fn read(&self, verified: &Verified) -> Result<ChangeInstanceCheck, Malformed> {
        ChangeInstanceCheck::read(verified)
    }
}

impl Look for Check {
    fn subjects(&self, request: &ChangeInstanceCheck) -> Vec<Subject> {
        vec![Subject::Instance(request.instance_id.clone())]
    }

    fn reply(&self, _: &ChangeInstanceCheck, found: &[Option<Entity>]) -> Result<Reply, Refusal> {
        let Some(Some(Entity::Instance(instance))) = found.first() else {
            return Err(Refusal::InstanceUnknown);
        };
        match (instance.state, self.renewal_change) {
            (InstanceState::Released, _) => Err(Refusal::InstanceReleased),
            (InstanceState::Active | InstanceState::Frozen(_), RenewalChange::Refuse) => {
                Err(Refusal::ChangeNotAllowed)
            }
            (InstanceState::Active | InstanceState::Frozen(_), RenewalChange::Allow) => {
                Ok(Reply::success())
            }
        }
    }
}
