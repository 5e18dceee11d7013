//! What a callback says: one type per activity, a reader per contract, and the replies.
//!
//! The base calls stand in `new_instance`, `order_calls` and `instance_calls`, the kit's in
//! `kit_calls` and `kit_lists`.

mod activity;
mod amount;
mod details;
mod fields;
mod identifier;
mod instance_calls;
mod kit_calls;
mod kit_lists;
mod malformed;
mod new_instance;
mod order_calls;
mod reply;

pub use activity::Activity;
pub use details::Details;
pub use fields::{Fields, MAX_KEPT_LETTERS, Purpose};
pub use identifier::{
    AppId, ClientId, InstanceId, OrderId, OrderLineId, OrgCode, ProductId, TenantId, UserName,
};
pub use instance_calls::{
    ChangeInstanceCheck, Freeze, QueryInstance, ReleaseInstance, StatusChange,
};
pub use kit_calls::{ApplicationSync, Flag, SingleOrgSync, TenantSync};
pub use kit_lists::{AllOrgSync, AuthSync, ListItem, UserChange};
pub use malformed::{Malformed, MalformedKind};
pub use new_instance::NewInstance;
pub use order_calls::{Direction, RefreshInstance, Scene, UpgradeInstance};
pub use reply::{InstanceInfo, Reply};
