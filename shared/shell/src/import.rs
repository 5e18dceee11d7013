//! One instance that an older server made, and the pointer that its purchase finds it by
//! (decision C7).
//!
//! The pointer is written first: from then on a purchase that comes in between waits for the
//! instance, and makes no other one.

use domain::entity::{Entity, Subject};
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
    /// The ID that its purchase derives.
    pub derived: InstanceId,
}

/// What became of an import.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ImportOutcome {
    /// It was written.
    Imported,
    /// The instance exists already, as the import has it.
    Exists,
    /// The instance exists already, and its purchase leads to it from now on. In a dry run: would
    /// lead.
    Linked,
    /// The instance exists already, differs in these columns, and was left as it is.
    Differs(Vec<&'static str>),
    /// koohook answered the purchase itself, under another ID.
    OrderMadeHere,
    /// An instance of another purchase has the ID.
    OtherPurchase,
    /// It was not written, since that was not wanted.
    WouldImport,
}

/// How long before the import a call may have been signed that still has an effect: a call that
/// was sent while the import ran is not lost. No older one of access guide 2.0 is accepted.
const UNDER_WAY_MILLIS: u64 = TOLERANCE_MILLIS;

impl Import {
    /// Writes the pointer and then the instance, each over absence; nothing in a dry run.
    ///
    /// # Errors
    /// Where the outcome is unknown. The pointer may exist then without its instance, so that the
    /// purchase is answered `000005` until the same import is put again.
    pub async fn put<W: World>(
        &self,
        repository: &Repository<'_, W>,
        dry_run: bool,
    ) -> Result<ImportOutcome, Failure> {
        let at_derived = repository.read(&Subject::Instance(self.derived.clone())).await?;
        let at_own = repository.read(&Subject::Instance(self.instance.id.clone())).await?;
        match self.foresee(&at_derived, &at_own) {
            foreseen if dry_run => Ok(foreseen),
            ImportOutcome::OtherPurchase => self.give_up(repository, &at_derived).await,
            ImportOutcome::Imported
            | ImportOutcome::Exists
            | ImportOutcome::Linked
            | ImportOutcome::Differs(_)
            | ImportOutcome::OrderMadeHere
            | ImportOutcome::WouldImport => self.write(repository, at_derived, &at_own).await,
        }
    }

    /// What a dry run says.
    fn foresee(&self, at_derived: &Slot, at_own: &Slot) -> ImportOutcome {
        if self.needs_pointer() && at_derived.found.is_some() && !self.points(at_derived) {
            return ImportOutcome::OrderMadeHere;
        }
        match at_own.record() {
            None => ImportOutcome::WouldImport,
            Some(record) => self.beside(&record.entity).linked(self.lacks_pointer(at_derived)),
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
            return Ok(ImportOutcome::OrderMadeHere);
        }
        match self.put_instance(repository, at_own).await? {
            ImportOutcome::OtherPurchase => self.give_up(repository, &at_derived).await,
            // An instance that was there before this pointer had none, or another.
            outcome => Ok(outcome.linked(is_new && at_own.found.is_some())),
        }
    }

    /// Writes the pointer over absence, if there is to be one; what exists there then, and whether
    /// it is this import's own.
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
            return Ok(self.beside(&record.entity));
        }
        let instance = self.as_of(repository.world.now());
        let record = EntityRecord::new(instance.into());
        match repository.write(at_own, record).await? {
            Written::Won(_) => Ok(ImportOutcome::Imported),
            Written::Lost(faster) => match faster.record() {
                Some(record) => Ok(self.beside(&record.entity)),
                None => Err(Failure::Contended),
            },
        }
    }

    /// The ID belongs to another purchase: a pointer there would answer this one with that one's
    /// instance.
    async fn give_up<W: World>(
        &self,
        repository: &Repository<'_, W>,
        at_derived: &Slot,
    ) -> Result<ImportOutcome, Failure> {
        if self.points(at_derived) {
            repository.delete(at_derived).await?;
        }
        Ok(ImportOutcome::OtherPurchase)
    }

    /// What an entity under the instance's own ID means for the import.
    fn beside(&self, entity: &Entity) -> ImportOutcome {
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

    /// The instance, with the import as its newest status, refresh and upgrade: of those that were
    /// signed before it says the outcome, and a copy of one changes nothing (decision D5).
    fn as_of(&self, now: UnixMillis) -> Instance {
        let since = Some(UnixMillis::new(now.millis().saturating_sub(UNDER_WAY_MILLIS)));
        let newest = NewestCalls { status: since, refresh: since, upgrade: since, access: None };
        Instance { newest, ..self.instance.clone() }
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
    /// An instance that exists as the import has it, but for its pointer, which is new.
    fn linked(self, is_linked: bool) -> Self {
        if is_linked && self == Self::Exists { Self::Linked } else { self }
    }
}

/// The import's columns in which an instance differs from one that exists. Of a released instance
/// nothing but its release is kept that could differ.
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
