//! One instance that an older server made, and the pointer that its purchase finds it by
//! (decision C7).
//!
//! The pointer is written first: from then on a purchase that comes in between waits for the
//! instance, and makes no other one.

use marketplace::entity::{Entity, Kept, Subject};
use marketplace::instance::Instance;
use marketplace::message::InstanceId;

use crate::failure::Failure;
use crate::shelf::{Recalled, Shelf, Written};
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
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ImportOutcome {
    /// It was written.
    Imported,
    /// The instance exists already and was left as it is.
    Exists,
    /// koohook answered the purchase itself, under another ID.
    OrderMadeHere,
    /// An instance of another purchase has the ID.
    OtherPurchase,
    /// It was not written, since that was not wanted.
    WouldImport,
}

impl Import {
    /// Writes the pointer and then the instance, each over absence; nothing in a dry run.
    ///
    /// # Errors
    /// Where the outcome is unknown. The pointer may exist then without its instance, so that the
    /// purchase is answered `000005` until the same import is put again.
    pub async fn put<W: World>(
        &self,
        shelf: &Shelf<'_, W>,
        dry_run: bool,
    ) -> Result<ImportOutcome, Failure> {
        let at_derived = shelf.read(&Subject::Instance(self.derived.clone())).await?;
        let at_own = shelf.read(&Subject::Instance(self.instance.id.clone())).await?;
        match self.foresee(&at_derived, &at_own) {
            foreseen if dry_run => Ok(foreseen),
            ImportOutcome::OtherPurchase => self.give_up(shelf, &at_derived).await,
            ImportOutcome::Imported
            | ImportOutcome::Exists
            | ImportOutcome::OrderMadeHere
            | ImportOutcome::WouldImport => self.write(shelf, at_derived, &at_own).await,
        }
    }

    /// What a dry run says.
    fn foresee(&self, at_derived: &Recalled, at_own: &Recalled) -> ImportOutcome {
        if self.needs_pointer() && at_derived.kept.is_some() && !self.points(at_derived) {
            return ImportOutcome::OrderMadeHere;
        }
        match &at_own.kept {
            None => ImportOutcome::WouldImport,
            Some(kept) => self.beside(&kept.entity),
        }
    }

    async fn write<W: World>(
        &self,
        shelf: &Shelf<'_, W>,
        at_derived: Recalled,
        at_own: &Recalled,
    ) -> Result<ImportOutcome, Failure> {
        let at_derived = self.point(shelf, at_derived).await?;
        if self.needs_pointer() && !self.points(&at_derived) {
            return Ok(ImportOutcome::OrderMadeHere);
        }
        match self.put_instance(shelf, at_own).await? {
            ImportOutcome::OtherPurchase => self.give_up(shelf, &at_derived).await,
            outcome => Ok(outcome),
        }
    }

    /// Writes the pointer over absence, if there is to be one; what exists there then.
    async fn point<W: World>(
        &self,
        shelf: &Shelf<'_, W>,
        at_derived: Recalled,
    ) -> Result<Recalled, Failure> {
        if !self.needs_pointer() || at_derived.kept.is_some() {
            return Ok(at_derived);
        }
        let pointer = Kept::new(self.pointer());
        Ok(match shelf.write(&at_derived, &pointer).await? {
            Written::Won(version) => {
                Recalled { key: at_derived.key, version: Some(version), kept: Some(pointer) }
            }
            Written::Lost(faster) => faster,
        })
    }

    async fn put_instance<W: World>(
        &self,
        shelf: &Shelf<'_, W>,
        at_own: &Recalled,
    ) -> Result<ImportOutcome, Failure> {
        if let Some(kept) = &at_own.kept {
            return Ok(self.beside(&kept.entity));
        }
        match shelf.write(at_own, &Kept::new(self.instance.clone().into())).await? {
            Written::Won(_) => Ok(ImportOutcome::Imported),
            Written::Lost(Recalled { kept: Some(faster), .. }) => Ok(self.beside(&faster.entity)),
            Written::Lost(Recalled { kept: None, .. }) => Err(Failure::Contended),
        }
    }

    /// The ID belongs to another purchase: a pointer there would answer this one with that one's
    /// instance.
    async fn give_up<W: World>(
        &self,
        shelf: &Shelf<'_, W>,
        at_derived: &Recalled,
    ) -> Result<ImportOutcome, Failure> {
        if self.points(at_derived) {
            shelf.delete(at_derived).await?;
        }
        Ok(ImportOutcome::OtherPurchase)
    }

    /// What an entity under the instance's own ID means for the import.
    fn beside(&self, entity: &Entity) -> ImportOutcome {
        match entity {
            Entity::Instance(found) if found.order_id == self.instance.order_id => {
                ImportOutcome::Exists
            }
            Entity::Instance(_)
            | Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_)
            | Entity::Directory(_) => ImportOutcome::OtherPurchase,
        }
    }

    fn needs_pointer(&self) -> bool {
        self.instance.id != self.derived
    }

    fn pointer(&self) -> Entity {
        Entity::MovedTo(self.instance.id.clone())
    }

    fn points(&self, at_derived: &Recalled) -> bool {
        at_derived.kept.as_ref().is_some_and(|kept| kept.entity == self.pointer())
    }
}
