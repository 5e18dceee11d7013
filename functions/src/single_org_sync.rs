//! `singleOrgSync` (kit): one department of an enterprise (kit guide, "synchronising
//! departments, single").
//!
//! The call changes one row in the list of departments. If a department is deleted, its children
//! stay. The call is not checked against the stored tree, because the marketplace does not
//! guarantee the order of its calls.

use domain::decision::ListNotice;
use domain::entity::Subject;
use domain::kit_list::{Content, Edit, EntryOutcome, Identity, KitListChange};
use domain::notice::{NoticeDraft, NoticeType};
use domain::page::{ChangeList, Page, Request};
use protocol::message::{Activity, Fields, Malformed, Reply, SingleOrgSync, SyncFlag};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// The page. It has no settings.
pub(crate) struct SyncDepartment;

impl Page for SyncDepartment {
    fn rehearse(&self, call: &Verified, _: UnixMillis) -> Result<Reply, Malformed> {
        SyncFlag::read(Fields::of(call))?;
        Ok(Reply::success())
    }

    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        Ok(Request::List(Box::new(Department(SingleOrgSync::read(call)?))))
    }
}

struct Department(SingleOrgSync);

impl ChangeList for Department {
    fn subject(&self) -> Subject {
        Subject::Departments(self.0.instance_id.clone(), self.0.tenant_id.clone())
    }

    fn at(&self) -> UnixMillis {
        self.0.at
    }

    fn change(&self, at: UnixMillis) -> KitListChange {
        let Self(call) = self;
        let who = Identity::new(&[call.org_code.as_str()]);
        KitListChange::Edits(vec![match call.flag {
            SyncFlag::Put => Edit::put(who, Content::new(&[&call.name, &call.parent]), at),
            SyncFlag::Delete => Edit::delete(who, at),
        }])
    }

    fn notice(&self, at: UnixMillis, _: &[EntryOutcome]) -> ListNotice {
        let kind = match self.0.flag {
            SyncFlag::Put => NoticeType::DepartmentPut,
            SyncFlag::Delete => NoticeType::DepartmentDeleted,
        };
        // A later notice of the full list leaves out departments with a newer change. The product
        // needs the time of this change to keep such a department.
        let activity = Activity::SingleOrgSync;
        let notice = NoticeDraft::of_call(kind, activity, (None, None), &self.0.details)
            .with("changeTime", at.to_rfc3339());
        ListNotice { notice, records: Vec::new() }
    }

    fn identity(&self) -> &'static str {
        "orgCode"
    }
}
