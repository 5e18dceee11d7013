//! One pass over all values of a store.

use std::time::Duration;

use domain::outbox::Reader;
use shell::failure::Failure;
use shell::repository::Resealed;
use shell::reseal::reseal;
use shell::seal::SealedBy;
use shell::store::{AnyStore, Scan, ScanPage, ScanPlace};
use shell::world::World;

use crate::error::CommandError;
use crate::progress::Progress;
use crate::session::Session;

/// What a pass found and wrote.
#[derive(Debug, Default)]
pub struct ResealPass {
    /// Values that the current key had sealed.
    pub right: u64,
    /// Values that each previous key had sealed.
    pub previous: Vec<u64>,
    /// Values that were unencrypted.
    pub unencrypted: u64,
    /// Values that another process has replaced meanwhile, not with the current key.
    pub overtaken: u64,
    /// Writes that the store did not answer.
    pub unanswered: u64,
    /// How many values no key decrypts.
    pub unopened: u64,
    /// The keys of the first such values.
    pub unopened_keys: Vec<String>,
    /// Whether the pass seals what it finds.
    is_writing: bool,
}

impl ResealPass {
    /// A pass that has not begun. It seals what it finds if `is_writing`.
    pub fn new(previous_keys: usize, is_writing: bool) -> Self {
        Self { previous: vec![0; previous_keys], is_writing, ..Self::default() }
    }

    /// Reads every value, and seals it with the current key.
    ///
    /// # Errors
    /// If the store does not answer.
    pub fn scan(&mut self, session: &Session) -> Result<(), CommandError> {
        let mut progress = Progress::new("values read");
        let mut after = None;
        loop {
            let page = page(session, after.as_ref()).map_err(|failure| session.advised(failure))?;
            progress.add(page.values.len());
            after = page.next.clone();
            let (begun, before) = (session.world.elapsed(), self.of_others());
            for (key, resealed) in self.turn(session, page) {
                self.add(session, key, resealed)?;
            }
            if self.is_writing && self.of_others() > before {
                leave_lock(session, session.world.elapsed().saturating_sub(begun));
            }
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Whether each value was found as it should be, so that no other pass is needed.
    pub fn is_clean(&self) -> bool {
        self.of_others() == 0 && self.overtaken == 0 && self.unanswered == 0
    }

    fn turn(&self, session: &Session, page: ScanPage) -> Vec<(String, Result<Resealed, Failure>)> {
        let repository = session.repository(Reader::Product);
        if self.is_writing {
            return session.runtime.block_on(reseal(&repository, page.values));
        }
        let now = session.world.now();
        let judged = page.values.into_iter().map(|value| {
            let found = repository.sealed_by(&value, now);
            let found = found.map(|key| match key {
                None => Resealed::Bare,
                Some(SealedBy::Current) => Resealed::Right,
                Some(key) => Resealed::Written(key),
            });
            (value.key, found)
        });
        judged.collect()
    }

    fn add(
        &mut self,
        session: &Session,
        key: String,
        resealed: Result<Resealed, Failure>,
    ) -> Result<(), CommandError> {
        match resealed {
            Ok(Resealed::Bare) => {}
            Ok(Resealed::Right) => self.right += 1,
            Ok(Resealed::Written(SealedBy::Previous(place))) => {
                if let Some(count) = self.previous.get_mut(place) {
                    *count += 1;
                }
            }
            Ok(Resealed::Written(SealedBy::Nothing | SealedBy::Current)) => self.unencrypted += 1,
            Ok(Resealed::Overtaken) => self.overtaken += 1,
            Err(Failure::Unopened) => {
                self.unopened += 1;
                if self.unopened_keys.len() < MAX_KEYS {
                    self.unopened_keys.push(key);
                }
            }
            // Perhaps it was written. The next pass looks.
            Err(Failure::StoreUnavailable | Failure::OutOfTime) => self.unanswered += 1,
            Err(failure) => return Err(session.advised(failure)),
        }
        Ok(())
    }

    /// Adds what another pass wrote.
    pub fn add_written(&mut self, other: &Self) {
        self.unencrypted += other.unencrypted;
        self.previous.resize(other.previous.len(), 0);
        for (sum, count) in self.previous.iter_mut().zip(&other.previous) {
            *sum += count;
        }
    }

    /// How many values another key than the current one had sealed, or none.
    pub fn of_others(&self) -> u64 {
        self.unencrypted + self.previous.iter().sum::<u64>()
    }
}

/// Leaves the lock of a SQLite file to the serving processes, for as long as this command had it. SQLite
/// has no queue of waiting processes: each tries again from time to time, and would rarely find the lock
/// free.
fn leave_lock(session: &Session, held: Duration) {
    if matches!(session.world.store(), AnyStore::Sqlite(_)) {
        session.runtime.block_on(session.world.pause(held));
    }
}

/// Reads a page. A store that does not answer is asked again for some seconds.
fn page(session: &Session, after: Option<&ScanPlace>) -> Result<ScanPage, Failure> {
    let read = || {
        let scan = session.world.store().scan(after, PAGE);
        let scan = session.world.within(BUDGET, scan);
        session.runtime.block_on(scan).ok_or(Failure::OutOfTime)?.map_err(Failure::from)
    };
    for _ in 0..RETRIES {
        if let Ok(page) = read() {
            return Ok(page);
        }
        session.runtime.block_on(session.world.pause(PAUSE));
    }
    read()
}

/// How often a page is read again, and the pause before it.
const RETRIES: usize = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// How many values are read at once. With the longest values they need 20 MiB.
const PAGE: usize = 100;
/// How long one page may take.
const BUDGET: Duration = Duration::from_secs(30);
/// How many keys of values that cannot be decrypted are kept.
const MAX_KEYS: usize = 20;
