//! Checks the permissions of a process in its store by using them (decision I5).
//!
//! The check reads, writes, and reads an agenda and a list of the catalogue as koohook itself does,
//! under a separate key. Two concurrent checks do not disturb each other. A check removes what an interrupted one has left.

use std::time::Duration;

use domain::catalogue::{CatalogueEntry, CatalogueList};
use domain::store_keys::RIGHTS_PROOF;
use protocol::time::UnixMillis;

use super::backend::Backend;
use super::{Put, Queue, Right, RightProof, Value, Version};

/// A store whose permissions can be checked.
pub(super) trait ProveRights: Backend + Sized {
    /// Tries each permission.
    async fn prove_rights(&self, drawn: [Version; 2], now: UnixMillis) -> Vec<RightProof> {
        let read = self.try_get(KEY, now).await;
        let script = self.try_script(KEY).await;
        let over = read.as_ref().ok().and_then(|found| found.as_ref().map(|found| found.version));
        let write = write(self, over, drawn, now).await;
        let agenda = self.try_agenda(Queue::Due, now..=now, 1).await;
        let catalogue = self.try_catalogue(LIST, None, 1).await;
        let proofs = [
            Some((Right::Read, read.map(drop))),
            script.map(|script| (Right::Script, script)),
            Some((Right::Write, write)),
            Some((Right::Agenda, agenda.map(drop))),
            Some((Right::Catalogue, catalogue.map(drop))),
        ];
        let proofs = proofs.into_iter().flatten();
        let judged = |outcome: Result<(), _>| outcome.map_err(|error| Self::right_error(&error));
        proofs.map(|(right, outcome)| (right, judged(outcome))).collect()
    }
}

impl<B: Backend> ProveRights for B {}

/// Writes a value with an agenda entry and a catalogue entry, and then without them. If it loses a race against another
/// check, the permission is confirmed, too.
async fn write<B: Backend>(
    store: &B,
    over: Option<Version>,
    [first, second]: [Version; 2],
    now: UnixMillis,
) -> Result<(), B::Error> {
    let agenda = Some((Queue::Sweep, now.after(LATER)));
    // The first write has no expiry: for that, Redis needs a separate command.
    let catalogue = Some(CatalogueEntry { list: LIST, changed: now, order: None });
    let put = Value { version: first, agenda, catalogue, ..Value::default() };
    let mut over = match store.try_put(KEY, &put, over, now).await? {
        Put::Won => Some(first),
        Put::Lost(found) => found.map(|found| found.version),
    };
    let gone = Value { version: second, agenda: None, catalogue: None, expires: Some(now), ..put };
    if let Put::Lost(Some(found)) = store.try_put(KEY, &gone, over, now).await? {
        over = Some(found.version);
        store.try_put(KEY, &gone, over, now).await?;
    }
    Ok(())
}

/// The key that the check writes.
const KEY: &str = RIGHTS_PROOF;
/// The list that contains the check's entry for a moment.
const LIST: CatalogueList = CatalogueList::DeletedApplications;
/// When the check's agenda entry would be due. It is removed long before.
const LATER: Duration = Duration::from_hours(1);
