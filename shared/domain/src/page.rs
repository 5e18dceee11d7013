//! A page of the marketplace's guide, as code. A page parses a verified call into a request. The
//! request names its subject, decides the change, and makes the reply.

use protocol::message::{Activity, Malformed, Reply};
use protocol::signature::{Contract, Verified};
use protocol::time::UnixMillis;

use crate::decision::{Decision, ListNotice};
use crate::entity::{Entity, Subject};
use crate::idempotency::Order;
use crate::instance::Instance;
use crate::kit_list::{EntryOutcome, KitListChange};
use crate::refusal::Refusal;
use crate::settings::{SettingError, Settings};
use crate::tenant::{Application, Dated, Tenant};
use crate::usage::InstanceUsage;

/// A page of the guide. It is made from the configuration when the process starts.
pub trait Page: Send + Sync {
    /// Answers a rehearsal. A rehearsal stores nothing (decision D10).
    ///
    /// # Errors
    /// If a field is missing that the answer must repeat, or if a field that the rehearsal checks
    /// is wrong.
    fn rehearse(&self, call: &Verified, now: UnixMillis) -> Result<Reply, Malformed> {
        let _ = (call, now);
        Ok(Reply::success())
    }

    /// Parses a real call into a request.
    ///
    /// # Errors
    /// If the call does not follow the guide.
    fn read<'p>(&'p self, call: &Verified) -> Result<Request<'p>, Malformed>;
}

/// A parsed call, by the kind of entity that it changes.
pub enum Request<'p> {
    /// Changes an instance.
    Instance(Box<dyn Change<Instance> + 'p>),
    /// Changes an enterprise.
    Tenant(Box<dyn Change<Dated<Tenant>> + 'p>),
    /// Changes an enterprise's credentials for an application.
    Application(Box<dyn Change<Dated<Application>> + 'p>),
    /// Changes a long list.
    List(Box<dyn ChangeList + 'p>),
    /// Only reads.
    Lookup(Box<dyn Lookup + 'p>),
}

/// A request that changes one entity.
pub trait Change<E>: Send + Sync {
    /// The entity to change.
    fn subject(&self) -> Subject;

    /// When the change happened, as the marketplace states it; `None` if the time does not matter.
    fn at(&self) -> Option<UnixMillis> {
        None
    }

    /// The order of the call, if koohook must carry it out only once.
    fn order(&self) -> Option<Order> {
        None
    }

    /// The contract, if the call is a purchase: its answer also changes the instance (decision
    /// D11).
    fn purchase(&self) -> Option<Contract> {
        None
    }

    /// Decides how the entity changes.
    ///
    /// # Errors
    /// If a rule refuses the call.
    fn decide(&self, current: Option<E>, moment: Moment) -> Result<Decision<E>, Refusal>;

    /// The change that a repeat of the order makes. Most repeats change nothing.
    fn repeat(&self, current: E, moment: Moment) -> Option<Decision<E>> {
        let _ = (current, moment);
        None
    }

    /// The reply, made from the entity after the change.
    fn reply(&self, entity: &E) -> Reply {
        let _ = entity;
        Reply::success()
    }
}

/// A request that changes a long list. koohook keeps only the order and the repeats of its rows.
pub trait ChangeList: Send + Sync {
    /// The list to change.
    fn subject(&self) -> Subject;

    /// When the change happened, as the marketplace states it.
    fn at(&self) -> UnixMillis;

    /// The change, at the effective time of the call.
    fn change(&self, at: UnixMillis) -> KitListChange;

    /// The notice to the product. `at` is the effective time of the call; `outcomes` are the
    /// results of the edits or entries, in their order.
    fn notice(&self, at: UnixMillis, outcomes: &[EntryOutcome]) -> ListNotice;

    /// The member of a list item that identifies the person or department.
    fn identity(&self) -> &'static str;
}

/// A request that only reads.
pub trait Lookup: Send + Sync {
    /// The entities to read, in the order of the answer.
    fn subjects(&self) -> Vec<Subject>;

    /// Whether the answer contains access data. Such an answer is given only once for each
    /// signature (decision B8).
    fn discloses(&self) -> bool {
        false
    }

    /// Whether the answer contains the usage of this entity. It costs one more read.
    fn wants_usage(&self, entity: &Entity) -> bool {
        let _ = entity;
        false
    }

    /// The reply. `found` has one entry for each subject, in the order of the subjects.
    ///
    /// # Errors
    /// If a rule refuses the call.
    fn reply(&self, found: &[FoundSubject], now: UnixMillis) -> Result<Reply, Refusal>;
}

/// What a lookup has read for one subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundSubject {
    /// The entity; `None` if it does not exist.
    pub entity: Option<Entity>,
    /// Its usage, if the lookup wants it and the product has sent some.
    pub usage: Option<InstanceUsage>,
}

/// The two times of a decision.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment {
    /// The effective time of the call (see [`effective`](crate::instance::effective)).
    pub at: UnixMillis,
    /// The current time.
    pub now: UnixMillis,
}

/// An activity and the function that makes its page from the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The activity.
    pub activity: Activity,
    /// Makes the page.
    pub page: fn(&Settings) -> Result<Box<dyn Page>, SettingError>,
    /// Whether its stored values must be sealed in every store (decision F5).
    pub keeps_secrets: bool,
}

impl Row {
    /// A row whose values need no seal in a store on the same machine.
    pub const fn new(
        activity: Activity,
        page: fn(&Settings) -> Result<Box<dyn Page>, SettingError>,
    ) -> Self {
        Self { activity, page, keeps_secrets: false }
    }

    /// The same row, for a page that stores secrets: its values need a seal in every store.
    #[must_use]
    pub const fn keeping_secrets(self) -> Self {
        Self { keeps_secrets: true, ..self }
    }
}

/// The pages that koohook serves at one address.
pub struct Pages(Vec<(Activity, Box<dyn Page>)>);

impl Pages {
    /// Makes the pages of these rows.
    ///
    /// # Errors
    /// If a page cannot work with the configuration.
    pub fn new(rows: &[Row], settings: &Settings) -> Result<Self, SettingError> {
        let pages = rows.iter().map(|row| Ok((row.activity, (row.page)(settings)?)));
        pages.collect::<Result<_, _>>().map(Self)
    }

    /// The page of an activity; `None` if this address does not serve it.
    pub fn find(&self, activity: Activity) -> Option<&dyn Page> {
        let row = self.0.iter().find(|(served, _)| *served == activity);
        row.map(|(_, page)| page.as_ref())
    }
}
