//! The command `list`.

use std::process::ExitCode;

use shell::world::World;

use super::completeness::Lacks;
use super::filter::{ListArguments, StateOption, Wanted};
use super::pages::{CataloguePages, read};
use super::{EntityKind, FoundEntity};
use crate::error::CommandError;
use crate::output::{self, errln};
use crate::output_format::{FormatArgument, JsonArray};
use crate::progress::Progress;
use crate::read_failures::ReadFailures;
use crate::session::Session;
use crate::table::TextTable;

/// The wanted entities, read page by page.
pub struct WantedEntities<'a> {
    session: &'a Session,
    wanted: Wanted,
    pages: CataloguePages<'a>,
    progress: Progress,
    /// The records that cannot be used.
    pub failures: ReadFailures,
    is_ended: bool,
}

impl<'a> WantedEntities<'a> {
    /// Begins with the newest change. `limit` is the most entities that the command needs.
    pub fn new(session: &'a Session, wanted: Wanted, limit: usize, plural: &'static str) -> Self {
        let pages = CataloguePages::new(session, &wanted, limit);
        let (progress, failures) = (Progress::new(plural), ReadFailures::default());
        Self { session, wanted, pages, progress, failures, is_ended: false }
    }

    /// The next entities, at most `limit`; `None` if there are no more.
    pub fn take(&mut self, limit: usize) -> Result<Option<Vec<FoundEntity>>, CommandError> {
        if self.is_ended {
            return Ok(None);
        }
        let mut items = self.pages.take(limit.min(PAGE))?;
        let count = items.len();
        items.retain(|item| !self.wanted.is_before(item.changed));
        self.is_ended = items.len() < count || count == 0;
        self.progress.add(items.len());
        let slots = read(self.session, items.iter().map(|item| item.key.clone()));
        let mut found = Vec::new();
        for (item, slot) in items.iter().zip(slots) {
            let slot = self.failures.keep(self.session, slot)?;
            let entity = slot.and_then(|slot| FoundEntity::of(slot, Some(item.changed)));
            found.extend(entity.filter(|entity| self.wanted.accepts(entity)));
        }
        Ok(Some(found))
    }

    fn has_more(&mut self) -> Result<bool, CommandError> {
        Ok(!self.is_ended && self.pages.has_more()?)
    }
}

/// Prints entities as a table or as an array.
enum Printer<'a, const COLUMNS: usize> {
    Table(&'a EntityKind<COLUMNS>, TextTable<COLUMNS>),
    Json(&'a EntityKind<COLUMNS>, JsonArray),
}

impl<'a, const COLUMNS: usize> Printer<'a, COLUMNS> {
    fn new(kind: &'a EntityKind<COLUMNS>, format: FormatArgument) -> Self {
        if format.is_json() {
            Self::Json(kind, JsonArray::default())
        } else {
            Self::Table(kind, TextTable::new(kind.heads))
        }
    }

    fn print(&mut self, found: &[FoundEntity], session: &Session) {
        match self {
            Self::Table(kind, table) => {
                let now = session.world.now();
                let rows: Vec<_> = found.iter().map(|found| (kind.row)(found, now)).collect();
                table.print(&rows);
            }
            Self::Json(kind, array) => {
                found.iter().for_each(|found| array.push(&kind.whole_summary(found).into()));
            }
        }
    }

    fn end(self) {
        if let Self::Json(_, array) = self {
            array.end();
        }
    }
}

/// Prints the wanted entities.
pub fn list<const COLUMNS: usize, S: StateOption>(
    kind: &EntityKind<COLUMNS>,
    arguments: &ListArguments<S>,
    session: &Session,
) -> Result<ExitCode, CommandError> {
    let limit = arguments.limit();
    let wanted = arguments.filter.wanted(kind.lists, session.world.now());
    let mut entities = WantedEntities::new(session, wanted, limit, kind.plural);
    let mut printer = Printer::new(kind, arguments.format);
    let (mut count, mut lacks) = (0, Lacks::default());
    while count < limit && !output::is_closed() {
        let Some(found) = entities.take(limit - count)? else { break };
        count += found.len();
        found.iter().for_each(|found| lacks.note(found));
        printer.print(&found, session);
    }
    printer.end();
    let has_more = count == limit && entities.has_more()?;
    report(kind.plural, count, has_more);
    lacks.report(kind.plural, session);
    let WantedEntities { failures, .. } = entities;
    failures.end()
}

fn report(plural: &str, count: usize, has_more: bool) {
    if has_more {
        errln!(
            "koohook: these are the {count} newest; to see older {plural} too, add --all, or a larger --limit"
        );
    } else if count == 0 && !output::is_closed() {
        errln!(
            "koohook: no {plural} were found; check the options, and that KOOHOOK_STORE is right"
        );
    }
}

/// The most entities that are read before they are printed.
const PAGE: usize = 500;
