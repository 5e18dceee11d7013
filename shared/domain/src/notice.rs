//! What the product is told: recorded in the same write as the change itself.

use protocol::digest;
use protocol::message::{Activity, Details, OrderId, OrderLineId, Scene};
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::directory::PartName;

/// What a notice is about (decision E1).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum NoticeType {
    /// Somebody bought: make it.
    #[serde(rename = "instance.created")]
    Created,
    /// The buyer accepted the delivery.
    #[serde(rename = "instance.accepted")]
    Accepted,
    /// The expiry changed.
    #[serde(rename = "instance.renewed")]
    Renewed,
    /// Keep it, serve nobody.
    #[serde(rename = "instance.frozen")]
    Frozen,
    /// Serve again.
    #[serde(rename = "instance.thawed")]
    Thawed,
    /// Another specification.
    #[serde(rename = "instance.upgraded")]
    Upgraded,
    /// Delete it.
    #[serde(rename = "instance.released")]
    Released,
    /// The marketplace gave up and refunded: forget it.
    #[serde(rename = "instance.abandoned")]
    Abandoned,
    /// An enterprise is there, or otherwise than it was.
    #[serde(rename = "tenant.put")]
    TenantPut,
    /// An enterprise is there no more.
    #[serde(rename = "tenant.deleted")]
    TenantDeleted,
    /// Credentials are there, or otherwise than they were.
    #[serde(rename = "application.put")]
    ApplicationPut,
    /// Credentials are there no more.
    #[serde(rename = "application.deleted")]
    ApplicationDeleted,
    /// People may use an application.
    #[serde(rename = "users.put")]
    UsersPut,
    /// People are there no more.
    #[serde(rename = "users.deleted")]
    UsersDeleted,
    /// People may not use an application any more.
    #[serde(rename = "users.revoked")]
    UsersRevoked,
    /// A department is there, or otherwise than it was.
    #[serde(rename = "department.put")]
    DepartmentPut,
    /// A department is there no more; its children stay.
    #[serde(rename = "department.deleted")]
    DepartmentDeleted,
    /// These are all departments there are.
    #[serde(rename = "departments.replaced")]
    DepartmentsReplaced,
}

impl NoticeType {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "instance.created",
            Self::Accepted => "instance.accepted",
            Self::Renewed => "instance.renewed",
            Self::Frozen => "instance.frozen",
            Self::Thawed => "instance.thawed",
            Self::Upgraded => "instance.upgraded",
            Self::Released => "instance.released",
            Self::Abandoned => "instance.abandoned",
            Self::TenantPut => "tenant.put",
            Self::TenantDeleted => "tenant.deleted",
            Self::ApplicationPut => "application.put",
            Self::ApplicationDeleted => "application.deleted",
            Self::UsersPut => "users.put",
            Self::UsersDeleted => "users.deleted",
            Self::UsersRevoked => "users.revoked",
            Self::DepartmentPut => "department.put",
            Self::DepartmentDeleted => "department.deleted",
            Self::DepartmentsReplaced => "departments.replaced",
        }
    }

    /// Whether it ends what the product was told of: such a notice makes sense to a product that
    /// took nothing before it.
    pub const fn ends(self) -> bool {
        matches!(self, Self::Released | Self::Abandoned)
    }
}

/// A notice that a decision asks for; the outbox gives it a place in the order.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticeDraft {
    /// What it is about.
    pub kind: NoticeType,
    /// Its members, but for `sequence`.
    pub members: Map<String, Value>,
}

impl NoticeDraft {
    /// A notice that a call caused: who called, for which order, and every field it carried.
    pub fn of_call(
        kind: NoticeType,
        activity: Activity,
        order: (Option<&OrderId>, Option<&OrderLineId>),
        details: &Details,
    ) -> Self {
        let mut members = details.named.clone();
        members.insert("activity".to_owned(), json!(activity));
        let (order_id, order_line_id) = order;
        members.extend(order_id.map(|id| ("orderId".to_owned(), json!(id))));
        members.extend(order_line_id.map(|id| ("orderLineId".to_owned(), json!(id))));
        if !details.other.is_empty() {
            members.insert("other".to_owned(), details.other.clone().into());
        }
        Self { kind, members }
    }

    /// A notice whose content is a list, which stands in parts of its own; `at` is the list's time.
    pub fn of_list(kind: NoticeType, activity: Activity, at: UnixMillis) -> Self {
        let draft = Self { kind, members: Map::new() };
        draft.with("activity", activity.as_str()).with("listTime", at.to_rfc3339())
    }

    /// A notice that no call caused, but the passing of time.
    pub fn of_time(kind: NoticeType) -> Self {
        Self { kind, members: Map::new() }
    }

    /// The same notice with one more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The same notice without a buyer's phone and e-mail (decision D1).
    #[must_use]
    pub fn without_contacts(mut self) -> Self {
        remove_contacts(&mut self.members);
        self
    }
}

