//! What a page of the marketplace's guide is to koohook: it reads a verified call into a request. The
//! request knows whom it is about, decides, and answers.

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

/// A page of the guide: a value that is made from the configuration at start.
pub trait Page: Send + Sync {
    /// Answers a rehearsal, which leaves no trace (decision D10).
    ///
    /// # Errors
    /// If a field is missing that the answer would echo, or that a rehearsal is there to try.
    fn rehearse(&self, call: &Verified) -> Result<Reply, Malformed> {
        let _ = call;
        Ok(Reply::success())
    }

    /// Reads a real call.
    ///
    /// # Errors
    /// If it is not as the guide says.
    fn read<'p>(&'p self, call: &Verified) -> Result<Request<'p>, Malformed>;
}

/// What a call asks for, by what it changes.
pub enum Request<'p> {
    /// An instance changes.
    Instance(Box<dyn Change<Instance> + 'p>),
    /// An enterprise changes.
    Tenant(Box<dyn Change<Dated<Tenant>> + 'p>),
    /// An enterprise's credentials for an application change.
    Application(Box<dyn Change<Dated<Application>> + 'p>),
    /// A long list changes.
    List(Box<dyn ChangeList + 'p>),
    /// Nothing changes.
    Lookup(Box<dyn Lookup + 'p>),
}

/// A request that changes one entity.
pub trait Change<E>: Send + Sync {
    /// Which entity.
    fn subject(&self) -> Subject;

    /// When the change happened, by the marketplace's word; `None` if its time does not matter.
    fn at(&self) -> Option<UnixMillis> {
        None
    }

    /// The order behind the call, if it is to be carried out once.
    fn order(&self) -> Option<Order> {
        None
    }

    /// The contract of a purchase: its answer changes the instance in turn (decision D11).
    fn purchase(&self) -> Option<Contract> {
        None
    }

    /// Decides what becomes of the entity.
    ///
    /// # Errors
    /// If the rules say no.
    fn decide(&self, current: Option<E>, moment: Moment) -> Result<Decision<E>, Refusal>;

    /// What a repeat of an order still changes. Most change nothing.
    fn repeat(&self, current: E, moment: Moment) -> Option<Decision<E>> {
        let _ = (current, moment);
        None
    }

    /// Answers with what exists now.
    fn reply(&self, entity: &E) -> Reply {
        let _ = entity;
        Reply::success()
    }
}

/// A request that changes a long list, of which koohook keeps order and repeats alone.
pub trait ChangeList: Send + Sync {
    /// Which list.
    fn subject(&self) -> Subject;

    /// When the change happened, by the marketplace's word.
    fn at(&self) -> UnixMillis;

    /// What it changes, at the time that the call counts as.
    fn change(&self, at: UnixMillis) -> KitListChange;

    /// What the product is to be told, at the time that the call counts as, given what became of
    /// each edit or entry.
    fn notice(&self, at: UnixMillis, outcomes: &[EntryOutcome]) -> ListNotice;

    /// The member of a list item that says who or what it is.
    fn identity(&self) -> &'static str;
}

/// A request that only reads.
pub trait Lookup: Send + Sync {
    /// What it reads, in the order of the answer.
    fn subjects(&self) -> Vec<Subject>;

    /// Whether the answer has what must not be given twice to one signature (decision B8).
    fn discloses(&self) -> bool {
        false
    }

    /// Answers with what was found, each at its subject's place.
    ///
    /// # Errors
    /// If the rules say no.
    fn reply(&self, found: &[Option<Entity>]) -> Result<Reply, Refusal>;
}

/// The two times of a decision.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment {
    /// The time that the call counts as.
    pub at: UnixMillis,
    /// The time now.
    pub now: UnixMillis,
}

/// An activity, and how its page is made from the configuration.
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
    /// A row whose values need not be sealed in a store on this machine.
    pub const fn new(
        activity: Activity,
        page: fn(&Settings) -> Result<Box<dyn Page>, SettingError>,
    ) -> Self {
        Self { activity, page, keeps_secrets: false }
    }

    /// The row of a page that keeps secrets.
    #[must_use]
    pub const fn keeping_secrets(self) -> Self {
        Self { keeps_secrets: true, ..self }
    }
}

/// The pages that answer at one address.
pub struct Pages(Vec<(Activity, Box<dyn Page>)>);

impl Pages {
    /// Makes the pages of rows.
    ///
    /// # Errors
    /// If a page cannot work under the configuration.
    pub fn new(rows: &[Row], settings: &Settings) -> Result<Self, SettingError> {
        let pages = rows.iter().map(|row| Ok((row.activity, (row.page)(settings)?)));
        pages.collect::<Result<_, _>>().map(Self)
    }

    /// The page of an activity, if it is served here.
    pub fn find(&self, activity: Activity) -> Option<&dyn Page> {
        let row = self.0.iter().find(|(served, _)| *served == activity);
        row.map(|(_, page)| page.as_ref())
    }
}
