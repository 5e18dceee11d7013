//! The steps of one verified callback, for every page: parse, read, decide, write, deliver, reply.
//! `endpoint/callbacks.rs` does the steps before (receive, verify) and the last one (sign).

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::decide::list::{ListCall, ListDecision, kit_list};
use domain::decide::{Kind, Verdict, decide};
use domain::entity::{Entity, Subject};
use domain::history::EventCall;
use domain::kit_list::PartName;
use domain::page::{Change, ChangeList, FoundSubject, Lookup, Page, Request};
use domain::store_keys::used_signature_key;
use futures_util::{StreamExt, stream};
use protocol::message::{Activity, Fields, OrderId, OrderLineId, Purpose, Reply};
use protocol::signature::{TOLERANCE_MILLIS, Verified};

use crate::call_error::CallError;
use crate::call_log::CallLog;
use crate::context::Context;
use crate::failure::Failure;
use crate::first_attempt::FirstAttempt;
use crate::repository::{Repository, Slot, Start, Update, Updated};
use crate::world::World;

/// How many instances of a query koohook reads concurrently (decision D8).
const READS_AT_ONCE: usize = 8;
/// How long koohook remembers a used signature. A call is accepted from one tolerance before its
/// signed time to one tolerance after it; this time must be longer.
const REMEMBERED: Duration = Duration::from_secs(150);
const _: () =
    assert!(Duration::from_millis(2 * TOLERANCE_MILLIS).as_nanos() < REMEMBERED.as_nanos());

/// One verified callback that is being carried out.
pub(crate) struct Callback<'a, W> {
    pub context: &'a Context<W>,
    pub repository: Repository<'a, W>,
    /// The extra time that this call and the product have, compared with other calls.
    pub stretch: Duration,
    pub verified: &'a Verified,
    pub log: CallLog,
}

/// The result of a callback.
pub(crate) struct Handled {
    pub reply: Result<Reply, CallError>,
    pub log: CallLog,
}

