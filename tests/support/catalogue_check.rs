//! Checks invariant 21: the catalogue and the stored records agree.

use std::collections::BTreeMap;

use domain::catalogue::{CatalogueEntry, CatalogueList};
use domain::record::EntityRecord;
use domain::store_keys::is_entity;
use protocol::time::UnixMillis;
use shell::seal::Seal;
use shell::store::{Scan, ScannedValue, Store, Version};

/// How many times a check reads a store until no other writer disturbs it.
const MAX_READS: usize = 1_000;

/// Checks that every stored record has exactly its own entry, and that nothing else has one. Returns
/// the number of entries.
///
/// # Panics
/// If the catalogue differs from the records.
pub async fn check_catalogue<S: Store + Scan>(store: &S, seal: &Seal) -> usize {
    for _ in 0..MAX_READS {
        let before = scanned(store).await;
        let listed = listed(store).await;
        if versions(&before) == versions(&scanned(store).await) {
            return compare(before, listed, seal);
        }
    }
    panic!("other writers never stop");
}

fn compare(
    values: BTreeMap<String, ScannedValue>,
    mut listed: Vec<(String, CatalogueEntry)>,
    seal: &Seal,
) -> usize {
    let mut expected = Vec::new();
    for (key, value) in values {
        let entry = entry_of(&key, &value, seal);
        assert_eq!(
            value.catalogue, entry,
            "invariant 21: the entry that the scan finds with {key}"
        );
        expected.extend(entry.map(|entry| (key, entry)));
    }
    listed.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_eq!(listed, expected, "invariant 21: the entries in the lists");
    listed.len()
}

/// The entry that a stored record must have. Its time must be in the record.
fn entry_of(key: &str, value: &ScannedValue, seal: &Seal) -> Option<CatalogueEntry> {
    if !is_entity(key) {
        return None;
    }
    let record = EntityRecord::from_bytes(&seal.open(key, &value.bytes).unwrap()).unwrap();
    let entry = record.catalogue(UnixMillis::EPOCH);
    assert_eq!(entry.map(|entry| entry.changed), record.changed, "invariant 21: {key} has a time");
    entry
}

async fn scanned<S: Scan>(store: &S) -> BTreeMap<String, ScannedValue> {
    let (mut all, mut after) = (BTreeMap::new(), None);
    loop {
        let page = store.scan(after.as_ref(), 1_000).await.unwrap();
        all.extend(page.values.into_iter().map(|value| (value.key.clone(), value)));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

fn versions(values: &BTreeMap<String, ScannedValue>) -> BTreeMap<&str, Version> {
    values.iter().map(|(key, value)| (key.as_str(), value.version)).collect()
}

/// Every entry of every list.
async fn listed<S: Store>(store: &S) -> Vec<(String, CatalogueEntry)> {
    let mut all = Vec::new();
    for list in CatalogueList::ALL {
        let items = store.catalogue(list, None, usize::MAX).await.unwrap();
        all.extend(items.into_iter().map(|item| {
            (item.key, CatalogueEntry { list, changed: item.changed, order: item.order })
        }));
    }
    all
}
