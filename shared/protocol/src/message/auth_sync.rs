//! `authSync`: the people that an enterprise authorises for an application.

use super::list::{self, ListItem, Names};
use super::{AppId, Fields, InstanceId, Malformed, TenantId, UserName};
use crate::signature::{Contract, Verified};
use crate::time::UnixMillis;

/// A change of the people that may use an application (kit guide, "synchronising authorisations").
#[derive(Clone, Debug)]
pub struct AuthSync {
    /// The instance. `None` if the call names no instance.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// The application.
    pub app_id: AppId,
    /// The change of the people in the list.
    pub change: UserChange,
    /// When the change happened at the marketplace.
    pub at: UnixMillis,
    /// The people, as received.
    pub records: Vec<ListItem>,
}

/// The change of the people in a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UserChange {
    /// `0`: deleted.
    Delete,
    /// `1`, `2`: added or modified.
    Put,
    /// V2 `3`: they may no longer use the application.
    Revoke,
}

impl AuthSync {
    /// Reads a call. Under V2 `userList` is an array, or a string that contains one. Under V1 it is
    /// always a string.
    ///
    /// # Errors
    /// If an identifier or the flag is invalid, the list has the wrong type, or a person has no
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

    /// Reads only `flag`. V1 has no revocation.
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
