//! `PUT /instances/{instanceId}/app-info`: the product tells us that an instance is ready, or that
//! it will not be. For products that answered `instance.created` with 202, because making an
//! instance takes them longer than a callback can wait.
//!
//! The same message twice changes nothing, and of two the one that was signed later counts.

use domain::instance::Instance;
use domain::page::Hear;
use domain::product::{InstanceAccess, ProductError};
use domain::refusal::Refusal;
use protocol::message::InstanceId;
use protocol::time::UnixMillis;

/// What this function serves.
pub type Function = Access;

/// The page.
#[derive(Default)]
pub struct Access;

impl Hear for Access {
    fn read(&self, path_id: &InstanceId, body: &[u8]) -> Result<InstanceAccess, ProductError> {
        InstanceAccess::read(path_id, body)
    }

    fn decide(
        &self,
        told: &InstanceAccess,
        current: Instance,
        at: UnixMillis,
    ) -> Result<Instance, Refusal> {
        current.told_access(&told.told, at)
    }
}
