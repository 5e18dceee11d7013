//! The scan of all values of a store, for commands (decision I4). Functions do not contain this code
//! and have no permission for it.

use domain::catalogue::CatalogueEntry;
use protocol::time::UnixMillis;

use super::{Queue, Unavailable, Version};

/// A store that can list all its values.
pub trait Scan {
    /// Returns the values of one page. `after` is the place that the previous page returned. Every
    /// value that exists during the whole scan is on a page, perhaps on two. A page may be empty.
    ///
    /// # Errors
    /// If the store does not answer.
    fn scan(
        &self,
        after: Option<&ScanPlace>,
        limit: usize,
    ) -> impl Future<Output = Result<ScanPage, Unavailable>> + Send;
}

/// A page of a scan.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ScanPage {
    /// The values.
    pub values: Vec<ScannedValue>,
    /// Where the next page begins; `None` after the last page.
    pub next: Option<ScanPlace>,
}

/// A place in a scan. Only the store knows what the text means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScanPlace(pub String);

/// A stored value with everything that was written with it. An expired value may be on a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScannedValue {
    /// Its key.
    pub key: String,
    /// Its version.
    pub version: Version,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its entry on an agenda.
    pub agenda: Option<(Queue, UnixMillis)>,
    /// Its entry in the catalogue.
    pub catalogue: Option<CatalogueEntry>,
    /// When it expires.
    pub expires: Option<UnixMillis>,
}
