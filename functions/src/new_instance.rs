//! `newInstance`: somebody bought (V1 guide "subscription", V2 guide "creating an instance").
//!
//! The same order always has the same instance, however often and late it is called, and even
//! where the store was lost: the ID is derived. V1 calls again whenever the buyer opens the
//! resource's details, so that the page is a look as well.

use domain::entity::Subject;
use domain::idempotency::Order;
use domain::instance::id::OrderedBy;
use domain::instance::{Access, Instance, effective};
use domain::notice::{NoticeDraft, NoticeType};
use domain::outbox::Reader;
use domain::page::{Change, Changes, Decision, Page};
use domain::refusal::Refusal;
use domain::remark::Remark;
use domain::settings::{SettingError, Settings};
use domain::template::Template;
use protocol::cipher::Strength;
use protocol::message::{Activity, Malformed, NewInstance, Reply};
use protocol::result_code::ResultCode;
use protocol::signature::{Contract, Verified};
use protocol::time::UnixMillis;

/// What this function serves.
pub type Function = Changes<Purchase>;

/// The page.
pub struct Purchase {
    template: Option<Template>,
    rehearsal: Option<Template>,
    strength: Strength,
    reader: Reader,
}

impl Page for Purchase {
    const ACTIVITY: Activity = Activity::NewInstance;
    type Request = NewInstance;

    fn new(settings: &Settings) -> Result<Self, SettingError> {
        Ok(Self {
            template: settings.template.clone(),
            rehearsal: settings.rehearsal_template(),
            strength: settings.strength,
            reader: settings.reader(),
        })
    }

    fn rehearse(&self, verified: &Verified) -> Result<Reply, Malformed> {
        let id = OrderedBy::of_rehearsal(verified).instance_id();
        let template = self.rehearsal.as_ref().filter(|_| verified.contract() == Contract::V1);
        let app_info = template.map(|template| template.fill(id.as_str(), ""));
        Ok(Reply { instance_id: Some(id), app_info, ..Reply::success() })
    }

    fn read(&self, verified: &Verified) -> Result<NewInstance, Malformed> {
        NewInstance::read(verified, self.strength)
    }
}

impl Change for Purchase {
    type Entity = Instance;

    fn subject(&self, request: &NewInstance) -> Subject {
        Subject::Purchase(OrderedBy::of_call(request).instance_id(), request.order_id.clone())
    }

    fn order(&self, request: &NewInstance) -> Option<Order> {
        let NewInstance { order_id, order_line_id, details, .. } = request;
        Some(Order::new(Self::ACTIVITY, "", order_id, order_line_id.as_ref(), details))
    }

    fn decide(
        &self,
        request: &NewInstance,
        current: Option<Instance>,
        now: UnixMillis,
    ) -> Result<Decision<Instance>, Refusal> {
        Ok(match current {
            None => self.create(request, now),
            Some(instance) => self.repeat(request, instance, now),
        })
    }

    fn repeat(
        &self,
        request: &NewInstance,
        current: Instance,
        now: UnixMillis,
    ) -> Decision<Instance> {
        let NewInstance { contract, accepted, .. } = *request;
        let (at, ahead) = effective(request.signed_at, now);
        let template = self.template.as_ref();
        let before = current.clone();
        let after = current.purchased_again(contract, accepted, template, at, now);
        Decision::of(&before, after, |kind| self.draft(kind, request)).with_remark(ahead)
    }

    fn answered(
        &self,
        request: &NewInstance,
        instance: Instance,
        is_new: bool,
        now: UnixMillis,
    ) -> Instance {
        let template = self.template.as_ref();
        // A product that refuses is the first answer, whatever a template would have said.
        let instance =
            if is_new { instance.unsettled(request.contract, template, now) } else { instance };
        instance.answered_with(request.contract, template)
    }

    fn reply(&self, request: &NewInstance, instance: &Instance) -> Reply {
        let template = self.template.as_ref();
        let code = instance.purchase_code(request.contract, template);
        let with_access = request.contract == Contract::V1 && code == ResultCode::Success;
        let app_info = if with_access { instance.purchase_app_info(template) } else { None };
        Reply { instance_id: Some(instance.id.clone()), app_info, ..Reply::of(code) }
    }
}

impl Purchase {
    fn create(&self, request: &NewInstance, now: UnixMillis) -> Decision<Instance> {
        let NewInstance { order_id, contract, .. } = request;
        let instance_id = OrderedBy::of_call(request).instance_id();
        let access = match (&self.template, self.reader) {
            (Some(template), Reader::Nobody) => {
                Access::Ready(template.fill(instance_id.as_str(), order_id.as_str()))
            }
            (_, Reader::Product) | (None, Reader::Nobody) => Access::Pending,
        };
        let instance = Instance::created(instance_id.clone(), order_id.clone(), access).unsettled(
            *contract,
            self.template.as_ref(),
            now,
        );
        let notice =
            self.draft(NoticeType::Created, request).with("instanceId", instance_id.as_str());
        Decision {
            entity: Some(instance),
            notices: vec![notice],
            remarks: (0..request.unreadable).map(|_| Remark::FieldUnreadable).collect(),
        }
        .with_remark(effective(request.signed_at, now).1)
    }

    /// Without a product address nobody is told a buyer's phone or e-mail: they are not stored
    /// (decision D1).
    fn draft(&self, kind: NoticeType, request: &NewInstance) -> NoticeDraft {
        let order = (Some(&request.order_id), request.order_line_id.as_ref());
        let draft = NoticeDraft::of_call(kind, Activity::NewInstance, order, &request.details);
        match self.reader {
            Reader::Product => draft,
            Reader::Nobody => draft.without_contacts(),
        }
    }
}
