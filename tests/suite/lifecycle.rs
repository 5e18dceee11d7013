//! The effect of every callback on an instance in every state: code, state afterwards, notices.
//!
//! `lifecycle.txt` is the specification to read first. It was written by hand from the decisions.
//! The test compares it with the real endpoint's answers to signed calls.

use domain::entity::Entity;
use domain::instance::{Access, ClockTrust, FreezeCause, Instance, InstanceState};
use domain::outbox::Reader;
use domain::record::EntityRecord;
use protocol::app_info::AppInfo;
use protocol::message::{InstanceId, OrderId};
use protocol::result_code::OrderRefused;
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use serde_json::Value;
use shell::store::Store;
use tests::call::{APP_INFO, BASE_KEY, Koohook, PENDING, PRODUCT_SECRET, koohook, run};
use tests::world::NOW;

const SPECIFICATION: &str = include_str!("lifecycle.txt");

/// A callback with its name in the table and its members.
pub struct Callback {
    pub name: &'static str,
    pub contract: Contract,
    pub members: &'static [(&'static str, &'static str)],
}

/// The placeholder for the instance's ID in the members of a callback.
const ID: &str = "{instanceId}";
/// An expiry one year later.
const NEXT_YEAR: &str = "20271005194927";

macro_rules! callbacks {
    ($($contract:ident $name:literal: $($member:ident = $value:expr),*;)*) => {
        /// Every callback of both contracts.
        pub const CALLBACKS: &[Callback] = &[$(Callback {
            name: concat!(stringify!($contract), " ", $name),
            contract: Contract::$contract,
            members: &[$((stringify!($member), $value)),*],
        }),*];
    };
}

#[rustfmt::skip]
callbacks! {
    V1 "newInstance": activity = "newInstance", orderId = "CS1", productId = "P1", businessId = "B1", customerId = "C1";
    V1 "refreshInstance renew": activity = "refreshInstance", orderId = "CS2", instanceId = ID, expireTime = NEXT_YEAR, orderAmount = "299.000";
    V1 "refreshInstance trial": activity = "refreshInstance", orderId = "CS3", instanceId = ID, expireTime = NEXT_YEAR, trialToFormal = "1";
    V1 "refreshInstance cancel": activity = "refreshInstance", orderId = "CS4", instanceId = ID, expireTime = NEXT_YEAR, orderAmount = "-299.000";
    V1 "expireInstance": activity = "expireInstance", orderId = "CS1", instanceId = ID;
    V1 "instanceStatus FREEZE": activity = "instanceStatus", instanceId = ID, instanceStatus = "FREEZE";
    V1 "instanceStatus NORMAL": activity = "instanceStatus", instanceId = ID, instanceStatus = "NORMAL";
    V1 "upgrade": activity = "upgrade", orderId = "CS5", instanceId = ID, skuCode = "S2", productId = "P2";
    V1 "releaseInstance": activity = "releaseInstance", orderId = "CS1", instanceId = ID;
    V1 "queryInstance": activity = "queryInstance", instanceId = ID;
    V2 "newInstance": activity = "newInstance", orderId = "CS1", orderLineId = "CS1-1", businessId = "B1";
    V2 "refreshInstance RENEWAL": activity = "refreshInstance", scene = "RENEWAL", orderId = "CS2", orderLineId = "CS2-1", instanceId = ID, expireTime = NEXT_YEAR;
    V2 "refreshInstance RENEWAL_CHANGE": activity = "refreshInstance", scene = "RENEWAL_CHANGE", orderId = "CS3", orderLineId = "CS3-1", instanceId = ID, expireTime = NEXT_YEAR, productId = "P2";
    V2 "refreshInstance TRIAL_TO_FORMAL": activity = "refreshInstance", scene = "TRIAL_TO_FORMAL", orderId = "CS4", orderLineId = "CS4-1", instanceId = ID, expireTime = NEXT_YEAR;
    V2 "refreshInstance UNSUBSCRIBE_RENEWAL_PERIOD": activity = "refreshInstance", scene = "UNSUBSCRIBE_RENEWAL_PERIOD", orderId = "CS5", orderLineId = "CS5-1", instanceId = ID, expireTime = NEXT_YEAR;
    V2 "updateInstanceStatus FREEZE": activity = "updateInstanceStatus", instanceId = ID, status = "FREEZE";
    V2 "updateInstanceStatus UNFREEZE": activity = "updateInstanceStatus", instanceId = ID, status = "UNFREEZE";
    V2 "upgradeInstance": activity = "upgradeInstance", orderId = "CS6", orderLineId = "CS6-1", instanceId = ID;
    V2 "releaseInstance": activity = "releaseInstance", orderId = "CS7", orderLineId = "CS7-1", instanceId = ID;
    V2 "queryInstance": activity = "queryInstance", instanceId = ID;
    V2 "changeInstanceCheck": activity = "changeInstanceCheck", instanceId = ID, productInfo = r#"{"productId":"P2"}"#;
}

