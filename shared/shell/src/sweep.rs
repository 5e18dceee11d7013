//! Lets go of parts that nothing refers to: those of interrupted writes, and those that a newer
//! part replaced (decision E1a). Safe beside callbacks and beside other sweeps.

use marketplace::directory::PartName;
use marketplace::entity::{Directory, Entity, Kept};
use marketplace::time::UnixMillis;

use crate::failure::Failure;
use crate::shelf::{Shelf, Written, part_owner};
use crate::store::{Queue, Store};
use crate::world::World;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Swept {
    /// Parts that were let go.
    pub let_go: usize,
    /// Parts that are referred to, and were taken off the agenda.
    pub kept: usize,
}

/// How many agenda lines one sweep looks at.
const MAX_ENTRIES: usize = 256;

/// Looks at what is due and lets go of what nobody needs.
///
/// # Errors
/// Where the store does not answer in time. What was done stays done.
pub async fn sweep<W: World>(shelf: &Shelf<'_, W>) -> Result<Swept, Failure> {
    let now = shelf.world.now();
    let entries =
        shelf.world.store().agenda(Queue::Due, UnixMillis::EPOCH..=now, MAX_ENTRIES).await?;
    let mut swept = Swept::default();
    for entry in entries {
        let done = match part_owner(&entry.key) {
            Some((name, owner)) => sweep_part(shelf, name, owner).await?,
            None => sweep_loose(shelf, &entry.key).await?,
        };
        swept.let_go += done.let_go;
        swept.kept += done.kept;
    }
    Ok(swept)
}

/// A part that has rested: its owner refers to it, or never will. A writer who paused for all that
/// time must lose before the part goes, so the owner's value is written over its version first.
pub(crate) async fn sweep_part<W: World>(
    shelf: &Shelf<'_, W>,
    name: PartName,
    owner: &str,
) -> Result<Swept, Failure> {
    let recalled = shelf.read_key(owner.to_owned()).await?;
    if recalled.kept.as_ref().is_some_and(|kept| refers_to(kept, name)) {
        shelf.settle_part(owner, name).await?;
        return Ok(Swept { kept: 1, ..Swept::default() });
    }
    let standing = recalled.kept.clone();
    let standing = standing.unwrap_or_else(|| Kept::new(Directory::default().into()));
    match shelf.write(&recalled, &standing).await? {
        Written::Won(_) => shelf.let_go(owner, name).await?,
        // Whoever was faster may refer to it: the agenda brings it up again.
        Written::Lost(_) => return Ok(Swept::default()),
    }
    Ok(Swept { let_go: 1, ..Swept::default() })
}

/// An owner with parts that it no longer refers to: they go, and then its mention of them.
pub(crate) async fn sweep_loose<W: World>(
    shelf: &Shelf<'_, W>,
    key: &str,
) -> Result<Swept, Failure> {
    let recalled = shelf.read_key(key.to_owned()).await?;
    let Some(kept) = recalled.kept.clone() else { return Ok(Swept::default()) };
    let Entity::Directory(Directory { head, loose }) = kept.entity.clone() else {
        return Ok(Swept::default());
    };
    if loose.is_empty() {
        return Ok(Swept::default());
    }
    for name in &loose {
        shelf.let_go(key, *name).await?;
    }
    let let_go = loose.len();
    let tidy = Kept { entity: Directory { head, loose: Default::default() }.into(), ..kept };
    // A lost race leaves the mention to the next sweep, which finds the parts gone already.
    shelf.write(&recalled, &tidy).await?;
    Ok(Swept { let_go, ..Swept::default() })
}

fn refers_to(kept: &Kept, name: PartName) -> bool {
    let indexed = match &kept.entity {
        Entity::Directory(directory) => {
            directory.head.parts().contains(&name) || directory.loose.contains(&name)
        }
        _ => false,
    };
    // A dead letter may be replayed.
    indexed || kept.outbox.parts().any(|part| part == name)
}
