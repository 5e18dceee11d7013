//! `allOrgSync` (kit): all departments of an enterprise (kit guide, "synchronising departments,
//! all").
//!
//! The list is complete: departments that are not in it are deleted. A department with a newer
//! `singleOrgSync` call does not change. An empty list changes nothing, because it is probably a
//! mistake: an enterprise rarely deletes all its departments.

use domain::decision::ListNotice;
use domain::entity::Subject;
use domain::kit_list::{Content, EntryOutcome, Identity, KitListChange, List};
use domain::notice::{NoticeDraft, NoticeType};
use domain::page::{ChangeList, Page, Request};
use protocol::message::{Activity, AllOrgSync, Malformed};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// The page. It has no settings.
pub(crate) struct SyncAllDepartments;

impl Page for SyncAllDepartments {
    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        Ok(Request::List(Box::new(Departments(AllOrgSync::read(call)?))))
    }
}

struct Departments(AllOrgSync);

impl ChangeList for Departments {
    fn subject(&self) -> Subject {
        Subject::Departments(self.0.instance_id.clone(), self.0.tenant_id.clone())
    }

    fn at(&self) -> UnixMillis {
        self.0.at
    }

    fn change(&self, at: UnixMillis) -> KitListChange {
        let entries = self.0.records.iter().map(|item| {
            let (name, parent) = (item.department_name(), item.parent_code());
            (Identity::new(&[&item.identity]), Content::new(&[name, parent]))
        });
        KitListChange::List(List::new(entries, at))
    }

    fn notice(&self, at: UnixMillis, outcomes: &[EntryOutcome]) -> ListNotice {
        let Self(call) = self;
        // The product already has newer data of these departments, and must not overwrite it.
        let current = call.records.iter().zip(outcomes);
        let current = current.filter(|(_, outcome)| **outcome != EntryOutcome::Stale);
        let notice =
            NoticeDraft::of_list(NoticeType::DepartmentsReplaced, Activity::AllOrgSync, at)
                .with("instanceId", call.instance_id.as_ref().map(ToString::to_string))
                .with("tenantId", call.tenant_id.as_str());
        ListNotice { notice, records: current.map(|(item, _)| item.value.to_value()).collect() }
    }

    fn identity(&self) -> &'static str {
        "orgCode"
    }
}