impl<W: World> Callback<'_, W> {
    /// Carries out the call with its page. `page` is `None` if no function here serves the
    /// activity.
    pub async fn carry_out(mut self, page: Option<&dyn Page>) -> Handled {
        let reply = match page {
            Some(page) => self.try_carry_out(page).await,
            None => Err(CallError::ActivityUnknown),
        };
        let counts = &self.repository.counts;
        self.log.reads = counts.reads.load(Ordering::Relaxed);
        self.log.writes = counts.writes.load(Ordering::Relaxed);
        self.log.store = counts.store_time();
        Handled { reply, log: self.log }
    }

    async fn try_carry_out(&mut self, page: &dyn Page) -> Result<Reply, CallError> {
        self.log.rehearsal = Fields::of(self.verified).purpose()? == Purpose::Rehearsal;
        if self.log.rehearsal {
            return Ok(page.rehearse(self.verified, self.repository.world.now())?);
        }
        match page.read(self.verified)? {
            Request::Instance(change) => self.change(&*change).await,
            Request::Tenant(change) => self.change(&*change).await,
            Request::Application(change) => self.change(&*change).await,
            Request::List(change) => self.change_list(&*change).await,
            Request::Lookup(lookup) => self.look_up(&*lookup).await,
        }
    }

    async fn change<E: Kind>(&mut self, change: &dyn Change<E>) -> Result<Reply, CallError> {
        let Self { context, repository, log, .. } = self;
        let (subject, purchase) = (change.subject(), change.purchase());
        log.ids.add_subject(&subject);
        let call = event_call(self.verified, log.activity)?;
        let (repository, stretch) = (repository.clone(), self.stretch);
        let first = FirstAttempt { context, repository, stretch, purchase };
        let FirstAttempt { repository, .. } = &first;
        let updated = repository.update(Start::Subject(&subject), |slot: &Slot| {
            let (reader, now) = (repository.reader, repository.world.now());
            let verdict = decide(change, &call, slot.record(), reader, now)?;
            let Verdict { write, reply, outcome, remarks } = verdict;
            log.decided(outcome, remarks);
            let Some(mut record) = write else { return Ok(Update::Leave((reply, None))) };
            // The claim of the first attempt is in the same write, so it needs no second write.
            let claimed = first.claim(&mut record, slot.found.is_none());
            Ok::<_, CallError>(Update::write(record, (reply, claimed)))
        });
        // Boxed, like the attempt below: these futures are large, and a call's stack is small.
        let Updated { slot, decided: (reply, claimed) } = Box::pin(updated).await?;
        // An imported instance has another ID than its purchase gives.
        log.ids.add_record(slot.record());
        let Some(claimed) = claimed else { return Ok(reply) };
        let (began, store) = (context.world.elapsed(), first.repository.counts.store_time());
        let attempted = Box::pin(first.make(change, slot, claimed)).await;
        let took = context.world.elapsed().saturating_sub(began);
        let store = first.repository.counts.store_time().saturating_sub(store);
        log.product = Some(took.saturating_sub(store));
        (log.notice, log.cause) = (Some(attempted.notice), attempted.cause);
        Ok(attempted.reply.unwrap_or(reply))
    }

    async fn change_list(&mut self, request: &dyn ChangeList) -> Result<Reply, CallError> {
        let Self { repository, log, .. } = self;
        let event = event_call(self.verified, log.activity)?;
        let (subject, call) =
            (request.subject(), ListCall::new(request, event, repository.world.now()));
        let fresh = || PartName::new(repository.world.random());
        let mut earlier: Option<ListDecision> = None;
        let updated = repository.update(Start::Subject(&subject), |slot: &Slot| {
            // If only notices changed meanwhile, the earlier decision is still correct. Its parts
            // are written already.
            let decided = earlier.take().filter(|it| it.fits(slot.record()));
            let is_new = decided.is_none();
            let decision = match decided {
                Some(decision) => decision,
                None => {
                    let current = kit_list(slot.record());
                    let needs = call.needs(&current);
                    if !slot.has_parts(&needs) {
                        return Ok(Update::Read(needs));
                    }
                    call.decide(&current, &slot.parts, fresh)?
                }
            };
            log.decided(decision.outcome, decision.remarks.clone());
            let (reader, now) = (repository.reader, repository.world.now());
            let record = decision.onto(slot.record().cloned(), reader, now)?;
            let parts = if is_new { decision.parts.clone() } else { BTreeMap::new() };
            earlier = Some(decision);
            Ok::<_, CallError>(match record {
                None => Update::Leave(()),
                Some(record) => Update::write_with_parts(record, parts, ()),
            })
        });
        updated.await?;
        Ok(Reply::success())
    }

    async fn look_up(&mut self, lookup: &dyn Lookup) -> Result<Reply, CallError> {
        if lookup.discloses() {
            self.remember_signature().await?;
        }
        let subjects = lookup.subjects().into_iter();
        let reads: Vec<_> =
            subjects.map(|subject| read_entity(&self.repository, lookup, subject)).collect();
        let found: Vec<_> = stream::iter(reads).buffered(READS_AT_ONCE).collect().await;
        let found: Vec<_> = found.into_iter().collect::<Result<_, _>>()?;
        Ok(lookup.reply(&found, self.repository.world.now())?)
    }

    /// Remembers the signature before it is answered (decision B8). koohook gives an answer with
    /// unencrypted credentials only once for a signature.
    async fn remember_signature(&self) -> Result<(), CallError> {
        let key = used_signature_key(self.verified.signature());
        let expires = self.repository.world.now().after(REMEMBERED);
        let is_fresh = self.repository.mark(&key, expires).await?;
        if is_fresh { Ok(()) } else { Err(CallError::UsedBefore) }
    }
}

async fn read_entity<W: World>(
    repository: &Repository<'_, W>,
    lookup: &dyn Lookup,
    subject: Subject,
) -> Result<FoundSubject, Failure> {
    let slot = repository.read(&subject).await?;
    let entity = slot.found.map(|found| found.record.entity);
    let usage = match &entity {
        Some(found @ Entity::Instance(instance)) if lookup.wants_usage(found) => {
            repository.read_usage(&instance.id).await?.found.map(|found| found.record)
        }
        Some(_) | None => None,
    };
    Ok(FoundSubject { entity, usage })
}

/// The call for the history of its entity. A call that has a page has an activity.
fn event_call(verified: &Verified, activity: Option<Activity>) -> Result<EventCall, CallError> {
    let fields = Fields::of(verified);
    let activity = activity.ok_or(CallError::ActivityUnknown)?;
    let order = fields.text("orderId").and_then(|text| OrderId::parse(text).ok());
    let line = fields.text("orderLineId").and_then(|text| OrderLineId::parse(text).ok());
    Ok(EventCall { activity, order, line })
}
