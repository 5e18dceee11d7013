//! Several lists of the catalogue as one, the newest change first.

use std::collections::VecDeque;

use domain::catalogue::CatalogueList;
use domain::outbox::Reader;
use futures_util::future::{join_all, try_join_all};
use protocol::time::UnixMillis;
use shell::failure::Failure;
use shell::repository::Slot;
use shell::store::{CatalogueItem, CataloguePlace, Store};
use shell::world::World;

use super::filter::Wanted;
use crate::error::CommandError;
use crate::session::Session;

/// Pages of the wanted entities.
pub struct CataloguePages<'a> {
    session: &'a Session,
    cursors: Vec<Cursor>,
    page: usize,
}

/// The place in one list.
struct Cursor {
    list: CatalogueList,
    items: VecDeque<CatalogueItem>,
    after: Option<CataloguePlace>,
    is_ended: bool,
}

impl<'a> CataloguePages<'a> {
    /// Begins with the newest change. `limit` is the most entities that the command needs.
    pub fn new(session: &'a Session, wanted: &Wanted, limit: usize) -> Self {
        let cursors = wanted.lists.iter().map(|list| Cursor::new(*list, wanted.until)).collect();
        Self { session, cursors, page: limit.saturating_add(1).min(MAX_PAGE) }
    }

    /// The next entries, at most `limit`. None if there are no more.
    pub fn take(&mut self, limit: usize) -> Result<Vec<CatalogueItem>, CommandError> {
        let mut items = Vec::new();
        while items.len() < limit {
            let Some(item) = self.next()? else { break };
            items.push(item);
        }
        Ok(items)
    }

    /// Whether there are more entries.
    pub fn has_more(&mut self) -> Result<bool, CommandError> {
        self.fill()?;
        Ok(self.cursors.iter().any(|cursor| !cursor.items.is_empty()))
    }

    fn next(&mut self) -> Result<Option<CatalogueItem>, CommandError> {
        self.fill()?;
        let newest = self.cursors.iter_mut().max_by_key(|cursor| cursor.place());
        Ok(newest.and_then(|cursor| cursor.items.pop_front()))
    }

    /// Reads the next page of every list whose page is used up, all at once.
    fn fill(&mut self) -> Result<(), CommandError> {
        let (store, page) = (self.session.world.store(), self.page);
        let empty = |cursor: &&mut Cursor| cursor.items.is_empty() && !cursor.is_ended;
        let reads = self.cursors.iter_mut().filter(empty).map(async |cursor| {
            let items = store.catalogue(cursor.list, cursor.after.as_ref(), page).await?;
            cursor.is_ended = items.len() < page;
            cursor.after = items.last().map(CatalogueItem::place);
            cursor.items = items.into();
            Ok::<_, Failure>(())
        });
        let done = self.session.runtime.block_on(try_join_all(reads));
        done.map(drop).map_err(|failure| self.session.advised(failure))
    }
}

impl Cursor {
    /// A purchase that waits is found by its wait, so its list is not cut.
    fn new(list: CatalogueList, until: Option<UnixMillis>) -> Self {
        let cut = until.filter(|_| list != CatalogueList::PendingInstances);
        let after = cut.map(|until| {
            let changed = UnixMillis::new(until.millis().saturating_add(1));
            CataloguePlace { changed, key: String::new() }
        });
        Self { list, items: VecDeque::new(), after, is_ended: false }
    }

    fn place(&self) -> Option<CataloguePlace> {
        self.items.front().map(CatalogueItem::place)
    }
}

/// Reads records, several at once, in the order of their keys.
pub fn read(
    session: &Session,
    keys: impl IntoIterator<Item = String>,
) -> Vec<Result<Slot, Failure>> {
    let keys: Vec<String> = keys.into_iter().collect();
    let mut slots = Vec::with_capacity(keys.len());
    for keys in keys.chunks(AT_ONCE) {
        let repository = session.repository(Reader::Product);
        let reads = keys.iter().map(|key| repository.read_key(key.clone()));
        slots.extend(session.runtime.block_on(join_all(reads)));
    }
    slots
}

/// The most entries of one page.
const MAX_PAGE: usize = 1_000;
/// The most reads that run at once.
const AT_ONCE: usize = 64;
