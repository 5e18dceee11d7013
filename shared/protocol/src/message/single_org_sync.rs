//! `singleOrgSync`: one department of an enterprise.

use super::list::DEPARTMENT_NAMES;
use super::malformed::MalformedKind;
use super::{Activity, Details, Fields, InstanceId, Malformed, OrgCode, SyncFlag, TenantId};
use crate::signature::Verified;
use crate::time::UnixMillis;

/// One department (kit guide, "synchronising departments, single").
#[derive(Clone, Debug)]
pub struct SingleOrgSync {
    /// The purchase.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// The department.
    pub org_code: OrgCode,
    /// What becomes of it. Its children stay, whatever it is.
    pub flag: SyncFlag,
    /// Its name, under any of the guides' three spellings; empty in a deletion.
    pub name: String,
    /// The department above it; empty at the top.
    pub parent: String,
    /// When.
    pub at: UnixMillis,
    /// What the product is told.
    pub details: Details,
}

impl SingleOrgSync {
    /// Reads a call.
    ///
    /// # Errors
    /// If an identifier is invalid, the flag is unknown, a name that the flag wants is missing,
    /// or a department is its own parent.
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
