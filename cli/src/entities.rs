//! Shared by `koohook instances`, `tenants` and `applications`: they list, show and export the entities
//! of one kind.
//!
//! - `filter`: the options that select entities. `pages`: the catalogue, page by page, newest first.
//! - `list`, `show`, `export`: the three commands. `lookup`: finds one entity by its IDs;
//!   `kit_target`: reads the IDs of an entity of the kit.
//! - `notice_status`: why a notice waits, in words. `story`: what happened to an entity, and what happens next.
//! - `completeness`: what a list may lack.

mod completeness;
mod export;
mod filter;
mod kit_target;
mod list;
mod lookup;
mod notice_status;
mod pages;
mod show;
mod story;

use std::process::ExitCode;

use domain::catalogue::CatalogueList;
use domain::entity::Entity;
use domain::outbox::Outbox;
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use serde_json::{Map, Value};
use shell::host::open_to_read;
use shell::repository::Slot;

pub use self::completeness::{Lacks, is_complete};
pub use self::export::ExportArguments;
pub use self::filter::{ListArguments, StateOption};
pub use self::kit_target::KitTarget;
pub use self::lookup::{Candidates, LookupTarget, follow};
pub use self::pages::read as read_records;
pub use self::show::ShowArguments;
use crate::error::CommandError;
use crate::session::{Session, settings};

/// What the commands need to know of a kind of entities.
pub struct EntityKind<const COLUMNS: usize> {
    /// The word for one of them.
    pub noun: &'static str,
    /// The word for several.
    pub plural: &'static str,
    /// The lists of the catalogue that contain them.
    pub lists: &'static [CatalogueList],
    /// The heads of the table.
    pub heads: [&'static str; COLUMNS],
    /// A row of the table.
    pub row: fn(&FoundEntity, UnixMillis) -> [String; COLUMNS],
    /// The members of `summary`, in the order of the columns of an export.
    pub members: &'static [&'static str],
    /// What lists and exports say of an entity, without `changed` and the counts of notices.
    pub summary: fn(&FoundEntity) -> Map<String, Value>,
    /// The names and values at the top of `show`.
    pub fields: fn(&FoundEntity, UnixMillis) -> Vec<Field>,
}

/// A name and its value; no value is not printed.
pub type Field = (&'static str, Option<String>);

/// An entity that was found, with its record.
pub struct FoundEntity {
    /// The key of its record.
    pub key: String,
    /// The record.
    pub record: EntityRecord,
    /// The list of its state, by the record.
    pub list: CatalogueList,
    /// When it last changed, by the record or else by the catalogue.
    pub changed: Option<UnixMillis>,
}

impl FoundEntity {
    /// The entity in a slot; `None` if there is none, or if it is in no list.
    pub fn of(slot: Slot, listed: Option<UnixMillis>) -> Option<Self> {
        let record = slot.found?.record;
        let list = CatalogueList::of(&record.entity)?;
        let changed = record.changed.or(listed);
        Some(Self { key: slot.key, record, list, changed })
    }

    /// Since when it has its state. A purchase has waited since its first call, even if it was
    /// frozen meanwhile.
    pub fn since(&self) -> Option<UnixMillis> {
        let wait = match &self.record.entity {
            Entity::Instance(instance) => instance.wait.map(|wait| wait.since),
            Entity::MovedTo(_)
            | Entity::Tenant(_)
            | Entity::Application(_)
            | Entity::KitList(_) => None,
        };
        wait.or(self.changed)
    }

    /// `2 waiting, 1 dead`; empty if it has no notices.
    pub fn notices_text(&self) -> String {
        let Outbox { waiting, dead, .. } = &self.record.outbox;
        let counts = [(waiting.len(), "waiting"), (dead.len(), "dead")];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        counts.map(|(count, state)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
    }
}

impl<const COLUMNS: usize> EntityKind<COLUMNS> {
    /// What lists and exports say of an entity: the members of its kind and the common ones.
    fn whole_summary(&self, found: &FoundEntity) -> Map<String, Value> {
        let mut summary = (self.summary)(found);
        let Outbox { waiting, dead, .. } = &found.record.outbox;
        summary.insert("changed".to_owned(), utc(found.changed));
        summary.insert("state".to_owned(), found.list.state().into());
        summary.insert("waitingNotices".to_owned(), waiting.len().into());
        summary.insert("deadNotices".to_owned(), dead.len().into());
        summary
    }
}

/// A time in JSON: RFC 3339 in UTC, or null.
pub fn utc(at: Option<UnixMillis>) -> Value {
    at.map(UnixMillis::to_rfc3339).into()
}

/// Opens the store, and runs a command that only reads.
pub fn with_store(
    command: impl FnOnce(&Session) -> Result<ExitCode, CommandError>,
) -> Result<ExitCode, CommandError> {
    let config = settings()?;
    config.store.must_exist()?;
    let session = Session::open(config, async |config| Ok(open_to_read(config).await?))?;
    command(&session)
}

/// Lists, shows or exports entities of a kind.
pub fn list<const COLUMNS: usize, S: StateOption>(
    kind: &EntityKind<COLUMNS>,
    arguments: &ListArguments<S>,
) -> Result<ExitCode, CommandError> {
    with_store(|session| list::list(kind, arguments, session))
}

/// Exports all entities of a kind.
pub fn export<const COLUMNS: usize, S: StateOption>(
    kind: &EntityKind<COLUMNS>,
    arguments: &ExportArguments<S>,
) -> Result<ExitCode, CommandError> {
    with_store(|session| export::export(kind, arguments, session))
}

/// Shows the whole story of the entities with an ID.
pub fn show<const COLUMNS: usize>(
    kind: &EntityKind<COLUMNS>,
    arguments: &ShowArguments,
    target: &dyn LookupTarget,
) -> Result<ExitCode, CommandError> {
    with_store(|session| show::show(kind, arguments, target, session))
}
