//! The path of one believed callback, once, for every function: parse, recall, decide, commit,
//! reply. (`endpoint.rs` receives and verifies before, and signs after.)

use std::collections::BTreeMap;
use std::time::Duration;

use domain::decide::{Verdict, decide};
use domain::decide_list::{ListDecision, decide_list, directory};
use domain::directory::{self, PartName};
use domain::entity::{Entity, RecordError, Subject};
use domain::instance::effective;
use domain::page::{Change, ChangeList, Look, Page, Visit};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use protocol::message::{Fields, Purpose, Reply};
use protocol::signature::{TOLERANCE_MILLIS, Verified};

use crate::call_error::CallError;
use crate::call_log::CallLog;
use crate::context::Context;
use crate::failure::Failure;
use crate::repository::{Recalled, Repository, Written};
use crate::world::World;

/// How many instances of a query are read at once (decision D8).
const READS_AT_ONCE: usize = 8;
/// How long a used signature is remembered. Longer than it could be used again: a call is
/// believed from one tolerance before its signed time to one after.
const REMEMBERED: Duration = Duration::from_secs(150);
const _: () =
    assert!(Duration::from_millis(2 * TOLERANCE_MILLIS).as_nanos() < REMEMBERED.as_nanos());

/// One believed callback on its way.
pub(crate) struct Call<'a, W> {
    pub context: &'a Context<W>,
    pub repository: Repository<'a, W>,
    /// How much longer than other calls this one may take, and the product with it.
    pub stretch: Duration,
    pub verified: &'a Verified,
    pub line: CallLog,
}

/// A callback that has been carried out, or not.
pub(crate) struct Handled {
    pub reply: Result<Reply, CallError>,
    pub line: CallLog,
}

impl<'p, 'a: 'p, W: World> Visit<'p> for Call<'a, W> {
    type Output = BoxFuture<'p, Handled>;

    fn change<P: Change>(mut self, page: &'p P) -> Self::Output {
        Box::pin(async move { Handled { reply: self.carry_out(page).await, line: self.line } })
    }

    fn change_list<P: ChangeList>(mut self, page: &'p P) -> Self::Output {
        Box::pin(async move { Handled { reply: self.carry_out_list(page).await, line: self.line } })
    }

    fn look<P: Look>(mut self, page: &'p P) -> Self::Output {
        Box::pin(async move { Handled { reply: self.look_up(page).await, line: self.line } })
    }

    fn nowhere(self) -> Self::Output {
        Box::pin(async move { Handled { reply: Err(CallError::ActivityUnknown), line: self.line } })
    }
}

