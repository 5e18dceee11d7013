//! Imports one instance that an older server made. Also writes a pointer from its purchase to the
//! instance (decision C7).
//!
//! The pointer is written first. A purchase that arrives after that waits for the instance, and
//! creates no second one.

use domain::entity::{Entity, Subject};
use domain::history::{Event, OtherEvent};
use domain::instance::{Access, Instance, InstanceState, NewestCalls};
use domain::record::EntityRecord;
use protocol::message::InstanceId;
use protocol::signature::TOLERANCE_MILLIS;
use protocol::time::UnixMillis;

use crate::failure::Failure;
use crate::repository::{Repository, Slot, Written};
use crate::world::World;

/// An instance to import.
#[derive(Clone, Debug)]
pub struct Import {
    /// The instance, under the ID that the older server gave it.
    pub instance: Instance,
    /// The ID that koohook derives from its purchase.
    pub derived: InstanceId,
}

/// The outcome of an import.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ImportOutcome {
    /// The instance was written.
    Imported,
    /// The instance exists already, with the same values.
    Exists,
    /// The instance existed already; the import added the pointer from its purchase. In a dry run:
    /// it would add the pointer.
    Linked,
    /// The instance exists already and differs in these columns. The import changed nothing.
    Differs(Vec<&'static str>),
    /// koohook has already answered the purchase itself, with this ID.
    OrderMadeHere(InstanceId),
    /// An earlier import gave the purchase this ID.
    OrderMoved(InstanceId),
    /// An instance of another purchase has the ID.
    OtherPurchase,
    /// A dry run: the instance would be written.
    WouldImport,
}

/// How long before the import a call may have been signed and still have an effect. So a call that
/// is sent during the import is not lost. Older calls of access guide 2.0 are rejected anyway.
const UNDER_WAY_MILLIS: u64 = TOLERANCE_MILLIS;

impl Import {
    /// Writes the pointer and then the instance, each over absence. A dry run writes nothing.
    ///
    /// # Errors
    /// If the outcome is unknown. The pointer may then exist without its instance. In that case the
    /// purchase is answered `000005` until the same import is repeated.
    pub async fn put<W: World>(
        &self,
        repository: &Repository<'_, W>,
        dry_run: bool,
    ) -> Result<ImportOutcome, Failure> {
        let at_derived = repository.read(&Subject::Instance(self.derived.clone())).await?;
        let at_own = repository.read(&Subject::Instance(self.instance.id.clone())).await?;
        match self.foresee(&at_derived, &at_own) {
            foreseen if dry_run => Ok(foreseen),
            ImportOutcome::OtherPurchase => self.remove_pointer(repository, &at_derived).await,
            ImportOutcome::Imported
            | ImportOutcome::Exists
            | ImportOutcome::Linked
            | ImportOutcome::Differs(_)
            | ImportOutcome::OrderMadeHere(_)
            | ImportOutcome::OrderMoved(_)
            | ImportOutcome::WouldImport => self.write(repository, at_derived, &at_own).await,
        }
    }

    /// The outcome that a dry run reports.
    fn foresee(&self, at_derived: &Slot, at_own: &Slot) -> ImportOutcome {
        if self.needs_pointer() && at_derived.found.is_some() && !self.points(at_derived) {
            return self.other_id(at_derived);
        }
        match at_own.record() {
            None => ImportOutcome::WouldImport,
            Some(record) => self.compare(&record.entity).linked(self.lacks_pointer(at_derived)),
        }
    }

    async fn write<W: World>(
        &self,
        repository: &Repository<'_, W>,
        at_derived: Slot,
        at_own: &Slot,
    ) -> Result<ImportOutcome, Failure> {
        let (at_derived, is_new) = self.point(repository, at_derived).await?;
        if self.needs_pointer() && !self.points(&at_derived) {
            return Ok(self.other_id(&at_derived));
        }
        match self.put_instance(repository, at_own).await? {
            ImportOutcome::OtherPurchase => self.remove_pointer(repository, &at_derived).await,
            // An instance that existed before this pointer had no pointer from this purchase.
            outcome => Ok(outcome.linked(is_new && at_own.found.is_some())),
        }
    }

    /// Writes the pointer over absence, if the import needs one. Returns the value that exists
    /// then, and whether this import wrote it.
    async fn point<W: World>(
        &self,
        repository: &Repository<'_, W>,
        at_derived: Slot,
    ) -> Result<(Slot, bool), Failure> {
        if !self.lacks_pointer(&at_derived) {
            return Ok((at_derived, false));
        }
        let pointer = EntityRecord::new(self.pointer());
        Ok(match repository.write(&at_derived, pointer).await? {
            Written::Won(slot) => (slot, true),
            Written::Lost(faster) => (faster, false),
        })
    }

