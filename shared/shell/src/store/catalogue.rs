//! Pages of the catalogue (decision I4).

use domain::catalogue::OrderDigest;
use protocol::time::UnixMillis;

/// An entry on a page of the catalogue.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CatalogueItem {
    /// The key of the entity's record.
    pub key: String,
    /// When the entity last changed.
    pub changed: UnixMillis,
    /// The digest of the order of the purchase, if the entity is an instance.
    pub order: Option<OrderDigest>,
}

/// A place in a list of the catalogue: the next page begins after it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct CataloguePlace {
    /// The time of the entry.
    pub changed: UnixMillis,
    /// The key of the entry.
    pub key: String,
}

impl CatalogueItem {
    /// The place of the entry in its list.
    pub fn place(&self) -> CataloguePlace {
        CataloguePlace { changed: self.changed, key: self.key.clone() }
    }

    /// Sorts entries as a page does, and keeps the first `limit` of them.
    pub(super) fn newest(items: impl IntoIterator<Item = Self>, limit: usize) -> Vec<Self> {
        let mut items: Vec<_> = items.into_iter().collect();
        items.sort_by(|a, b| (b.changed, &b.key).cmp(&(a.changed, &a.key)));
        items.truncate(limit);
        items
    }
}