impl<W: World> Call<'_, W> {
    async fn carry_out<P: Change>(&mut self, page: &P) -> Result<Reply, CallError> {
        if let Some(reply) = self.rehearsed(page)? {
            return Ok(reply);
        }
        let request = page.read(self.verified)?;
        let subject = page.subject(&request);
        let mut recalled = self.recall(&subject).await?;
        loop {
            let now = self.repository.world.now();
            let is_new = recalled.version.is_none();
            let verdict =
                decide(page, &request, recalled.kept.take(), self.repository.reader, now)?;
            self.line.decided(verdict.outcome, verdict.remarks.clone());
            let Verdict { write: Some(mut kept), reply, .. } = verdict else {
                return Ok(verdict.reply);
            };
            // The commit carries the claim of its own first attempt.
            let inline = self.claim(&mut kept, is_new);
            self.line.writes += 1;
            match self.repository.write(&recalled, &kept).await? {
                Written::Won(version) => {
                    let Some(inline) = inline else { return Ok(reply) };
                    recalled.version = Some(version);
                    recalled.kept = Some(kept);
                    return Ok(self.tell(page, &request, recalled, inline).await.unwrap_or(reply));
                }
                Written::Lost(standing) => recalled = self.recall_again(&subject, standing).await?,
            }
        }
    }

    /// The parts stand before the head refers to them, all of them; an interruption leaves the
    /// old list whole.
    async fn carry_out_list<P: ChangeList>(&mut self, page: &P) -> Result<Reply, CallError> {
        if let Some(reply) = self.rehearsed(page)? {
            return Ok(reply);
        }
        let request = page.read(self.verified)?;
        let (at, ahead) = effective(page.at(&request), self.repository.world.now());
        let change = page.change(&request, at);
        let subject = page.subject(&request);
        let mut recalled = self.recall(&subject).await?;
        let mut decided: Option<ListDecision> = None;
        loop {
            // A relay that settled a notice meanwhile changed nothing that was decided on.
            let standing = decided.filter(|it| it.fits(recalled.kept.as_ref()));
            let is_new = standing.is_none();
            let decision = match standing {
                Some(decision) => decision,
                None => {
                    let Some(read) = self.read_index(&recalled, &change).await? else {
                        // A part was let go: the head that referred to it stands no longer.
                        self.repository.rest().await?;
                        recalled = self.recall(&subject).await?;
                        decided = None;
                        continue;
                    };
                    let fresh = || PartName::new(self.repository.world.random());
                    let standing = directory(recalled.kept.as_ref());
                    decide_list(page, &request, (&change, at), &standing, &read, fresh)
                        .map_err(Failure::from)?
                }
            };
            let remarks = decision.remarks.iter().copied().chain(ahead).collect();
            self.line.decided(decision.outcome, remarks);
            match self.commit_list(&subject, recalled, &decision, is_new).await? {
                None => return Ok(Reply::success()),
                Some(standing) => recalled = standing,
            }
            decided = Some(decision);
        }
    }

    /// Reads the parts of the index that a change needs; `None` if one of them was let go.
    async fn read_index(
        &mut self,
        recalled: &Recalled,
        change: &directory::DirectoryChange,
    ) -> Result<Option<BTreeMap<PartName, Vec<u8>>>, Failure> {
        let needs = directory(recalled.kept.as_ref()).head.needs(change);
        self.line.reads += needs.len();
        self.repository.read_parts(&recalled.key, needs).await
    }

    /// Writes what was decided of a list over what was recalled, the parts first if they are not
    /// there yet. What stands instead, if another was faster.
    async fn commit_list(
        &mut self,
        subject: &Subject,
        recalled: Recalled,
        decision: &ListDecision,
        is_new: bool,
    ) -> Result<Option<Recalled>, Failure> {
        let Repository { reader, world, .. } = self.repository;
        let Some(kept) = decision.onto(recalled.kept.clone(), reader, world.now())? else {
            return Ok(None);
        };
        // A value that does not fit is refused before any part of it is written.
        kept.to_bytes()?;
        if is_new {
            self.line.writes += decision.parts.len();
            self.repository.write_parts(&recalled.key, decision.parts.clone()).await?;
        }
        self.line.writes += 1;
        match self.repository.write(&recalled, &kept).await? {
            Written::Won(_) => Ok(None),
            Written::Lost(standing) => self.recall_again(subject, standing).await.map(Some),
        }
    }

    async fn look_up<P: Look>(&mut self, page: &P) -> Result<Reply, CallError> {
        if let Some(reply) = self.rehearsed(page)? {
            return Ok(reply);
        }
        let request = page.read(self.verified)?;
        if page.discloses(self.verified) {
            self.remember_signature().await?;
        }
        let subjects = page.subjects(&request);
        self.line.reads += subjects.len();
        let reads: Vec<_> = subjects.into_iter().map(|subject| self.entity(subject)).collect();
        let found: Vec<_> = stream::iter(reads).buffered(READS_AT_ONCE).collect().await;
        let found: Vec<_> = found.into_iter().collect::<Result<_, _>>()?;
        Ok(page.reply(&request, &found)?)
    }

    /// The answer to a rehearsal, which leaves no trace; none where a buyer is behind the call.
    fn rehearsed<P: Page>(&mut self, page: &P) -> Result<Option<Reply>, CallError> {
        self.line.rehearsal = Fields::of(self.verified).purpose()? == Purpose::Rehearsal;
        let rehearsal = self.line.rehearsal.then(|| page.rehearse(self.verified));
        Ok(rehearsal.transpose()?)
    }

    /// One read; one more if the purchase was made elsewhere.
    async fn recall(&mut self, subject: &Subject) -> Result<Recalled, Failure> {
        self.line.reads += 1;
        let recalled = self.repository.read(subject).await?;
        self.follow(subject, recalled).await
    }

    /// What won a race is read by the same rules as what was found first (decision C2): an import
    /// may have put a pointer there meanwhile.
    async fn recall_again(
        &mut self,
        subject: &Subject,
        standing: Recalled,
    ) -> Result<Recalled, Failure> {
        self.repository.rest().await?;
        self.follow(subject, standing).await
    }

    /// Follows a pointer, once. A value of another kind is never taken for absence: it would be
    /// written over.
    async fn follow(&mut self, subject: &Subject, recalled: Recalled) -> Result<Recalled, Failure> {
        let Some(kept) = &recalled.kept else { return Ok(recalled) };
        if !subject.holds(&kept.entity) {
            return Err(Failure::Value(RecordError::Unreadable));
        }
        let Some(moved) = subject.follow(&kept.entity) else { return Ok(recalled) };
        self.line.reads += 1;
        let recalled = self.repository.read(&moved).await?;
        match recalled.kept.as_ref().map(|kept| &kept.entity) {
            Some(entity) if subject.is_led_to(entity) => Ok(recalled),
            // An import that is half done: a purchase made here now would lie under another's ID.
            Some(_) | None => Err(Failure::Value(RecordError::Unreadable)),
        }
    }

    async fn entity(&self, subject: Subject) -> Result<Option<Entity>, Failure> {
        Ok(self.repository.read(&subject).await?.kept.map(|kept| kept.entity))
    }

    /// Remembers that this very signature was answered (decision B8): an answer with credentials
    /// in clear is given once.
    async fn remember_signature(&mut self) -> Result<(), CallError> {
        let key = format!("used:{}", hex::encode(self.verified.signature()));
        self.line.writes += 1;
        let fresh =
            self.repository.mark(&key, self.repository.world.now().after(REMEMBERED)).await?;
        if fresh { Ok(()) } else { Err(CallError::UsedBefore) }
    }
}
