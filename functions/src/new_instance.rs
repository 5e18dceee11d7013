//! `newInstance`: a purchase (V1 guide "subscription", V2 guide "creating an instance").
//!
//! The instance ID is derived from the order. So a repeated call always gets the same ID, even
//! after the store was lost. V1 also sends this call when the buyer opens the resource's details,
//! and shows the access data of the answer.

use domain::app_info_template::Template;
use domain::decision::Decision;
use domain::entity::Subject;
use domain::idempotency::Order;
use domain::instance::id::OrderedBy;
use domain::instance::{Access, Instance};
use domain::notice::{NoticeDraft, NoticeType};
use domain::outbox::Reader;
use domain::page::{Change, Moment, Page, Request};
use domain::refusal::Refusal;
use domain::remark::Remark;
use domain::settings::Settings;
use protocol::cipher::Strength;
use protocol::message::{Activity, InstanceId, Malformed, NewInstance, Reply};
use protocol::result_code::ResultCode;
use protocol::signature::{Contract, Verified};
use protocol::time::UnixMillis;

/// The page with its settings.
pub(crate) struct Purchases {
    template: Option<Template>,
    rehearsal: Option<Template>,
    strength: Strength,
    reader: Reader,
}

impl Purchases {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            template: settings.template.clone(),
            rehearsal: settings.rehearsal_template(),
            strength: settings.strength,
            reader: settings.reader(),
        }
    }
}

impl Page for Purchases {
    fn rehearse(&self, call: &Verified, _: UnixMillis) -> Result<Reply, Malformed> {
        let id = OrderedBy::of_rehearsal(call).instance_id();
        let template = self.rehearsal.as_ref().filter(|_| call.contract() == Contract::V1);
        let app_info = template.map(|template| template.fill(id.as_str(), ""));
        Ok(Reply { instance_id: Some(id), app_info, ..Reply::success() })
    }

    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        let call = NewInstance::read(call, self.strength)?;
        let id = OrderedBy::of_call(&call).instance_id();
        Ok(Request::Instance(Box::new(Purchase { page: self, call, id })))
    }
}

struct Purchase<'p> {
    page: &'p Purchases,
    call: NewInstance,
    /// The ID is derived from the order, so a repeated call has the same ID.
    id: InstanceId,
}

impl Change<Instance> for Purchase<'_> {
    fn subject(&self) -> Subject {
        Subject::Purchase(self.id.clone(), self.call.order_id.clone())
    }

    fn at(&self) -> Option<UnixMillis> {
        Some(self.call.signed_at)
    }

    fn order(&self) -> Option<Order> {
        let NewInstance { order_id, order_line_id, details, .. } = &self.call;
        Some(Order::new(Activity::NewInstance, "", order_id, order_line_id.as_ref(), details))
    }

    fn purchase(&self) -> Option<Contract> {
        Some(self.call.contract)
    }

    fn decide(
        &self,
        current: Option<Instance>,
        moment: Moment,
    ) -> Result<Decision<Instance>, Refusal> {
        Ok(match current {
            None => self.create(moment),
            Some(instance) => self.purchase_again(instance, moment),
        })
    }

    fn repeat(&self, current: Instance, moment: Moment) -> Option<Decision<Instance>> {
        Some(self.purchase_again(current, moment))
    }

    fn reply(&self, instance: &Instance) -> Reply {
        let template = self.page.template.as_ref();
        let code = instance.purchase_code(self.call.contract, template);
        let with_access = self.call.contract == Contract::V1 && code == ResultCode::Success;
        let app_info = if with_access { instance.purchase_app_info(template) } else { None };
        Reply { instance_id: Some(instance.id.clone()), app_info, ..Reply::of(code) }
    }
}

impl Purchase<'_> {
    fn create(&self, Moment { at, now }: Moment) -> Decision<Instance> {
        let NewInstance { order_id, contract, charging_mode, unreadable, .. } = &self.call;
        let template = self.page.template.as_ref();
        let instance = Instance::created(self.id.clone(), order_id.clone(), self.access())
            .charged(charging_mode.as_deref(), at);
        let notice = self.draft(NoticeType::Created).with("instanceId", self.id.as_str());
        Decision {
            entity: Some(instance.unsettled(*contract, template, now)),
            notices: vec![notice],
            remarks: (0..*unreadable).map(|_| Remark::FieldUnreadable).collect(),
        }
    }

    /// Without a product address, the template's access data is ready immediately. Otherwise the
    /// access data is pending until the product sends it.
    fn access(&self) -> Access {
        match (&self.page.template, self.page.reader) {
            (Some(template), Reader::Operator) => {
                Access::Ready(template.fill(self.id.as_str(), self.call.order_id.as_str()))
            }
            (_, Reader::Product) | (None, Reader::Operator) => Access::Pending,
        }
    }

    fn purchase_again(&self, current: Instance, Moment { at, now }: Moment) -> Decision<Instance> {
        let NewInstance { contract, accepted, .. } = self.call;
        let template = self.page.template.as_ref();
        let before = current.clone();
        let after = current.purchased_again(contract, accepted, template, at, now);
        Decision::of(&before, after, |kind| self.draft(kind))
    }

    /// Without a product address, the notice does not contain the buyer's phone and e-mail. So
    /// koohook does not store them (decision D1).
    fn draft(&self, kind: NoticeType) -> NoticeDraft {
        let NewInstance { order_id, order_line_id, details, .. } = &self.call;
        let order = (Some(order_id), order_line_id.as_ref());
        let draft = NoticeDraft::of_call(kind, Activity::NewInstance, order, details);
        match self.page.reader {
            Reader::Product => draft,
            Reader::Operator => draft.without_contacts(),
        }
    }
}
