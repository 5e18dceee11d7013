//! What every callback does to an instance in every state: code, state afterwards, notices.
//!
//! `lifecycle.txt` is the specification that a newcomer reads first. It is worked out by hand from
//! the decisions, and compared as text with what the real endpoint answers to really signed calls.

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

/// A callback under the name it has in the table, and what it carries.
pub struct Callback {
    pub name: &'static str,
    pub contract: Contract,
    pub members: &'static [(&'static str, &'static str)],
}

/// Stands for the instance's ID in a callback's members.
const ID: &str = "{instanceId}";
/// An expiry a year away.
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

/// Every state, under the name it has in the table.
pub const STATES: [&str; 10] = [
    "absent",
    "pending",
    "ready",
    "frozen by expiry",
    "frozen by status",
    "frozen by both",
    "refused",
    "abandoned",
    "abandoned since",
    "released",
];

/// A product that is asked, and access data for whom it has not answered yet.
const ASKED_WITH_TEMPLATE: [(&str, &str); 6] = [
    ("KOOHOOK_BASE_KEY", BASE_KEY),
    ("KOOHOOK_APP_INFO", APP_INFO),
    ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
    ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
    ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ("KOOHOOK_STORE", "memory:"),
];

#[test]
fn every_callback_does_in_every_state_what_the_table_says() {
    let all = |_: &Callback| true;
    let purchases = |callback: &Callback| callback.name.ends_with("newInstance");
    let sections = [
        table(SPECIFICATION_HEAD, &PENDING, all, &STATES),
        table(TEMPLATE_HEAD, &ASKED_WITH_TEMPLATE, purchases, &STATES),
        table(NOBODY_HEAD, &tests::call::SETTINGS, purchases, &["absent"]),
    ];
    let found = sections.join("\n");
    show(&found);
    let differing = found.lines().zip(SPECIFICATION.lines());
    if let Some((found, specified)) = differing.into_iter().find(|(a, b)| a != b) {
        panic!("the table says\n  {specified}\nand the endpoint\n  {found}");
    }
    assert_eq!(found, SPECIFICATION, "one is longer than the other");
}

const SPECIFICATION_HEAD: &str = "A product is asked whether an instance is ready:";
const TEMPLATE_HEAD: &str = "A product is asked, and a template stands in until it answers:";
const NOBODY_HEAD: &str = "No product is asked, the template is the access data:";

/// One section of the table, as the endpoint answers it.
fn table(
    head: &str,
    settings: &[(&str, &str)],
    belongs: impl Fn(&Callback) -> bool,
    states: &[&str],
) -> String {
    let mut out = format!("{head}\n\n{}", row(["callback", "in state", "code", "then", "notices"]));
    for callback in CALLBACKS.iter().filter(|callback| belongs(callback)) {
        out.push('\n');
        for state in states {
            let answered = run(answered(callback, state, settings));
            let [code, after, notices] = answered.each_ref().map(String::as_str);
            out += &row([callback.name, state, code, after, notices]);
        }
    }
    out
}

fn row([callback, state, code, after, notices]: [&str; 5]) -> String {
    let row = format!("{callback:<44}{state:<18}{code:<8}{after:<30}{notices}");
    format!("{}\n", row.trim_end())
}

/// Code, state and notices after one callback to an instance in a state.
async fn answered(callback: &Callback, state: &str, settings: &[(&str, &str)]) -> [String; 3] {
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
    let told = before.map_or(0, |kept| kept.outbox.sequence);
    [answer.code, named(after.as_ref()), notices(after.as_ref(), told)]
}

impl Callback {
    /// Its members for an instance.
    pub fn members<'a>(&self, instance_id: &'a str) -> Vec<(&'a str, &'a str)> {
        let filled = |value| if value == ID { instance_id } else { value };
        let members = self.members.iter();
        members.map(|(name, value)| (*name, filled(*value))).collect()
    }

    /// Sends it, signed now.
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

/// The ID of the purchase in the table's calls.
pub fn instance_id(contract: Contract) -> InstanceId {
    let line = match contract {
        Contract::V1 => None,
        Contract::V2 => Some("CS1-1"),
    };
    domain::instance::id::derive("CS1", line, None)
}

/// What is kept of an instance in a state, as the calls before and the product left it.
pub fn standing(state: &str, contract: Contract) -> Option<EntityRecord> {
    let ready = || Access::Ready(AppInfo::parse(r#"{"frontEndUrl":"https://a.example"}"#).unwrap());
    let abandoned = match state {
        "abandoned" => Some(NOW - 1),
        "abandoned since" => Some(NOW),
        _ => None,
    };
    let (state, access) = match state {
        "absent" => return None,
        "pending" | "abandoned" | "abandoned since" => (InstanceState::Active, Access::Pending),
        "ready" => (InstanceState::Active, ready()),
        "frozen by expiry" => (InstanceState::Frozen(FreezeCause::Expiry), ready()),
        "frozen by status" => (InstanceState::Frozen(FreezeCause::Status), ready()),
        "frozen by both" => (InstanceState::Frozen(FreezeCause::Both), ready()),
        "refused" => (InstanceState::Active, Access::Refused(OrderRefused::SoldOut)),
        "released" => (InstanceState::Released, ready()),
        _ => panic!("{state} is no state"),
    };
    let order = OrderId::parse("CS1").unwrap();
    let mut instance = Instance::created(instance_id(contract), order, access);
    instance.state = state;
    let kept = EntityRecord::new(Entity::Instance(instance));
    Some(match abandoned {
        Some(abandoned) => give_up(kept, abandoned),
        None => kept,
    })
}

/// A V1 purchase that was told the product and not answered, abandoned by the relay at a time.
fn give_up(mut kept: EntityRecord, abandoned: u64) -> EntityRecord {
    let Entity::Instance(instance) = kept.entity else {
        panic!("an instance is bought");
    };
    let bought = UnixMillis::new(abandoned - LOOK_AGAIN_MILLIS - PATIENCE_MILLIS);
    kept.entity = Entity::Instance(instance.unsettled(Contract::V1, None, bought));
    let pass = |kept: EntityRecord, at| {
        kept.pass(Reader::Product, ClockTrust::Trusted, UnixMillis::new(at))
    };
    let sighted = pass(kept, abandoned - LOOK_AGAIN_MILLIS);
    assert!(sighted.changed && !sighted.abandoned, "the first look only remembers");
    let passed = pass(sighted.record, abandoned);
    assert!(passed.abandoned, "the second acts");
    passed.record
}

/// Three and a half hours: V1's patience, and half an hour for clocks and queues.
pub const PATIENCE_MILLIS: u64 = 12_600_000;
/// Ten minutes: from the relay's first look to the one that acts.
pub const LOOK_AGAIN_MILLIS: u64 = 600_000;

/// The state's name in the table.
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

/// The notices after a sequence, each with its cause if it has one.
pub fn notices(kept: Option<&EntityRecord>, told: u64) -> String {
    let waiting = kept.map(|kept| kept.outbox.waiting.as_slice());
    let news = waiting.unwrap_or_default().iter();
    let words = news.filter(|notice| notice.sequence() > told).map(|notice| {
        let word = notice.kind.as_str().trim_start_matches("instance.");
        match notice.data.get("cause").and_then(Value::as_str) {
            Some(cause) => format!("{word} ({cause})"),
            None => word.to_owned(),
        }
    });
    let words: Vec<_> = words.collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

#[expect(clippy::print_stdout, reason = "the table is there to be read")]
fn show(table: &str) {
    println!("{table}");
}
