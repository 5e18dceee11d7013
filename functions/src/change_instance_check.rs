//! `changeInstanceCheck` (V2): the marketplace asks whether an instance may change at its renewal
//! (V2 guide, "checking a change").
//!
//! The setting `KOOHOOK_RENEWAL_CHANGE` decides for every known instance that is not released.

use domain::entity::{Entity, Subject};
use domain::instance::InstanceState;
use domain::page::{FoundSubject, Lookup, Page, Request};
use domain::refusal::Refusal;
use domain::settings::RenewalChange;
use protocol::message::{ChangeInstanceCheck, Malformed, Reply};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// The page with its setting.
pub(crate) struct Check {
    pub(crate) renewal_change: RenewalChange,
}

impl Page for Check {
    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        let call = ChangeInstanceCheck::read(call)?;
        Ok(Request::Lookup(Box::new(Question { call, renewal_change: self.renewal_change })))
    }
}

struct Question {
    call: ChangeInstanceCheck,
    renewal_change: RenewalChange,
}

impl Lookup for Question {
    fn subjects(&self) -> Vec<Subject> {
        vec![Subject::Instance(self.call.instance_id.clone())]
    }

    fn reply(&self, found: &[FoundSubject], _: UnixMillis) -> Result<Reply, Refusal> {
        let Some(FoundSubject { entity: Some(Entity::Instance(instance)), .. }) = found.first()
        else {
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
