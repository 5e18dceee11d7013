//! Finds entities by their IDs: first under the keys that follow from the IDs, then in the catalogue.

use domain::catalogue::CatalogueList;
use domain::entity::{Entity, Subject};
use domain::outbox::Reader;
use shell::failure::Failure;
use shell::repository::Slot;
use shell::store::CatalogueItem;

use super::FoundEntity;
use super::filter::Wanted;
use super::pages::{CataloguePages, read};
use crate::error::CommandError;
use crate::progress::Progress;
use crate::read_failures::ReadFailures;
use crate::session::Session;

/// What an operator looks for.
pub trait LookupTarget {
    /// The subjects that it may be.
    fn candidates(&self) -> Candidates;

    /// Whether an entry of the catalogue may be it.
    fn may_be(&self, item: &CatalogueItem) -> bool;

    /// Whether an entity is it.
    fn is(&self, found: &FoundEntity) -> bool;

    /// What is uncertain about a match.
    fn note(&self, _found: &FoundEntity) -> Option<String> {
        None
    }
}

/// Subjects whose keys follow from what an operator typed.
#[derive(Default)]
pub struct Candidates {
    /// The text is its ID: whatever is stored there is meant.
    pub named: Vec<Subject>,
    /// The ID is derived from the text: it may belong to something else.
    pub derived: Vec<Subject>,
}

/// The entities that were found, and the records that cannot be used.
pub struct Found {
    pub entities: Vec<FoundEntity>,
    pub failures: ReadFailures,
}

/// Finds the entities that a target means. It pages through the catalogue only if no key leads to one.
///
/// # Errors
/// If the store does not answer, or the only candidate cannot be used.
pub fn find(
    session: &Session,
    target: &dyn LookupTarget,
    lists: &[CatalogueList],
) -> Result<Found, CommandError> {
    let Candidates { named, derived } = target.candidates();
    let named = named.iter().map(|subject| (subject, true));
    for (subject, is_named) in named.chain(derived.iter().map(|subject| (subject, false))) {
        let slot = follow(session, subject).map_err(|failure| session.advised(failure))?;
        let found = FoundEntity::of(slot, None).filter(|found| lists.contains(&found.list));
        if let Some(found) = found.filter(|found| is_named || target.is(found)) {
            return Ok(Found { entities: vec![found], failures: ReadFailures::default() });
        }
    }
    search(session, target, lists)
}

/// Reads a record, and follows a pointer once.
///
/// # Errors
/// If the store does not answer, or the value cannot be used.
pub fn follow(session: &Session, subject: &Subject) -> Result<Slot, Failure> {
    let read = |key| session.runtime.block_on(session.repository(Reader::Product).read_key(key));
    let slot = read(subject.key())?;
    match slot.record().map(|record| &record.entity) {
        Some(Entity::MovedTo(moved)) => read(Subject::Instance(moved.clone()).key()),
        _ => Ok(slot),
    }
}

/// Finds them in the catalogue.
fn search(
    session: &Session,
    target: &dyn LookupTarget,
    lists: &[CatalogueList],
) -> Result<Found, CommandError> {
    let wanted = Wanted { lists: lists.to_vec(), since: None, until: None };
    let mut pages = CataloguePages::new(session, &wanted, usize::MAX);
    let mut progress = Progress::new("entries searched");
    let (mut entities, mut failures) = (Vec::new(), ReadFailures::default());
    loop {
        let mut items = pages.take(PAGE)?;
        if items.is_empty() {
            return Ok(Found { entities, failures });
        }
        progress.add(items.len());
        items.retain(|item| target.may_be(item));
        let slots = read(session, items.iter().map(|item| item.key.clone()));
        for (item, slot) in items.iter().zip(slots) {
            let slot = failures.keep(session, slot)?;
            let found = slot.and_then(|slot| FoundEntity::of(slot, Some(item.changed)));
            entities.extend(found.filter(|found| target.is(found)));
        }
    }
}

/// How many entries are searched at once.
const PAGE: usize = 1_000;
