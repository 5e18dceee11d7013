//! `singleOrgSync` (kit): one department of an enterprise (kit guide, "synchronising
//! departments, single").
//!
//! A change of one row in the list of departments; the children of a department that is deleted
//! stay, and nothing is checked against the tree that stands: the marketplace's order is not
//! promised.

use domain::directory::{self, Content, Edit, EntryOutcome, Identity};
use domain::entity::Subject;
use domain::notice::{NoticeDraft, NoticeType};
use domain::page::{ChangeList, ChangesList, ListNotice, Page};
use domain::settings::{SettingError, Settings};
use protocol::message::{Activity, Fields, Flag, Malformed, Reply, SingleOrgSync};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// What this function serves.
pub type Function = ChangesList<Department>;

/// The page.
pub struct Department;

impl Page for Department {
    const ACTIVITY: Activity = Activity::SingleOrgSync;
    type Request = SingleOrgSync;

    fn new(_: &Settings) -> Result<Self, SettingError> {
        Ok(Self)
    }

    fn rehearse(&self, verified: &Verified) -> Result<Reply, Malformed> {
        Flag::read(Fields::of(verified))?;
        Ok(Reply::success())
    }

    fn read(&self, verified: &Verified) -> Result<SingleOrgSync, Malformed> {
        SingleOrgSync::read(verified)
    }
}

impl ChangeList for Department {
    fn subject(&self, request: &SingleOrgSync) -> Subject {
        Subject::Departments(request.instance_id.clone(), request.tenant_id.clone())
    }

    fn at(&self, request: &SingleOrgSync) -> UnixMillis {
        request.at
    }

    fn change(&self, request: &SingleOrgSync, at: UnixMillis) -> directory::DirectoryChange {
        let who = Identity::new(&[request.org_code.as_str()]);
        let edit = match request.flag {
            Flag::Put => Edit::put(who, Content::new(&[&request.name, &request.parent]), at),
            Flag::Delete => Edit::delete(who, at),
        };
        directory::DirectoryChange::Edits(vec![edit])
    }

    fn tell(&self, request: &SingleOrgSync, at: UnixMillis, _: &[EntryOutcome]) -> ListNotice {
        let kind = match request.flag {
            Flag::Put => NoticeType::DepartmentPut,
            Flag::Delete => NoticeType::DepartmentDeleted,
        };
        // A later list names only departments that are older than it: the product must know.
        let notice = NoticeDraft::of_call(kind, Self::ACTIVITY, (None, None), &request.details)
            .with("changeTime", at.to_rfc3339());
        ListNotice { notice, records: Vec::new() }
    }

    fn identity(&self) -> &'static str {
        "orgCode"
    }
}
