//! What a page of the marketplace's guide is to us: the same methods in the same order in every
//! function. Read one, know all.

use protocol::message::{Activity, InstanceId, Malformed, Reply};
use protocol::signature::Verified;
use protocol::time::UnixMillis;
use serde_json::Value;

use crate::directory;
use crate::entity::{Entity, Subject};
use crate::idempotency::Order;
use crate::instance::{Instance, Transition};
use crate::notice::{NoticeDraft, NoticeType};
use crate::product::{InstanceAccess, ProductError};
use crate::refusal::Refusal;
use crate::remark::Remark;
use crate::settings::{SettingError, Settings};
use crate::tenant::{self, Dated, Synced};

/// A page of the guide: a value made from the configuration at start.
pub trait Page: Send + Sync + Sized + 'static {
    /// The page's activity.
    const ACTIVITY: Activity;
    /// Whether what it keeps must be sealed wherever it lies (decision F5).
    const KEEPS_SECRETS: bool = false;
    /// What a call says.
    type Request: Send + Sync;

    /// The page under a configuration.
    ///
    /// # Errors
    /// Where it cannot work under it.
    fn new(settings: &Settings) -> Result<Self, SettingError>;

    /// Answers a rehearsal, which leaves no trace (decision D10).
    ///
    /// # Errors
    /// Where an ID is missing that the answer would echo.
    fn rehearse(&self, verified: &Verified) -> Result<Reply, Malformed>;

    /// Reads a real call.
    ///
    /// # Errors
    /// Where it is not as the guide says.
    fn read(&self, verified: &Verified) -> Result<Self::Request, Malformed>;
}

/// A page that changes one entity.
pub trait Change: Page {
    /// What it changes.
    type Entity: Into<Entity> + TryFrom<Entity> + Clone + Send + Sync;

    /// Which one.
    fn subject(&self, request: &Self::Request) -> Subject;

    /// The order behind the call, where it is to be carried out once.
    fn order(&self, request: &Self::Request) -> Option<Order> {
        let _ = request;
        None
    }

    /// Decides what becomes of the entity.
    ///
    /// # Errors
    /// Where the rules say no.
    fn decide(
        &self,
        request: &Self::Request,
        current: Option<Self::Entity>,
        now: UnixMillis,
    ) -> Result<Decision<Self::Entity>, Refusal>;

    /// What a repeat of an order still changes. Most change nothing.
    fn repeat(
        &self,
        request: &Self::Request,
        current: Self::Entity,
        now: UnixMillis,
    ) -> Decision<Self::Entity> {
        let _ = (request, current, now);
        Decision::nothing()
    }

    /// What the answer to this call changes in turn, if the product was told before it; `is_new`
    /// if the call made the entity.
    fn answered(
        &self,
        request: &Self::Request,
        entity: Self::Entity,
        is_new: bool,
        now: UnixMillis,
    ) -> Self::Entity {
        let _ = (request, is_new, now);
        entity
    }

    /// Answers with what stands.
    fn reply(&self, request: &Self::Request, entity: &Self::Entity) -> Reply;
}

/// A page that changes a long list, of which order and repeats alone are kept.
pub trait ChangeList: Page {
    /// Which list.
    fn subject(&self, request: &Self::Request) -> Subject;

    /// When the change happened, by the marketplace's word.
    fn at(&self, request: &Self::Request) -> UnixMillis;

    /// What is asked of it, at the time that the call counts as.
    fn change(&self, request: &Self::Request, at: UnixMillis) -> directory::DirectoryChange;

    /// What the product is to be told: at the time that the call counts as, given what each edit
    /// or entry amounted to.
    fn tell(
        &self,
        request: &Self::Request,
        at: UnixMillis,
        outcomes: &[directory::EntryOutcome],
    ) -> ListNotice;

    /// The member of a record that says who or what it is.
    fn identity(&self) -> &'static str;
}

/// What the product is told of a change to a list.
#[derive(Clone, Debug)]
pub struct ListNotice {
    /// The notice.
    pub notice: NoticeDraft,
    /// The records that it is about, too many to stand in it.
    pub records: Vec<Value>,
}

/// A page that only looks.
pub trait Look: Page {
    /// At what, in the order of the answer.
    fn subjects(&self, request: &Self::Request) -> Vec<Subject>;

    /// Whether an answer hands out what must not be handed out twice to one signature
    /// (decision B8).
    fn discloses(&self, verified: &Verified) -> bool {
        let _ = verified;
        false
    }

    /// Answers with what was found, each at its subject's place.
    ///
    /// # Errors
    /// Where the rules say no.
    fn reply(&self, request: &Self::Request, found: &[Option<Entity>]) -> Result<Reply, Refusal>;
}

/// What a change decided.
#[derive(Clone, Debug)]
pub struct Decision<E> {
    /// What is to stand; `None` where nothing changes and nothing is written.
    pub entity: Option<E>,
    /// What the product is to be told, in order.
    pub notices: Vec<NoticeDraft>,
    /// Why there was less effect than the call asked for, and what was odd about it.
    pub remarks: Vec<Remark>,
}

impl<E> Decision<E> {
    /// Nothing changes.
    pub const fn nothing() -> Self {
        Self { entity: None, notices: Vec::new(), remarks: Vec::new() }
    }

    /// The same decision, remarked upon.
    #[must_use]
    pub fn with_remark(mut self, remark: Option<Remark>) -> Self {
        self.remarks.extend(remark);
        self
    }
}

