//! Checks invariant 21 after a crash: the catalogue and the stored records agree.

use domain::catalogue::{CatalogueEntry, CatalogueList};
use domain::record::EntityRecord;
use domain::store_keys::is_entity;
use protocol::time::UnixMillis;
use shell::store::{Scan, ScannedValue, Store};
use shell::world::World;

use super::Watch;

type Entries = Vec<(String, CatalogueEntry)>;

impl Watch {
    /// Checks that every record has exactly its own entry, and that nothing else has one. The calls have
    /// ended.
    pub(super) fn check_catalogue(&self) {
        let mut expected = Entries::new();
        for ScannedValue { key, bytes, catalogue, .. } in self.scan() {
            let entry = is_entity(&key).then(|| self.seal.open(&key, &bytes).unwrap());
            let record = entry.map(|bytes| EntityRecord::from_bytes(&bytes).unwrap());
            let entry = record.as_ref().and_then(|record| record.catalogue(UnixMillis::EPOCH));
            let changed = record.and_then(|record| record.changed);
            assert_eq!(entry.map(|entry| entry.changed), changed, "invariant 21: {key} has a time");
            assert_eq!(catalogue, entry, "invariant 21: the entry that the scan finds with {key}");
            expected.extend(entry.map(|entry| (key, entry)));
        }
        expected.sort_by(|(one, _), (other, _)| one.cmp(other));
        assert!(!expected.is_empty(), "a check of nothing shows nothing");
        assert_eq!(self.listed(), expected, "invariant 21: the entries in the lists");
    }

    fn scan(&self) -> Vec<ScannedValue> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let scan = self.world.store().scan(after.as_ref(), 1_000);
            let page = self.runtime.block_on(scan).unwrap();
            all.extend(page.values);
            after = page.next;
            if after.is_none() {
                // A scan may find a value twice.
                all.sort_by(|one, other| one.key.cmp(&other.key));
                all.dedup_by(|one, other| one.key == other.key);
                return all;
            }
        }
    }

    /// Every entry of every list, in the order of their keys.
    fn listed(&self) -> Entries {
        let of = |list| {
            let page = self.world.store().catalogue(list, None, usize::MAX);
            let items = self.runtime.block_on(page).unwrap();
            items.into_iter().map(move |item| {
                (item.key, CatalogueEntry { list, changed: item.changed, order: item.order })
            })
        };
        let mut all: Entries = CatalogueList::ALL.into_iter().flat_map(of).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }
}
