//! Reads the entities that have notices.

use std::collections::BTreeSet;

use domain::catalogue::{CatalogueList, OrderDigest};
use domain::entity::{Entity, Subject};
use domain::outbox::Reader;
use domain::store_keys;
use futures_util::StreamExt;
use futures_util::stream;
use protocol::message::{InstanceId, OrderId};
use shell::failure::Failure;
use shell::host::MachineWorld;
use shell::repository::{Repository, Slot};
use shell::store::{AnyStore, CatalogueItem, Queue, Store, Unavailable};
use shell::world::World;

use super::notice_filter::NoticeFilter;
use crate::agenda_keys::add_agenda;
use crate::error::CommandError;
use crate::output;
use crate::progress::Progress;
use crate::read_failures::ReadFailures;
use crate::session::Session;

/// The open store that contains the notices.
pub struct NoticeStore {
    /// The session.
    pub session: Session,
}

impl NoticeStore {
    /// Reads every entity that may have notices, several at once, in a constant order.
    ///
    /// # Errors
    /// If the store does not answer, or the instance is unknown.
    pub fn each(
        &self,
        filter: &NoticeFilter,
        failures: &mut ReadFailures,
        mut each: impl FnMut(&Slot),
    ) -> Result<(), CommandError> {
        if let Some(id) = &filter.instance {
            each(&self.instance(id)?);
            return Ok(());
        }
        let keys: Vec<_> = self.keys()?.into_iter().collect();
        let mut progress = Progress::new("entities read");
        for chunk in keys.chunks(READ_AT_ONCE) {
            for slot in self.read_all(chunk) {
                failures.keep(&self.session, slot)?.iter().for_each(&mut each);
            }
            progress.add(chunk.len());
            if output::is_closed() {
                break;
            }
        }
        Ok(())
    }

    /// Whether an instance was bought with this order, by the catalogue.
    ///
    /// # Errors
    /// If the store does not answer.
    pub fn knows(&self, order: &str) -> Result<bool, CommandError> {
        let Ok(order) = OrderId::parse(order) else { return Ok(false) };
        let wanted = Some(OrderDigest::of(&order));
        let mut is_known = false;
        let mut progress = Progress::new("entries searched");
        for list in CatalogueList::ALL {
            let store = self.session.world.store();
            let found = each_in(store, list, PAGE, |item| {
                progress.add(1);
                is_known |= item.order == wanted;
            });
            let found = self.session.runtime.block_on(found);
            found.map_err(|fault| self.session.advised(fault.into()))?;
        }
        Ok(is_known)
    }

    /// Reads records concurrently.
    pub fn read_all(&self, keys: &[String]) -> Vec<Result<Slot, Failure>> {
        let reads = keys.iter().map(|key| async {
            let repository = self.repository();
            repository.read_key(key.clone()).await
        });
        let reads = stream::iter(reads).buffered(READ_AT_ONCE);
        self.session.runtime.block_on(reads.collect())
    }

    /// The repository. Its reader is a product, so that the relay finds a notice that is due.
    pub fn repository(&self) -> Repository<'_, MachineWorld<AnyStore>> {
        self.session.repository(Reader::Product)
    }

    /// One instance by its own ID, or by the ID that koohook derives from its purchase.
    fn instance(&self, id: &str) -> Result<Slot, CommandError> {
        let advised = |failure| self.session.advised(failure);
        let id = InstanceId::parse(id)
            .map_err(|fault| format!("--instance {fault}; give the ID of an instance"))?;
        let slot = self.read(Subject::Instance(id.clone()).key()).map_err(advised)?;
        let slot = match slot.record().map(|record| &record.entity) {
            Some(Entity::MovedTo(moved)) => {
                self.read(Subject::Instance(moved.clone()).key()).map_err(advised)?
            }
            _ => slot,
        };
        if slot.found.is_none() {
            let advice = "correct the ID, or set KOOHOOK_STORE to the store of this instance";
            return Err(format!("instance {id} is not in this store; {advice}").into());
        }
        Ok(slot)
    }

    fn read(&self, key: String) -> Result<Slot, Failure> {
        self.session.runtime.block_on(async { self.repository().read_key(key).await })
    }

    /// The entities on an agenda, and the purchases that wait for access data.
    fn keys(&self) -> Result<BTreeSet<String>, CommandError> {
        let store = self.session.world.store();
        let mut progress = Progress::new("entities found");
        let found = self.session.runtime.block_on(find_keys(store, PAGE, &mut progress));
        found.map_err(|fault| self.session.advised(fault.into()))
    }
}

/// The keys of entities that may have notices, sorted.
async fn find_keys(
    store: &impl Store,
    page: usize,
    progress: &mut Progress,
) -> Result<BTreeSet<String>, Unavailable> {
    let mut keys = BTreeSet::new();
    for queue in [Queue::Dead, Queue::Due] {
        add_agenda(store, queue, page, &mut keys, progress).await?;
    }
    add_pending(store, page, &mut keys, progress).await?;
    // Parts of lists are also on the agenda, but have no notices.
    keys.retain(|key| !store_keys::is_part(key));
    Ok(keys)
}

async fn add_pending(
    store: &impl Store,
    page: usize,
    keys: &mut BTreeSet<String>,
    progress: &mut Progress,
) -> Result<(), Unavailable> {
    let add = |item: CatalogueItem| {
        progress.add(1);
        keys.insert(item.key);
    };
    each_in(store, CatalogueList::PendingInstances, page, add).await
}

/// Reads a list of the catalogue page by page.
async fn each_in(
    store: &impl Store,
    list: CatalogueList,
    page: usize,
    mut each: impl FnMut(CatalogueItem),
) -> Result<(), Unavailable> {
    let mut after = None;
    loop {
        let items = store.catalogue(list, after.as_ref(), page).await?;
        let is_last = items.len() < page;
        after = items.last().map(CatalogueItem::place);
        items.into_iter().for_each(&mut each);
        if is_last {
            return Ok(());
        }
    }
}

/// How many records are read concurrently.
const READ_AT_ONCE: usize = 16;
/// How many entries of an agenda or of the catalogue are read at once.
const PAGE: usize = 1_000;

#[cfg(test)]
mod tests {
    use domain::catalogue::CatalogueEntry;
    use protocol::time::UnixMillis;
    use shell::store::memory::Memory;
    use shell::store::{Value, Version};

    use super::*;

    #[test]
    fn every_page_of_the_agendas_and_of_the_catalogue_is_read() {
        let at = UnixMillis::new;
        let store = Memory::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let put = |number: u8, value: Value| {
            let (key, value) =
                (format!("k{number:03}"), Value { version: Version([1; 16]), ..value });
            runtime.block_on(store.put(&key, &value, None, at(0))).unwrap();
        };
        for number in 0..200 {
            let agenda = match number {
                0..20 => Some((Queue::Dead, at(5))),
                20..90 => Some((Queue::Due, at(u64::from(number) / 40))),
                _ => None,
            };
            let list = CatalogueList::PendingInstances;
            let changed = at(u64::from(number) / 30);
            let entry = Some(CatalogueEntry { list, changed, order: None });
            let catalogue = entry.filter(|_| number >= 90);
            put(number, Value { agenda, catalogue, ..Value::default() });
        }
        for page in [1, 3, 7, 40, 1_000] {
            let mut progress = Progress::new("entities found");
            let keys = runtime.block_on(find_keys(&store, page, &mut progress)).unwrap();
            let expected = (0..200).map(|number| format!("k{number:03}")).collect();
            assert_eq!(keys, expected, "pages of {page}");
        }
    }
}
