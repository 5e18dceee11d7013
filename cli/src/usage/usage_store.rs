//! Reads the usage of instances.

use std::collections::BTreeSet;

use domain::entity::{Entity, Subject};
use domain::instance::Instance;
use domain::outbox::Reader;
use domain::store_keys::usage_key;
use domain::usage::{InstanceUsage, UsageCycle};
use futures_util::{StreamExt, stream};
use protocol::message::InstanceId;
use shell::failure::Failure;
use shell::host::MachineWorld;
use shell::repository::{Repository, UsageSlot};
use shell::store::{AnyStore, Queue};
use shell::world::World;

use crate::agenda_keys::add_agenda;
use crate::entities::follow;
use crate::error::CommandError;
use crate::output;
use crate::progress::Progress;
use crate::read_failures::ReadFailures;
use crate::session::Session;

/// The open store that contains the usage.
pub struct UsageStore {
    /// The session.
    pub session: Session,
    /// When usage is late.
    pub cycle: UsageCycle,
}

impl UsageStore {
    /// Reads the usage of every instance that has windows, several at once, in a constant order. The
    /// relay's agenda has all of them: a window needs the relay to be sent, or to be deleted.
    ///
    /// # Errors
    /// If the store does not answer.
    pub fn each(
        &self,
        failures: &mut ReadFailures,
        mut each: impl FnMut(&InstanceUsage),
    ) -> Result<(), CommandError> {
        let keys: Vec<_> = self.keys()?.into_iter().collect();
        let mut progress = Progress::new("instances read");
        for chunk in keys.chunks(READ_AT_ONCE) {
            for slot in self.read_all(chunk) {
                let slot = failures.keep(&self.session, slot)?;
                slot.iter().filter_map(UsageSlot::record).for_each(&mut each);
            }
            progress.add(chunk.len());
            if output::is_closed() {
                break;
            }
        }
        Ok(())
    }

    /// Reads the usage of one instance. An instance without usage has an empty one.
    ///
    /// # Errors
    /// If the instance is unknown, or the value cannot be used.
    pub fn of(&self, id: &str) -> Result<(Option<Instance>, InstanceUsage), CommandError> {
        let advised = |failure| self.session.advised(failure);
        let id = parse_id(id)?;
        let found = follow(&self.session, &Subject::Instance(id.clone())).map_err(advised)?;
        let instance = match found.record().map(|record| &record.entity) {
            Some(Entity::Instance(instance)) => Some(instance.clone()),
            _ => None,
        };
        let id = instance.as_ref().map_or(id, |instance| instance.id.clone());
        let slot = self.read(usage_key(&id)).map_err(advised)?;
        match (slot.record().cloned(), &instance) {
            (Some(usage), _) => Ok((instance, usage)),
            (None, Some(_)) => Ok((instance, InstanceUsage::new(id))),
            (None, None) => {
                let advice = "correct the ID, or set KOOHOOK_STORE to the store of this instance";
                Err(format!("instance {id} is not in this store; {advice}").into())
            }
        }
    }

    /// The repository, with a new deadline.
    pub fn repository(&self) -> Repository<'_, MachineWorld<AnyStore>> {
        self.session.repository(Reader::Product)
    }

    fn read(&self, key: String) -> Result<UsageSlot, Failure> {
        self.session.runtime.block_on(async { self.repository().read_usage_key(key).await })
    }

    fn read_all(&self, keys: &[String]) -> Vec<Result<UsageSlot, Failure>> {
        let reads = keys.iter().map(async |key| {
            let repository = self.repository();
            repository.read_usage_key(key.clone()).await
        });
        let reads = stream::iter(reads).buffered(READ_AT_ONCE);
        self.session.runtime.block_on(reads.collect())
    }

    /// The keys on the relay's agenda.
    fn keys(&self) -> Result<BTreeSet<String>, CommandError> {
        let (mut keys, mut progress) = (BTreeSet::new(), Progress::new("instances found"));
        let store = self.session.world.store();
        let found = add_agenda(store, Queue::Usage, PAGE, &mut keys, &mut progress);
        let found = self.session.runtime.block_on(found);
        found.map_err(|fault| self.session.advised(fault.into()))?;
        Ok(keys)
    }
}

/// Reads the ID of an instance.
///
/// # Errors
/// If it is empty or too long.
pub fn parse_id(id: &str) -> Result<InstanceId, CommandError> {
    let fault = |fault| format!("instance ID {fault}; give the ID of an instance");
    Ok(InstanceId::parse(id).map_err(fault)?)
}

/// How many values are read concurrently.
const READ_AT_ONCE: usize = 16;
/// How many entries of the agenda are read at once.
const PAGE: usize = 1_000;
