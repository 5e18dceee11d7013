//! `singleOrgSync`: one department of an enterprise.

use super::list::DEPARTMENT_NAMES;
use super::malformed::MalformedKind;
use super::{Activity, Details, Fields, InstanceId, Malformed, OrgCode, SyncFlag, TenantId};
use crate::signature::Verified;
use crate::time::UnixMillis;

/// One department (kit guide, "synchronising departments, single").
#[derive(Clone, Debug)]
pub struct SingleOrgSync {
    /// The instance. `None` if the call names no instance.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// The department.
    pub org_code: OrgCode,
    /// Whether the department is put or deleted. Its children stay in both cases.
    pub flag: SyncFlag,
    /// Its name. The member may have any of the guides' three spellings. It may be empty in a
    /// deletion.
    pub name: String,
    /// The code of the parent department. Empty for a top department.
    pub parent: String,
    /// When the change happened at the marketplace.
    pub at: UnixMillis,
    /// The fields that the product gets.
    pub details: Details,
}

impl SingleOrgSync {
    /// Reads a call.
    ///
    /// # Errors
    /// If an identifier or the flag is invalid, a put has no name, or a put department is its own
    /// parent.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let flag = SyncFlag::read(fields)?;
        let org_code = fields.required("orgCode", OrgCode::parse)?;
        let name = DEPARTMENT_NAMES.iter().find_map(|name| fields.text(name));
        let parent = fields.text("parentCode").unwrap_or_default();
        if flag == SyncFlag::Put && name.is_none() {
            return Err(Malformed { field: "orgName", kind: MalformedKind::Missing });
        }
        if flag == SyncFlag::Put && parent == org_code.as_str() {
            return Err(Malformed { field: "parentCode", kind: MalformedKind::Cyclic });
        }
        Ok(Self {
            instance_id: fields.kit_instance_id()?,
            tenant_id: fields.required("tenantId", TenantId::parse)?,
            org_code,
            flag,
            name: name.unwrap_or_default().to_owned(),
            parent: parent.to_owned(),
            at: fields.kit_time("timeStamp")?,
            details: fields.details(Activity::SingleOrgSync),
        })
    }
}