/// The names of all states in the table.
pub const STATES: [&str; 10] = [
    "absent",
    "pending",
    "ready",
    "frozen by expiry",
    "frozen by status",
    "frozen by both",
    "refused",
    "abandoned",
    "just abandoned",
    "released",
];

/// A product, and a template for the time until the product answers.
const PRODUCT_AND_TEMPLATE: [(&str, &str); 6] = [
    ("KOOHOOK_BASE_KEY", BASE_KEY),
    ("KOOHOOK_APP_INFO", APP_INFO),
    ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
    ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
    ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ("KOOHOOK_STORE", "memory:"),
];

#[test]
fn every_callback_does_what_the_table_says_in_every_state() {
    let all = |_: &Callback| true;
    let purchases = |callback: &Callback| callback.name.ends_with("newInstance");
    let sections = [
        table(PRODUCT_HEADING, &PENDING, all, &STATES),
        table(PRODUCT_AND_TEMPLATE_HEADING, &PRODUCT_AND_TEMPLATE, purchases, &STATES),
        table(TEMPLATE_HEADING, &tests::call::SETTINGS, purchases, &["absent"]),
    ];
    let found = sections.join("\n");
    show(&found);
    let differing = found.lines().zip(SPECIFICATION.lines());
    if let Some((found, specified)) = differing.into_iter().find(|(a, b)| a != b) {
        panic!("the table has\n  {specified}\nand the endpoint gives\n  {found}");
    }
    assert_eq!(found, SPECIFICATION, "the table and the endpoint's answers differ in length");
}

const PRODUCT_HEADING: &str = "With a product, which decides whether an instance is ready:";
const PRODUCT_AND_TEMPLATE_HEADING: &str =
    "With a product, and with a template until the product answers:";
const TEMPLATE_HEADING: &str = "Without a product; the template gives the access data:";

/// One section of the table, with the endpoint's answers.
fn table(
    heading: &str,
    settings: &[(&str, &str)],
    belongs: impl Fn(&Callback) -> bool,
    states: &[&str],
) -> String {
    let mut out = format!(
        "{heading}\n\n{}",
        row(["callback", "state before", "code", "state after", "notices"])
    );
    for callback in CALLBACKS.iter().filter(|callback| belongs(callback)) {
        out.push('\n');
        for state in states {
            let effect_of = run(effect_of(callback, state, settings));
            let [code, after, notices] = effect_of.each_ref().map(String::as_str);
            out += &row([callback.name, state, code, after, notices]);
        }
    }
    out
}

fn row([callback, state, code, after, notices]: [&str; 5]) -> String {
    let row = format!("{callback:<44}{state:<18}{code:<8}{after:<30}{notices}");
    format!("{}\n", row.trim_end())
}

/// The code, the state and the notices after one callback to an instance in a state.
async fn effect_of(callback: &Callback, state: &str, settings: &[(&str, &str)]) -> [String; 3] {
    let koohook = koohook(settings);
    let id = instance_id(callback.contract);
    let before = standing(state, callback.contract);
    if let Some(kept) = &before {
        koohook.keep(id.as_str(), kept).await;
    }
    let answer = callback.send(&koohook, id.as_str()).await;
    if callback.name.ends_with("newInstance") {
        assert_eq!(answer.instance_id.as_deref(), Some(id.as_str()), "{state}");
    }
    let after = koohook.kept(id.as_str()).await;
    let sequence = before.map_or(0, |kept| kept.outbox.sequence);
    [answer.code, named(after.as_ref()), notices(after.as_ref(), sequence)]
}

impl Callback {
    /// The callback's members for an instance.
    pub fn members<'a>(&self, instance_id: &'a str) -> Vec<(&'a str, &'a str)> {
        let filled = |value| if value == ID { instance_id } else { value };
        let members = self.members.iter();
        members.map(|(name, value)| (*name, filled(*value))).collect()
    }

    /// Sends the callback, signed now.
    pub async fn send<S: Store>(
        &self,
        koohook: &Koohook<S>,
        instance_id: &str,
    ) -> simulator::answer::Answer {
        let members = self.members(instance_id);
        match self.contract {
            Contract::V1 => koohook.v1(&members).await,
            Contract::V2 => koohook.v2(&members).await,
        }
    }
}