/// Where they stand, and among the fields that the guide does not name.
fn remove_contacts(members: &mut Map<String, Value>) {
    for name in CONTACTS {
        members.remove(name);
    }
    if let Some(Value::Object(other)) = members.get_mut("other") {
        CONTACTS.iter().for_each(|name| drop(other.remove(*name)));
    }
}

/// A recorded notice, not yet delivered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Notice {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: NoticeType,
    /// When the change was decided.
    pub at: UnixMillis,
    /// Its place among the entity's notices, and every member.
    pub data: Map<String, Value>,
}

impl Notice {
    /// Its place among the entity's notices: 1, 2, 3 …
    pub fn sequence(&self) -> u64 {
        self.data.get("sequence").and_then(Value::as_u64).unwrap_or_default()
    }

    /// Whether a later notice says all that this one says (decision E1). A purchase or a release
    /// never is void, and neither is a renewal that changes more than the expiry.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing is void unless it is said here")]
    pub(crate) fn made_void_by(&self, later: &Self) -> bool {
        match self.kind {
            NoticeType::Frozen | NoticeType::Thawed => {
                matches!(later.kind, NoticeType::Frozen | NoticeType::Thawed)
            }
            NoticeType::Renewed => later.kind == NoticeType::Renewed && self.changes_expiry_alone(),
            _ => false,
        }
    }

    fn changes_expiry_alone(&self) -> bool {
        let text = |name| self.data.get(name).and_then(Value::as_str).unwrap_or_default();
        let plain = [Scene::Renewal, Scene::UnsubscribeRenewalPeriod, Scene::Renew, Scene::Cancel];
        let is_plain = |scene: &str| plain.iter().any(|plain| plain.as_str() == scene);
        text("productId").trim().is_empty() && is_plain(text("scene"))
    }

    /// Removes a buyer's phone and e-mail: no product is there to be told (decision D1).
    pub(crate) fn forget_contacts(&mut self) {
        remove_contacts(&mut self.data);
    }

    /// The parts in which the content of a list waits.
    pub fn parts(&self) -> impl Iterator<Item = PartName> {
        let parts = self.data.get("parts").and_then(Value::as_array);
        let names = parts.into_iter().flatten().filter_map(Value::as_str);
        names.filter_map(|name| PartName::try_from(name.to_owned()).ok())
    }

    /// The notice's name for ever: of the entity, the sequence and the content, so that even an
    /// entity that lost its store never names two contents alike.
    pub fn id(&self, entity_key: &str) -> String {
        let digest: [u8; 16] = digest::of(&[entity_key, &self.body().to_string()]);
        format!("msg_{}", hex::encode(digest))
    }

    /// The same notice with one more member, within its bound again. It has another name then:
    /// only a notice that nobody was offered may change.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self.fit()
    }

    /// What is sent: `{"type","timestamp","data"}`.
    pub fn body(&self) -> Value {
        json!(self.sent())
    }

    /// The message that is sent of a notice without parts.
    pub fn message(&self, entity_key: &str) -> Message {
        Message { id: self.id(entity_key), body: self.body().to_string().into_bytes() }
    }

    /// The message that is sent of one part of a list: which of how many, and its records, a JSON
    /// array. `id` is the notice's own; each part has one that is derived from it. `None` if the
    /// records are no JSON.
    pub fn part_message(&self, id: &str, part: Part, records: &[u8]) -> Option<Message> {
        let records: Value = serde_json::from_slice(records).ok()?;
        let Part { number: part, of } = part;
        let mut data = self.data.clone();
        data.insert("parts".to_owned(), of.into());
        data.insert("part".to_owned(), part.into());
        data.insert("records".to_owned(), records);
        let body = Self { kind: self.kind, at: self.at, data }.body().to_string().into_bytes();
        Some(Message { id: format!("{id}_{part}"), body })
    }

    fn sent(&self) -> Sent<'_> {
        Sent { kind: self.kind, timestamp: self.at.to_rfc3339(), data: &self.data }
    }

    /// Written without a tree in between: every write measures every notice that waits.
    pub(crate) fn len(&self) -> usize {
        serde_json::to_vec(&self.sent()).map_or(usize::MAX, |written| written.len())
    }

    /// Cuts what a product can do without until the notice fits.
    pub(crate) fn fit(mut self) -> Self {
        let mut spare = ["other", "saasExtendParams"].into_iter();
        while self.len() > MAX_NOTICE_LEN {
            match spare.next() {
                Some(name) => self.cut(name),
                None if self.drop_longest() => (),
                None => break,
            }
        }
        self
    }

    fn cut(&mut self, name: &str) {
        if self.data.remove(name).is_some() {
            self.data.insert("truncated".to_owned(), true.into());
        }
    }

    fn drop_longest(&mut self) -> bool {
        let texts = self.data.iter().filter(|(name, _)| !KEPT_MEMBERS.contains(&name.as_str()));
        let longest = texts.max_by_key(|(_, value)| value.to_string().len());
        let Some(name) = longest.map(|(name, _)| name.clone()) else {
            return false;
        };
        self.cut(&name);
        true
    }
}

