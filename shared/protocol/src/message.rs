//! The requests of the callbacks, one file for each activity, and the replies.
//!
//! [`Fields`] reads the members of a verified call by the guide's rules. The type of an activity
//! reads its members through [`Fields`], under both contracts.

mod activity;
mod all_org_sync;
mod amount;
mod application_sync;
mod auth_sync;
mod change_instance_check;
mod details;
mod fields;
mod identifier;
mod kept_text;
mod list;
mod malformed;
mod new_instance;
mod query_instance;
mod refresh_instance;
mod release_instance;
mod reply;
mod single_org_sync;
mod status_change;
mod sync_flag;
mod tenant_sync;
mod upgrade_instance;
mod usage_info;

pub use activity::Activity;
pub use all_org_sync::AllOrgSync;
pub use application_sync::ApplicationSync;
pub use auth_sync::{AuthSync, UserChange};
pub use change_instance_check::ChangeInstanceCheck;
pub use details::Details;
pub use fields::{Fields, Purpose};
pub use identifier::{
    AppId, ClientId, InstanceId, OrderId, OrderLineId, OrgCode, ProductId, TenantId, UserName,
};
pub use kept_text::{MAX_KEPT_LETTERS, kept_text};
pub use list::ListItem;
pub use malformed::{Malformed, MalformedKind};
pub use new_instance::NewInstance;
pub use query_instance::QueryInstance;
pub use refresh_instance::{ExpiryDirection, RefreshInstance, Scene};
pub use release_instance::ReleaseInstance;
pub use reply::{InstanceInfo, Reply};
pub use single_org_sync::SingleOrgSync;
pub use status_change::{Freeze, StatusChange};
pub use sync_flag::SyncFlag;
pub use tenant_sync::TenantSync;
pub use upgrade_instance::UpgradeInstance;
pub use usage_info::{UsageInfo, UsageValue};
