//! One instance that an older server made, and the pointer that its purchase finds it by
//! (decision C7).

use marketplace::entity::{Entity, Kept, Subject};
use marketplace::instance::Instance;
use marketplace::message::InstanceId;

use crate::failure::Failure;
use crate::shelf::{Shelf, Written};
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
    /// Writes the instance and its pointer, each over absence; nothing in a dry run.
    ///
    /// # Errors
    /// Where the outcome is unknown; the same import can be put again.
    pub async fn put<W: World>(
        &self,
        shelf: &Shelf<'_, W>,
        dry_run: bool,
    ) -> Result<ImportOutcome, Failure> {
        let Self { instance, derived } = self;
        let pointer = Entity::MovedTo(instance.id.clone());
        let moved = instance.id != *derived;
        let at_derived = shelf.read(&Subject::Instance(derived.clone())).await?;
        let points_elsewhere = at_derived.kept.as_ref().is_some_and(|kept| kept.entity != pointer);
        if moved && points_elsewhere {
            return Ok(ImportOutcome::OrderMadeHere);
        }
        let at_own = shelf.read(&Subject::Instance(instance.id.clone())).await?;
        let standing = at_own.kept.as_ref().map(|kept| &kept.entity);
        let same = |entity: &Entity| matches!(entity, Entity::Instance(standing) if standing.order_id == instance.order_id);
        if standing.is_some_and(|entity| !same(entity)) {
            return Ok(ImportOutcome::OtherPurchase);
        }
        let fresh = standing.is_none();
        if dry_run {
            return Ok(if fresh { ImportOutcome::WouldImport } else { ImportOutcome::Exists });
        }
        if fresh {
            let kept = Kept::new(instance.clone().into());
            let Written::Won(_) = shelf.write(&at_own, &kept).await? else {
                return Ok(ImportOutcome::Exists);
            };
        }
        if moved && at_derived.kept.is_none() {
            let Written::Won(_) = shelf.write(&at_derived, &Kept::new(pointer)).await? else {
                return Ok(ImportOutcome::OrderMadeHere);
            };
        }
        Ok(if fresh { ImportOutcome::Imported } else { ImportOutcome::Exists })
    }
}
