//! What a callback says: one type per activity, a reader per contract, and the replies.

mod activity;
mod details;
mod fields;
mod identifier;
mod instance_calls;
mod new_instance;
mod order_calls;
mod reply;

pub use activity::Activity;
pub use details::Details;
pub use fields::{Fields, Malformed, MalformedKind, Purpose};
pub use identifier::{InstanceId, OrderId, OrderLineId, ProductId};
pub use instance_calls::{ChangeInstanceCheck, QueryInstance, ReleaseInstance, StatusChange};
pub use new_instance::NewInstance;
pub use order_calls::{Direction, RefreshInstance, Scene, UpgradeInstance};
pub use reply::{InstanceInfo, Reply};