impl<T: Clone + PartialEq> Decision<Dated<T>> {
    /// What a kit call about one thing amounts to.
    pub fn of_synced(
        before: Option<&Dated<T>>,
        synced: Synced<T>,
        draft: impl Fn(tenant::KitChange) -> NoticeDraft,
    ) -> Self {
        let Synced { dated, notice, remark } = synced;
        let notices = notice.map(draft).into_iter().collect();
        let remarks = remark.into_iter().collect();
        Self { entity: Some(dated).filter(|after| Some(after) != before), notices, remarks }
    }
}

impl Decision<Instance> {
    /// What a transition amounts to: nothing where the instance is as it was and nobody is told.
    /// (A second upgrade of one signed time leaves the instance as it was.) `draft` writes a
    /// notice; what was known before the call goes with each.
    pub fn of(
        before: &Instance,
        transition: Transition,
        draft: impl Fn(NoticeType) -> NoticeDraft,
    ) -> Self {
        let Transition { instance, notices, revived, remarks } = transition;
        let known = serde_json::json!({
            "state": before.state.as_str(),
            "expireTime": before.expires.map(UnixMillis::to_rfc3339),
        });
        let drafts = notices.into_iter().map(draft);
        let drafts = revived.then(|| purchase(&instance)).into_iter().chain(drafts);
        let tell = |draft: NoticeDraft| {
            draft.with("instanceId", instance.id.as_str()).with("before", known.clone())
        };
        let notices: Vec<_> = drafts.map(tell).collect();
        let entity = Some(instance.clone());
        let entity = entity.filter(|after| after != before || !notices.is_empty());
        Self { entity, notices, remarks }
    }
}

/// The notice of a purchase that was abandoned and is wanted after all. The call that says so may
/// be of another activity, and its fields may be of another order.
fn purchase(instance: &Instance) -> NoticeDraft {
    NoticeDraft::of_time(NoticeType::Created)
        .with("activity", Activity::NewInstance.as_str())
        .with("orderId", instance.order_id.as_str())
}

/// A page of our own guide: what the product tells us by itself.
pub trait Hear: Default + Send + Sync + 'static {
    /// Reads a message that came to an instance's path.
    ///
    /// # Errors
    /// Where it is none, or was signed for something else.
    fn read(&self, path_id: &InstanceId, body: &[u8]) -> Result<InstanceAccess, ProductError>;

    /// Decides what becomes of the instance, at the time that the message was signed.
    ///
    /// # Errors
    /// Where the instance is gone.
    fn decide(
        &self,
        told: &InstanceAccess,
        current: Instance,
        at: UnixMillis,
    ) -> Result<Instance, Refusal>;
}

/// One or more pages that answer at one address.
pub trait Bundle: Send + Sync + Sized + 'static {
    /// Whether what one of the pages keeps must be sealed wherever it lies.
    const KEEPS_SECRETS: bool = false;

    /// The pages under a configuration.
    ///
    /// # Errors
    /// Where one of them cannot work under it.
    fn new(settings: &Settings) -> Result<Self, SettingError>;

    /// Shows the visitor the page of an activity, if it is served here.
    fn pick<'p, V: Visit<'p>>(&'p self, activity: Option<Activity>, visit: V) -> V::Output;
}

/// Whoever wants to be shown a page.
pub trait Visit<'p>: Sized {
    /// What the visit is for.
    type Output;

    /// The page changes something.
    fn change<P: Change>(self, page: &'p P) -> Self::Output;

    /// The page changes a long list.
    fn change_list<P: ChangeList>(self, page: &'p P) -> Self::Output;

    /// The page only looks.
    fn look<P: Look>(self, page: &'p P) -> Self::Output;

    /// No page is served under this word.
    fn nowhere(self) -> Self::Output;
}

/// A bundle of one page that changes.
pub struct Changes<P>(P);

/// A bundle of one page that changes a long list.
pub struct ChangesList<P>(P);

/// A bundle of one page that looks.
pub struct Looks<P>(P);

impl<P: Change> Bundle for Changes<P> {
    const KEEPS_SECRETS: bool = P::KEEPS_SECRETS;

    fn new(settings: &Settings) -> Result<Self, SettingError> {
        P::new(settings).map(Self)
    }

    fn pick<'p, V: Visit<'p>>(&'p self, activity: Option<Activity>, visit: V) -> V::Output {
        if activity == Some(P::ACTIVITY) { visit.change(&self.0) } else { visit.nowhere() }
    }
}

impl<P: ChangeList> Bundle for ChangesList<P> {
    const KEEPS_SECRETS: bool = P::KEEPS_SECRETS;

    fn new(settings: &Settings) -> Result<Self, SettingError> {
        P::new(settings).map(Self)
    }

    fn pick<'p, V: Visit<'p>>(&'p self, activity: Option<Activity>, visit: V) -> V::Output {
        if activity == Some(P::ACTIVITY) { visit.change_list(&self.0) } else { visit.nowhere() }
    }
}

impl<P: Look> Bundle for Looks<P> {
    const KEEPS_SECRETS: bool = P::KEEPS_SECRETS;

    fn new(settings: &Settings) -> Result<Self, SettingError> {
        P::new(settings).map(Self)
    }

    fn pick<'p, V: Visit<'p>>(&'p self, activity: Option<Activity>, visit: V) -> V::Output {
        if activity == Some(P::ACTIVITY) { visit.look(&self.0) } else { visit.nowhere() }
    }
}
