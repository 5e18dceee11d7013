//! `authSync`: the people whom an enterprise authorises for an application.

use super::list::{self, ListItem, Names};
use super::{AppId, Fields, InstanceId, Malformed, TenantId, UserName};
use crate::signature::{Contract, Verified};
use crate::time::UnixMillis;

/// People authorised for an application, or no longer (kit guide, "synchronising
/// authorisations").
#[derive(Clone, Debug)]
pub struct AuthSync {
    /// The purchase.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// The application.
    pub app_id: AppId,
    /// What becomes of the people.
    pub change: UserChange,
    /// When.
    pub at: UnixMillis,
    /// The people, as received.
    pub records: Vec<ListItem>,
}

/// What becomes of the people in a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UserChange {
    /// `0`: they are no more.
    Delete,
    /// `1`, `2`: added or modified.
    Put,
    /// V2 `3`: they may not use the application any more.
    Revoke,
}

impl AuthSync {
    /// Reads a call. `userList` is an array under V2 or a string that holds one, under V1 always
    /// a string.
    ///
    /// # Errors
    /// If an identifier is invalid, the flag is unknown, the list is not a list, or a person has no
    /// account.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let items = list::read(fields, "userList", Names::Quoted)?;
        Ok(Self {
            instance_id: fields.kit_instance_id()?,
            tenant_id: fields.required("tenantId", TenantId::parse)?,
            app_id: fields.required("appId", AppId::parse)?,
            change: Self::change(verified)?,
            at: fields.kit_time("currentSyncTime")?,
            records: list::items(items, "userName", |text| UserName::parse(text).map(drop))?,
        })
    }

    /// Reads `flag` alone; V1 knows no revocation.
    ///
    /// # Errors
    /// If it is missing or unknown.
    pub fn change(verified: &Verified) -> Result<UserChange, Malformed> {
        let fields = Fields::of(verified);
        let three = [("0", UserChange::Delete), ("1", UserChange::Put), ("2", UserChange::Put)];
        match (fields.contract(), fields.text("flag")) {
            (Contract::V2, Some("3")) => Ok(UserChange::Revoke),
            (Contract::V1 | Contract::V2, _) => fields.word("flag", &three),
        }
    }
}
