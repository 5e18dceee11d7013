//! Delivers what is due, lets time pass, and lets go of what nobody needs: on a timer, by one or
//! several at once.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use marketplace::instance::Remark;
use marketplace::outbox::Settled;
use marketplace::time::UnixMillis;
use thiserror::Error;

use crate::delivery::{ATTEMPT, Delivered, Delivery};
use crate::desk::{Desk, Product};
use crate::failure::Failure;
use crate::shelf::{Recalled, Shelf, Written, part_owner};
use crate::store::{Queue, Store};
use crate::sweep::{Swept, sweep_loose, sweep_part};
use crate::world::{Deadline, World};

/// Whoever works on what is due.
pub struct Relay<'a, W> {
    desk: &'a Desk<W>,
    deadline: Deadline,
    /// How many offers in a row met no answer over HTTP.
    silences: AtomicUsize,
    report: Mutex<Report>,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Notices that the product took.
    pub delivered: usize,
    /// Offers that failed, and are made again later.
    pub failed: usize,
    /// Notices that were given up: somebody should look.
    pub dead: usize,
    /// Purchases that the marketplace gave up on.
    pub abandoned: usize,
    /// Entities that could not be worked on: the store failed, or others were faster.
    pub troubled: usize,
    /// Parts of lists that were looked at.
    pub swept: Swept,
    /// Whether the product was plainly down, and the rest was left alone.
    pub stopped: bool,
    /// Whether time was up before the work was done.
    pub unfinished: bool,
}

/// A run that could not begin.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("agenda cannot be read: {0}")]
pub struct NoAgenda(Failure);

/// How many entities are worked on at once.
const AT_ONCE: usize = 16;
/// How many agenda lines are read at once.
const MAX_ENTRIES: usize = 256;
/// After so many offers in a row without an answer the product is down.
const MAX_SILENCES: usize = 5;
/// With less time left than this nothing new is begun: an answer could not be settled.
const LAST_START: Duration = Duration::from_secs(1);

impl Report {
    /// Whether there was anything to do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The report as a JSON object, for whoever rang.
    pub fn to_json(self) -> String {
        let Self { delivered, failed, dead, abandoned, troubled, swept, stopped, unfinished } =
            self;
        let Swept { let_go, kept } = swept;
        serde_json::json!({
            "delivered": delivered, "failed": failed, "dead": dead, "abandoned": abandoned,
            "troubled": troubled, "partsLetGo": let_go, "partsKept": kept,
            "stopped": stopped, "unfinished": unfinished,
        })
        .to_string()
    }

    /// Writes the report where somebody looks if somebody should.
    pub fn log(&self) {
        let Self { delivered, failed, dead, abandoned, troubled, stopped, unfinished, .. } = *self;
        if stopped || dead > 0 || troubled > 0 {
            tracing::warn!(
                delivered, failed, dead, abandoned, troubled, stopped, unfinished, "relayed"
            );
        } else if !self.is_empty() {
            tracing::info!(delivered, failed, dead, abandoned, stopped, unfinished, "relayed");
        }
    }
}

impl<'a, W: World> Relay<'a, W> {
    /// A run that ends after a while.
    pub fn new(desk: &'a Desk<W>, budget: Duration) -> Self {
        let deadline = Deadline::after(desk.world.elapsed(), budget);
        Self { desk, deadline, silences: AtomicUsize::new(0), report: Mutex::default() }
    }

