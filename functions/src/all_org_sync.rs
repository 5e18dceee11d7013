//! `allOrgSync` (kit): all departments of an enterprise (kit guide, "synchronising departments,
//! all").
//!
//! The list says what there is: departments that it does not name are gone, unless a newer call
//! of their own says otherwise. An empty list changes nothing; a whole enterprise without
//! departments is likelier a fault than a wish.

use domain::directory::{self, Content, EntryOutcome, Identity, List};
use domain::entity::Subject;
use domain::notice::{NoticeDraft, NoticeType};
use domain::page::{ChangeList, ChangesList, ListNotice, Page};
use domain::settings::{SettingError, Settings};
use protocol::message::{Activity, AllOrgSync, Malformed, Reply};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// What this function serves.
pub type Function = ChangesList<Departments>;

/// The page.
pub struct Departments;

impl Page for Departments {
    const ACTIVITY: Activity = Activity::AllOrgSync;
    type Request = AllOrgSync;

    fn new(_: &Settings) -> Result<Self, SettingError> {
        Ok(Self)
    }

    fn rehearse(&self, _: &Verified) -> Result<Reply, Malformed> {
        Ok(Reply::success())
    }

    fn read(&self, verified: &Verified) -> Result<AllOrgSync, Malformed> {
        AllOrgSync::read(verified)
    }
}

impl ChangeList for Departments {
    fn subject(&self, request: &AllOrgSync) -> Subject {
        Subject::Departments(request.instance_id.clone(), request.tenant_id.clone())
    }

    fn at(&self, request: &AllOrgSync) -> UnixMillis {
        request.at
    }

    fn change(&self, request: &AllOrgSync, at: UnixMillis) -> directory::DirectoryChange {
        let entries = request.records.iter().map(|record| {
            let (name, parent) = (record.department_name(), record.parent_code());
            (Identity::new(&[&record.identity]), Content::new(&[name, parent]))
        });
        directory::DirectoryChange::List(List::new(entries, at))
    }

    fn tell(&self, request: &AllOrgSync, at: UnixMillis, outcomes: &[EntryOutcome]) -> ListNotice {
        // What is known from a newer call of its own must not be overwritten by the product.
        let current = request.records.iter().zip(outcomes);
        let current = current.filter(|(_, outcome)| **outcome != EntryOutcome::Stale);
        let notice = NoticeDraft::of_list(NoticeType::DepartmentsReplaced, Self::ACTIVITY, at)
            .with("instanceId", request.instance_id.as_ref().map(ToString::to_string))
            .with("tenantId", request.tenant_id.as_str());
        ListNotice { notice, records: current.map(|(record, _)| record.value.to_value()).collect() }
    }

    fn identity(&self) -> &'static str {
        "orgCode"
    }
}
