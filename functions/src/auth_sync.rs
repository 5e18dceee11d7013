//! `authSync` (kit): the people whom an enterprise authorises for an application (kit guide,
//! "synchronising authorisations").
//!
//! The product is where people live: koohook keeps of each a row of 24 bytes, enough to know a
//! repeat from a change and old from new, and hands on what changed.

use domain::directory::{self, Content, Edit, EntryOutcome, Identity};
use domain::entity::Subject;
use domain::notice::{NoticeDraft, NoticeType};
use domain::page::{ChangeList, ChangesList, ListNotice, Page};
use domain::settings::{SettingError, Settings};
use protocol::message::{Activity, AuthSync, ListItem, Malformed, Reply, UserChange};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

/// What this function serves.
pub type Function = ChangesList<Users>;

/// The page.
pub struct Users;

impl Page for Users {
    const ACTIVITY: Activity = Activity::AuthSync;
    type Request = AuthSync;

    fn new(_: &Settings) -> Result<Self, SettingError> {
        Ok(Self)
    }

    fn rehearse(&self, verified: &Verified) -> Result<Reply, Malformed> {
        AuthSync::change(verified)?;
        Ok(Reply::success())
    }

    fn read(&self, verified: &Verified) -> Result<AuthSync, Malformed> {
        AuthSync::read(verified)
    }
}

impl ChangeList for Users {
    fn subject(&self, request: &AuthSync) -> Subject {
        let AuthSync { instance_id, tenant_id, app_id, .. } = request.clone();
        Subject::Users(instance_id, tenant_id, app_id)
    }

    fn at(&self, request: &AuthSync) -> UnixMillis {
        request.at
    }

    fn change(&self, request: &AuthSync, at: UnixMillis) -> directory::DirectoryChange {
        let edit = |ListItem { identity, value }: &ListItem| {
            let who = Identity::new(&[identity]);
            match request.change {
                UserChange::Put => Edit::put(who, Content::new(&[&value.to_text()]), at),
                UserChange::Delete => Edit::delete(who, at),
                UserChange::Revoke => Edit::revoke(who, at),
            }
        };
        directory::DirectoryChange::Edits(request.records.iter().map(edit).collect())
    }

    fn tell(&self, request: &AuthSync, at: UnixMillis, outcomes: &[EntryOutcome]) -> ListNotice {
        let kind = match request.change {
            UserChange::Put => NoticeType::UsersPut,
            UserChange::Delete => NoticeType::UsersDeleted,
            UserChange::Revoke => NoticeType::UsersRevoked,
        };
        // Of the others the product knows as much already, or newer.
        let applied = request.records.iter().zip(outcomes);
        let applied = applied.filter(|(_, outcome)| **outcome == EntryOutcome::Applied);
        let notice = NoticeDraft::of_list(kind, Self::ACTIVITY, at)
            .with("instanceId", request.instance_id.as_ref().map(ToString::to_string))
            .with("tenantId", request.tenant_id.as_str())
            .with("appId", request.app_id.as_str());
        ListNotice { notice, records: applied.map(|(record, _)| record.value.to_value()).collect() }
    }

    fn identity(&self) -> &'static str {
        "userName"
    }
}