    /// Works on everything that is due, until it is done or time is up.
    ///
    /// # Errors
    /// Where the agenda cannot be read. What was done stays done.
    pub async fn run(self) -> Result<Report, NoAgenda> {
        let mut seen = BTreeSet::new();
        // Whoever worked until time was up has no agenda to read, and did not fail.
        while seen.is_empty() || !self.is_over() {
            let entries = self.entries(seen.len()).await.map_err(NoAgenda)?;
            let fresh: Vec<_> = entries.into_iter().filter(|key| !seen.contains(key)).collect();
            if fresh.is_empty() {
                break;
            }
            seen.extend(fresh.iter().cloned());
            let works = fresh.iter().map(|key| self.work_on(key));
            stream::iter(works.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect::<()>().await;
        }
        let mut report = *self.report();
        report.stopped = self.is_down();
        report.unfinished |= self.is_late();
        Ok(report)
    }

    async fn entries(&self, seen: usize) -> Result<Vec<String>, Failure> {
        let Desk { world, .. } = self.desk;
        let limit = seen.saturating_add(MAX_ENTRIES);
        let due = UnixMillis::EPOCH..=world.now();
        let agenda = world.store().agenda(Queue::Due, due, limit);
        let left = self.deadline.left(world);
        let entries = world.within(left, agenda).await.ok_or(Failure::OutOfTime)??;
        Ok(entries.into_iter().map(|entry| entry.key).collect())
    }

    async fn work_on(&self, key: &str) {
        if self.is_over() {
            self.report().unfinished = true;
            return;
        }
        // One entity's bug is not every entity's: the others are worked on all the same.
        let worked = AssertUnwindSafe(self.work(key)).catch_unwind().await;
        if let Err(failure) = worked.unwrap_or(Err(Failure::Panicked)) {
            tracing::warn!(fault = %failure, "entity left for later");
            self.report().troubled += 1;
        }
    }

    async fn work(&self, key: &str) -> Result<(), Failure> {
        let shelf = self.desk.shelf(self.deadline);
        match part_owner(key) {
            Some((name, owner)) => self.swept(sweep_part(&shelf, name, owner).await),
            None => self.work_on_entity(&shelf, key).await,
        }
    }

    async fn work_on_entity(&self, shelf: &Shelf<'_, W>, key: &str) -> Result<(), Failure> {
        self.swept(sweep_loose(shelf, key).await)?;
        let recalled = shelf.read_key(key.to_owned()).await?;
        let Some(mut recalled) = self.let_pass(shelf, recalled).await? else { return Ok(()) };
        let Some(product) = &self.desk.settings.product else { return Ok(()) };
        while !self.is_over() {
            let Some(delivered) = self.delivery(product).next(recalled).await? else { break };
            self.note(&delivered);
            if delivered.settled != Settled::Delivered {
                break;
            }
            recalled = delivered.recalled;
        }
        Ok(())
    }

    /// The one transition that no call makes (decision D11); `None` where another was faster.
    async fn let_pass(
        &self,
        shelf: &Shelf<'_, W>,
        recalled: Recalled,
    ) -> Result<Option<Recalled>, Failure> {
        let Some(kept) = recalled.kept.clone() else { return Ok(None) };
        let (kept, remark) = kept.pass(shelf.reader, self.desk.world.now());
        if remark.is_none() {
            return Ok(Some(recalled));
        }
        match shelf.write(&recalled, &kept).await? {
            Written::Won(version) => {
                tracing::warn!(remark = Remark::Abandoned.as_str(), "purchase abandoned");
                self.report().abandoned += 1;
                Ok(Some(Recalled { version: Some(version), kept: Some(kept), ..recalled }))
            }
            Written::Lost(_) => Ok(None),
        }
    }

    const fn delivery<'d>(&'d self, product: &'d Product) -> Delivery<'d, W> {
        let Self { desk, deadline, .. } = self;
        let answered = &std::convert::identity;
        Delivery { desk, product, deadline: *deadline, patience: ATTEMPT, answered }
    }

    fn note(&self, delivered: &Delivered) {
        match delivered.unanswered {
            Some(_) => self.silences.fetch_add(1, Ordering::Relaxed),
            None => self.silences.swap(0, Ordering::Relaxed),
        };
        let mut report = self.report();
        match delivered.settled {
            Settled::Delivered => report.delivered += 1,
            Settled::Waits => report.failed += 1,
            Settled::Dead => {
                report.dead += 1;
                tracing::error!(key = delivered.recalled.key, "notice given up");
            }
            Settled::Nothing => (),
        }
    }

    fn swept(&self, swept: Result<Swept, Failure>) -> Result<(), Failure> {
        let Swept { let_go, kept } = swept?;
        let mut report = self.report();
        report.swept.let_go += let_go;
        report.swept.kept += kept;
        Ok(())
    }

    fn report(&self) -> std::sync::MutexGuard<'_, Report> {
        // Numbers are whole after every statement.
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.is_down() || self.is_late()
    }

    fn is_down(&self) -> bool {
        self.silences.load(Ordering::Relaxed) >= MAX_SILENCES
    }

    fn is_late(&self) -> bool {
        self.deadline.left(&self.desk.world) < LAST_START
    }
}