/// One part of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part {
    /// Which; 1 is the first.
    pub number: usize,
    /// Of how many.
    pub of: usize,
}

/// What goes over the wire, but for its signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Its name for ever (`webhook-id`): whoever meets it again has met it before.
    pub id: String,
    /// The body.
    pub body: Vec<u8>,
}

/// A notice as it is sent.
#[derive(Serialize)]
struct Sent<'a> {
    #[serde(rename = "type")]
    kind: NoticeType,
    timestamp: String,
    data: &'a Map<String, Value>,
}

/// The personal fields of V1's newInstance.
const CONTACTS: [&str; 2] = ["mobilePhone", "email"];

/// The longest notice, written out.
pub const MAX_NOTICE_LEN: usize = 8 * 1024;

/// Members that order and name a notice and are never cut for room.
const KEPT_MEMBERS: [&str; 15] = [
    "activity",
    "appId",
    "before",
    "cause",
    "instanceId",
    "listTime",
    "orderDetails",
    "orderId",
    "orderLineId",
    "orgCode",
    "parts",
    "scene",
    "sequence",
    "tenantId",
    "truncated",
];

#[cfg(test)]
mod tests {
    use protocol::order_query::MAX_DETAILS_LEN;

    use super::*;
    use crate::order_details;
    use crate::outbox::{Outbox, Reader};

    fn draft(kind: NoticeType, text: &str) -> NoticeDraft {
        NoticeDraft::of_time(kind).with("orderAmount", text)
    }

    #[test]
    fn notices_have_a_place_and_a_name() {
        let mut outbox = Outbox::default();
        let at = UnixMillis::new(1_595_835_431_903);
        outbox.append(vec![draft(NoticeType::Created, "1")], Reader::Product, at);
        outbox.append(vec![draft(NoticeType::Renewed, "2")], Reader::Product, at);
        let [first, second] = outbox.waiting.as_slice() else { panic!("two notices") };
        assert_eq!((first.sequence(), second.sequence()), (1, 2));
        assert_ne!(first.id("k"), second.id("k"));
        assert_ne!(first.id("k"), first.id("l"));
        assert_eq!(
            first.body(),
            json!({
                "type": "instance.created",
                "timestamp": "2020-07-27T07:37:11.903Z",
                "data": { "orderAmount": "1", "sequence": 1 },
            })
        );
    }

    #[test]
    fn a_notice_is_cut_until_it_fits() {
        let mut outbox = Outbox::default();
        let long = "用".repeat(4096);
        let draft = draft(NoticeType::Created, &long)
            .with("instanceId", "i")
            .with("other", json!({ "x": long }))
            .with("saasExtendParams", long.as_str())
            .with("customerName", "short");
        outbox.append(vec![draft], Reader::Product, UnixMillis::new(0));
        let notice = &outbox.waiting[0];
        assert!(notice.len() <= MAX_NOTICE_LEN);
        assert_eq!(notice.data.get("truncated"), Some(&json!(true)));
        assert_eq!(notice.data.get("customerName"), Some(&json!("short")));
        assert_eq!(notice.data.get("instanceId"), Some(&json!("i")));
    }

    #[test]
    fn what_was_ordered_outlasts_what_the_call_said() {
        let mut outbox = Outbox::default();
        let draft = draft(NoticeType::Created, &"x".repeat(4_096))
            .with("orderId", "CS1")
            .with("other", "x".repeat(2_000));
        outbox.append(vec![draft], Reader::Product, UnixMillis::new(0));
        let notice = &outbox.waiting[0];
        assert_eq!(notice.data.get("truncated"), None);
        let order = json!({ "extendParams": "x".repeat(MAX_DETAILS_LEN - 19) });
        assert_eq!(order.to_string().len(), MAX_DETAILS_LEN);
        let with_order = notice.clone().with(order_details::MEMBER, order.clone());
        let mut expected = Map::new();
        expected.insert("orderDetails".to_owned(), order);
        expected.insert("orderId".to_owned(), json!("CS1"));
        expected.insert("sequence".to_owned(), json!(1));
        expected.insert("truncated".to_owned(), json!(true));
        assert_eq!(with_order.data, expected);
        assert_ne!(with_order.id("k"), notice.id("k"));
    }

    /// However many parts it has, a list's notice says whose list it is.
    #[test]
    fn what_names_a_subject_is_never_cut() {
        let mut outbox = Outbox::default();
        let at = UnixMillis::new(0);
        let draft = NoticeDraft::of_list(NoticeType::UsersPut, Activity::AuthSync, at)
            .with("instanceId", "i")
            .with("tenantId", "t")
            .with("appId", "a")
            .with("orgCode", "o")
            .with("parts", vec![Value::from("0".repeat(32)); 300]);
        let members = draft.members.clone();
        outbox.append(vec![draft], Reader::Product, at);
        let notice = &outbox.waiting[0];
        assert!(notice.len() > MAX_NOTICE_LEN);
        assert!(members.iter().all(|(name, value)| notice.data.get(name) == Some(value)));
    }
}
