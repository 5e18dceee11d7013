//! What a list may lack: entities that are not in the catalogue, and what older versions did not keep.

use domain::outbox::Reader;

use super::FoundEntity;
use crate::output::{errln, is_closed};
use crate::session::Session;

/// Counts what the entities on a list lack.
#[derive(Default)]
pub struct Lacks {
    older: usize,
}

impl Lacks {
    /// Counts an entity whose record an older koohook wrote.
    pub fn note(&mut self, found: &FoundEntity) {
        self.older += usize::from(is_older(found));
    }

    /// Says on the standard error what is missing.
    pub fn report(&self, plural: &str, session: &Session) {
        if is_closed() {
            return;
        }
        if self.older > 0 {
            errln!(
                "koohook: an older version wrote {} of these {plural}; their history and some times and \
                 IDs are missing until their next change",
                self.older
            );
        }
        if !is_complete(session) {
            errln!(
                "koohook: the catalogue may lack {plural} of an older version; run koohook store reindex"
            );
        }
    }
}

/// Whether an older koohook wrote the record. Then it has no history.
pub const fn is_older(found: &FoundEntity) -> bool {
    found.record.events.is_empty()
}

/// Whether the store has the mark of a complete catalogue. A store that does not answer gets no hint.
pub fn is_complete(session: &Session) -> bool {
    let repository = session.repository(Reader::Operator);
    session.runtime.block_on(repository.catalogue_is_complete()).unwrap_or(true)
}
