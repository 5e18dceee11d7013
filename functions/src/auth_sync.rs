//! `authSync` (kit): the people that an enterprise authorises for an application (kit guide,
//! "synchronising authorisations").
//!
//! The product stores the people's data. koohook stores only 24 bytes for each person: enough to
//! detect repeated calls and calls that are older than the stored state. It sends the changes to
//! the product.

use domain::decision::ListNotice;
use domain::entity::Subject;
use domain::kit_list::{Content, Edit, EntryOutcome, Identity, KitListChange};
use domain::notice::{NoticeDraft, NoticeType};
use domain::page::{ChangeList, Page, Request};
use protocol::message::{Activity, AuthSync, ListItem, Malformed, Reply, UserChange};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// The page. It has no settings.
pub(crate) struct SyncUsers;

impl Page for SyncUsers {
    fn rehearse(&self, call: &Verified, _: UnixMillis) -> Result<Reply, Malformed> {
        AuthSync::change(call)?;
        Ok(Reply::success())
    }

    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        Ok(Request::List(Box::new(Users(AuthSync::read(call)?))))
    }
}

struct Users(AuthSync);

impl ChangeList for Users {
    fn subject(&self) -> Subject {
        let AuthSync { instance_id, tenant_id, app_id, .. } = self.0.clone();
        Subject::Users(instance_id, tenant_id, app_id)
    }

    fn at(&self) -> UnixMillis {
        self.0.at
    }

    fn change(&self, at: UnixMillis) -> KitListChange {
        let edit = |ListItem { identity, value }: &ListItem| {
            let who = Identity::new(&[identity]);
            match self.0.change {
                UserChange::Put => Edit::put(who, Content::new(&[&value.to_text()]), at),
                UserChange::Delete => Edit::delete(who, at),
                UserChange::Revoke => Edit::revoke(who, at),
            }
        };
        KitListChange::Edits(self.0.records.iter().map(edit).collect())
    }

    fn notice(&self, at: UnixMillis, outcomes: &[EntryOutcome]) -> ListNotice {
        let Self(call) = self;
        let kind = match call.change {
            UserChange::Put => NoticeType::UsersPut,
            UserChange::Delete => NoticeType::UsersDeleted,
            UserChange::Revoke => NoticeType::UsersRevoked,
        };
        // For the other people, the product already has the same or newer data.
        let applied = call.records.iter().zip(outcomes);
        let applied = applied.filter(|(_, outcome)| **outcome == EntryOutcome::Applied);
        let notice = NoticeDraft::of_list(kind, Activity::AuthSync, at)
            .with("instanceId", call.instance_id.as_ref().map(ToString::to_string))
            .with("tenantId", call.tenant_id.as_str())
            .with("appId", call.app_id.as_str());
        ListNotice { notice, records: applied.map(|(item, _)| item.value.to_value()).collect() }
    }

    fn identity(&self) -> &'static str {
        "userName"
    }
}