/// The instance ID of the purchase in the table's calls.
pub fn instance_id(contract: Contract) -> InstanceId {
    let line = match contract {
        Contract::V1 => None,
        Contract::V2 => Some("CS1-1"),
    };
    domain::instance::id::derive("CS1", line, None)
}

/// The stored record of an instance in a state, after earlier calls and the product's answers.
pub fn standing(state: &str, contract: Contract) -> Option<EntityRecord> {
    let ready = || Access::Ready(AppInfo::parse(r#"{"frontEndUrl":"https://a.example"}"#).unwrap());
    let abandoned = match state {
        "abandoned" => Some(NOW - 1),
        "just abandoned" => Some(NOW),
        _ => None,
    };
    let (state, access) = match state {
        "absent" => return None,
        "pending" | "abandoned" | "just abandoned" => (InstanceState::Active, Access::Pending),
        "ready" => (InstanceState::Active, ready()),
        "frozen by expiry" => (InstanceState::Frozen(FreezeCause::Expiry), ready()),
        "frozen by status" => (InstanceState::Frozen(FreezeCause::Status), ready()),
        "frozen by both" => (InstanceState::Frozen(FreezeCause::Both), ready()),
        "refused" => (InstanceState::Active, Access::Refused(OrderRefused::SoldOut)),
        "released" => (InstanceState::Released, ready()),
        _ => panic!("{state} is not a state of the table"),
    };
    let order = OrderId::parse("CS1").unwrap();
    let mut instance = Instance::created(instance_id(contract), order, access);
    instance.state = state;
    let kept = EntityRecord::new(Entity::Instance(instance));
    Some(match abandoned {
        Some(abandoned) => abandon(kept, abandoned),
        None => kept,
    })
}

/// A V1 purchase that the product was offered and did not answer. The relay abandoned it at this
/// time.
fn abandon(mut kept: EntityRecord, abandoned: u64) -> EntityRecord {
    let Entity::Instance(instance) = kept.entity else {
        panic!("the entity is not an instance");
    };
    let bought = UnixMillis::new(abandoned - SECOND_CHECK_AFTER_MILLIS - ABANDON_AFTER_MILLIS);
    kept.entity = Entity::Instance(instance.unsettled(Contract::V1, None, bought));
    let pass = |kept: EntityRecord, at| {
        kept.pass(Reader::Product, ClockTrust::Trusted, UnixMillis::new(at))
    };
    let first_check = pass(kept, abandoned - SECOND_CHECK_AFTER_MILLIS);
    assert!(first_check.changed && !first_check.abandoned, "the first check only stores its time");
    let second_check = pass(first_check.record, abandoned);
    assert!(second_check.abandoned, "the second check abandons the purchase");
    second_check.record
}

/// Three and a half hours: the time that the marketplace waits under V1, and half an hour for
/// clocks and queues.
pub const ABANDON_AFTER_MILLIS: u64 = 12_600_000;
/// Ten minutes: from the relay's first check to the check that abandons the purchase.
pub const SECOND_CHECK_AFTER_MILLIS: u64 = 600_000;

/// The name of a state in the table.
pub fn named(kept: Option<&EntityRecord>) -> String {
    let Some(kept) = kept else {
        return "absent".to_owned();
    };
    let Entity::Instance(instance) = &kept.entity else {
        return "elsewhere".to_owned();
    };
    let access = match instance.access {
        Access::Pending => "pending",
        Access::Ready(_) => "ready",
        Access::Refused(_) => "refused",
        Access::Abandoned => "abandoned",
    };
    match (instance.state, access) {
        (InstanceState::Released, _) => "released".to_owned(),
        (InstanceState::Active, access) => access.to_owned(),
        (InstanceState::Frozen(cause), "ready") => format!("frozen by {}", cause.as_str()),
        (InstanceState::Frozen(cause), access) => format!("{access}, frozen by {}", cause.as_str()),
    }
}

/// The kinds of the notices after a sequence number, each with its cause if it has one.
pub fn notices(kept: Option<&EntityRecord>, after: u64) -> String {
    let waiting = kept.map(|kept| kept.outbox.waiting.as_slice());
    let notices = waiting.unwrap_or_default().iter();
    let words = notices.filter(|notice| notice.sequence() > after).map(|notice| {
        let word = notice.kind.as_str().trim_start_matches("instance.");
        match notice.data.get("cause").and_then(Value::as_str) {
            Some(cause) => format!("{word} ({cause})"),
            None => word.to_owned(),
        }
    });
    let words: Vec<_> = words.collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

#[expect(clippy::print_stdout, reason = "the table is meant to be read")]
fn show(table: &str) {
    println!("{table}");
}