    async fn put_instance<W: World>(
        &self,
        repository: &Repository<'_, W>,
        at_own: &Slot,
    ) -> Result<ImportOutcome, Failure> {
        if let Some(record) = at_own.record() {
            return Ok(self.compare(&record.entity));
        }
        let now = repository.world.now();
        let mut record = EntityRecord::new(self.as_of(now).into());
        record.add_event(Event::other(OtherEvent::Imported, now));
        match repository.write(at_own, record).await? {
            Written::Won(_) => Ok(ImportOutcome::Imported),
            Written::Lost(faster) => match faster.record() {
                Some(record) => Ok(self.compare(&record.entity)),
                None => Err(Failure::Contended),
            },
        }
    }

    /// Deletes the pointer, because the ID belongs to another purchase. With the pointer, this
    /// purchase would be answered with the other purchase's instance.
    async fn remove_pointer<W: World>(
        &self,
        repository: &Repository<'_, W>,
        at_derived: &Slot,
    ) -> Result<ImportOutcome, Failure> {
        if self.points(at_derived) {
            repository.delete(at_derived).await?;
        }
        Ok(ImportOutcome::OtherPurchase)
    }

    /// The outcome if this entity exists under the instance's ID.
    fn compare(&self, entity: &Entity) -> ImportOutcome {
        match entity {
            Entity::Instance(found) if found.order_id == self.instance.order_id => {
                match differences(found, &self.instance) {
                    columns if columns.is_empty() => ImportOutcome::Exists,
                    columns => ImportOutcome::Differs(columns),
                }
            }
            Entity::Instance(_)
            | Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_)
            | Entity::KitList(_) => ImportOutcome::OtherPurchase,
        }
    }

    /// The instance, with the time of the import as the time of its newest status, refresh and
    /// upgrade. The import contains the effect of older calls, so that a copy of one changes
    /// nothing (decision D5).
    fn as_of(&self, now: UnixMillis) -> Instance {
        let since = Some(UnixMillis::new(now.millis().saturating_sub(UNDER_WAY_MILLIS)));
        let newest = NewestCalls { status: since, refresh: since, upgrade: since, access: None };
        Instance { newest, ..self.instance.clone() }
    }

    /// The outcome if the purchase already has another ID.
    fn other_id(&self, at_derived: &Slot) -> ImportOutcome {
        if let Some(Entity::MovedTo(id)) = at_derived.record().map(|record| &record.entity) {
            return ImportOutcome::OrderMoved(id.clone());
        }
        ImportOutcome::OrderMadeHere(self.derived.clone())
    }

    fn lacks_pointer(&self, at_derived: &Slot) -> bool {
        self.needs_pointer() && at_derived.found.is_none()
    }

    fn needs_pointer(&self) -> bool {
        self.instance.id != self.derived
    }

    fn pointer(&self) -> Entity {
        Entity::MovedTo(self.instance.id.clone())
    }

    fn points(&self, at_derived: &Slot) -> bool {
        at_derived.record().is_some_and(|record| record.entity == self.pointer())
    }
}

impl ImportOutcome {
    /// Turns `Exists` into `Linked` if the pointer is new.
    fn linked(self, is_linked: bool) -> Self {
        if is_linked && self == Self::Exists { Self::Linked } else { self }
    }
}

/// The import's columns in which the existing instance differs. koohook keeps only the release of a
/// released instance, so that no other column can differ.
fn differences(found: &Instance, wanted: &Instance) -> Vec<&'static str> {
    let is_released = |instance: &Instance| instance.state == InstanceState::Released;
    if is_released(found) != is_released(wanted) {
        return vec!["state"];
    }
    let mut columns = match (found.state, wanted.state) {
        (InstanceState::Frozen(_), InstanceState::Active)
        | (InstanceState::Active, InstanceState::Frozen(_)) => vec!["state"],
        (InstanceState::Frozen(found), InstanceState::Frozen(wanted)) if found != wanted => {
            vec!["freezeCause"]
        }
        (InstanceState::Active | InstanceState::Frozen(_) | InstanceState::Released, _) => {
            Vec::new()
        }
    };
    if !is_released(wanted) && found.expires != wanted.expires {
        columns.push("expireTime");
    }
    columns.extend(access_differences(&found.access, &wanted.access));
    columns
}

fn access_differences(found: &Access, wanted: &Access) -> Vec<&'static str> {
    let (Access::Ready(found), Access::Ready(wanted)) = (found, wanted) else {
        return if found == wanted { Vec::new() } else { vec!["frontEndUrl"] };
    };
    let columns = [
        (found.front_end_url != wanted.front_end_url, "frontEndUrl"),
        (found.admin_url != wanted.admin_url, "adminUrl"),
        (found.user_name != wanted.user_name, "userName"),
        (found.password != wanted.password, "password"),
        (found.memo != wanted.memo, "memo"),
    ];
    columns.into_iter().filter_map(|(differs, column)| differs.then_some(column)).collect()
}
