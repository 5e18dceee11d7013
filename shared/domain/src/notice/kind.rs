//! The types of notices (decision E1).

use serde::{Deserialize, Serialize};

/// The type of a notice: what the product must do (decision E1).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum NoticeType {
    /// A buyer bought an instance: create it.
    #[serde(rename = "instance.created")]
    Created,
    /// The buyer accepted the delivery.
    #[serde(rename = "instance.accepted")]
    Accepted,
    /// The expiry changed.
    #[serde(rename = "instance.renewed")]
    Renewed,
    /// Stop serving; keep the data.
    #[serde(rename = "instance.frozen")]
    Frozen,
    /// Serve again.
    #[serde(rename = "instance.thawed")]
    Thawed,
    /// The specification changed.
    #[serde(rename = "instance.upgraded")]
    Upgraded,
    /// Delete the instance.
    #[serde(rename = "instance.released")]
    Released,
    /// The marketplace refunded the purchase: delete the instance.
    #[serde(rename = "instance.abandoned")]
    Abandoned,
    /// An enterprise was added or modified.
    #[serde(rename = "tenant.put")]
    TenantPut,
    /// An enterprise was deleted.
    #[serde(rename = "tenant.deleted")]
    TenantDeleted,
    /// Credentials were added or modified.
    #[serde(rename = "application.put")]
    ApplicationPut,
    /// Credentials were deleted.
    #[serde(rename = "application.deleted")]
    ApplicationDeleted,
    /// People were added or modified: they may use the application.
    #[serde(rename = "users.put")]
    UsersPut,
    /// People were deleted.
    #[serde(rename = "users.deleted")]
    UsersDeleted,
    /// People may no longer use the application.
    #[serde(rename = "users.revoked")]
    UsersRevoked,
    /// A department was added or modified.
    #[serde(rename = "department.put")]
    DepartmentPut,
    /// A department was deleted; its children stay.
    #[serde(rename = "department.deleted")]
    DepartmentDeleted,
    /// The complete list of departments. It replaces the earlier departments.
    #[serde(rename = "departments.replaced")]
    DepartmentsReplaced,
}

impl NoticeType {
    /// The `type` of the notice on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "instance.created",
            Self::Accepted => "instance.accepted",
            Self::Renewed => "instance.renewed",
            Self::Frozen => "instance.frozen",
            Self::Thawed => "instance.thawed",
            Self::Upgraded => "instance.upgraded",
            Self::Released => "instance.released",
            Self::Abandoned => "instance.abandoned",
            Self::TenantPut => "tenant.put",
            Self::TenantDeleted => "tenant.deleted",
            Self::ApplicationPut => "application.put",
            Self::ApplicationDeleted => "application.deleted",
            Self::UsersPut => "users.put",
            Self::UsersDeleted => "users.deleted",
            Self::UsersRevoked => "users.revoked",
            Self::DepartmentPut => "department.put",
            Self::DepartmentDeleted => "department.deleted",
            Self::DepartmentsReplaced => "departments.replaced",
        }
    }

    /// Whether it ends an instance. The product can accept such a notice without the earlier ones.
    pub const fn ends(self) -> bool {
        matches!(self, Self::Released | Self::Abandoned)
    }
}
