//! The invariants of lists and their parts, at every step and at the end.

use std::collections::{BTreeMap, BTreeSet};

use domain::entity::{Entity, Subject};
use domain::kit_list::KitList;
use domain::kit_list::PartName;
use domain::record::EntityRecord;
use domain::store_keys::part_key;
use protocol::time::UnixMillis;
use shell::seal::{Clear, Seal};
use shell::store::Store;
use tests::call::run;

use super::{Lists, departments, users};

impl Lists {
    pub(super) fn kept(&self, key: &str) -> Option<EntityRecord> {
        Some(EntityRecord::from_bytes(&self.bytes(key)?).unwrap())
    }

    /// The value of a key, decrypted; `None` if it was deleted.
    pub(super) fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        let now = UnixMillis::new(self.koohook.world().now_millis());
        let stored = run(self.koohook.store().inner().get(key, now)).unwrap()?;
        let clear = Seal::new(None, None, Clear::Allowed);
        Some(stored.bytes).filter(|it| !it.is_empty()).map(|it| clear.open(key, &it).unwrap())
    }

    /// The parts that a list refers to, and the parts that it lists as unused.
    pub(super) fn referred(&self, list: &Subject) -> (BTreeSet<PartName>, BTreeSet<PartName>) {
        let Some(kept) = self.kept(&list.key()) else { return Default::default() };
        let Entity::KitList(KitList { head, unused, .. }) = kept.entity else {
            panic!("the stored entity is not a list")
        };
        (head.parts().into_iter().chain(kept.outbox.parts()).collect(), unused)
    }

    /// Every part that is referred to must be readable, even after concurrent sweeps.
    pub(super) fn check_parts(&self) {
        for list in [users(), departments()] {
            let key = list.key();
            for name in self.referred(&list).0 {
                assert!(self.bytes(&part_key(&key, name)).is_some(), "{name} is missing");
            }
        }
    }

    /// The messages of a list must be in the order of sequence and part. No message may have two
    /// effects.
    pub(super) fn check_order_of_messages(&self) {
        let mut last: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for message in self.product.effects() {
            let part = message.body["data"]["part"].as_u64().unwrap_or_default();
            let place = (message.sequence(), part);
            let before = last.insert(message.subject(), place);
            assert!(before.is_none_or(|before| before < place), "E1: {before:?}, then {place:?}");
        }
    }
}
