//! The kit's calls through a real endpoint, under both contracts, with the signatures of the
//! simulated marketplace.

use std::time::Duration;

use domain::entity::{Entity, Subject};
use domain::kit_list::KitList;
use domain::kit_list::PartName;
use domain::page::Row;
use domain::record::EntityRecord;
use domain::store_keys::part_key;
use domain::tenant::{Dated, Tenant};
use protocol::message::{AppId, InstanceId, TenantId};
use protocol::time::UnixMillis;
use serde_json::{Map, Value, json};
use shell::seal::{Clear, Seal};
use shell::store::Store;
use shell::store::memory::Memory;
use shell::world::{Deadline, World};
use simulator::answer::{Answer, verify_body_sign};
use simulator::{kit_v1, kit_v2, time, v2};
use tests::call::{ADDRESS, BASE_KEY, Koohook, PRODUCT_SECRET, run};
use tests::world::NOW;

mod failing;
mod heads;
mod leniencies;
mod lists;
mod offers;
mod order;
mod racing;
mod scenarios;
mod vectors;

const KIT_KEY: &str = "constructed-kit-key-0002";

/// There is a product, but no delivery inside the callback and no relay, so every notice waits.
const SETTINGS: [(&str, &str); 6] = [
    ("KOOHOOK_BASE_KEY", BASE_KEY),
    ("KOOHOOK_KIT_KEY", KIT_KEY),
    ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
    ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
    ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ("KOOHOOK_STORE", "memory:"),
];

/// The kit's pages at one address, except the page that needs a private key.
pub const PAGES: [Row; 4] = [
    functions::TENANT_SYNC,
    functions::AUTH_SYNC,
    functions::SINGLE_ORG_SYNC,
    functions::ALL_ORG_SYNC,
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Contract {
    V1,
    V2,
}

const BOTH: [Contract; 2] = [Contract::V1, Contract::V2];

struct Kit(Koohook<Memory>);

impl Kit {
    fn new() -> Self {
        Self(Koohook::serving(&PAGES, Memory::new(), &SETTINGS))
    }

    /// Sends a request, and verifies and reads the answer like the marketplace.
    fn send(&self, request: http::Request<Vec<u8>>) -> String {
        let response = run(self.0.answer(request));
        verify_body_sign(&response, KIT_KEY).unwrap();
        Answer::read(&response).unwrap().code
    }

    /// The result code of a call. The body has V2's form; for V1 it is converted, with lists as
    /// text.
    fn call(&self, contract: Contract, page: &str, body: &Value) -> String {
        let request = signed(self.0.world().now_millis(), contract, page, body);
        self.send(request)
    }

    /// Like [`Self::call`], with the numbers of reads and writes.
    fn cost(&self, contract: Contract, page: &str, body: &Value) -> (String, (usize, usize)) {
        self.0.store().take_counts();
        (self.call(contract, page, body), self.0.store().take_counts())
    }

    fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        let now = UnixMillis::new(self.0.world().now_millis());
        let stored = run(self.0.store().inner().get(key, now)).unwrap()?;
        Some(Seal::new(None, None, Clear::Allowed).open(key, &stored.bytes).unwrap())
    }

    fn kept(&self, subject: &Subject) -> Option<EntityRecord> {
        self.bytes(&subject.key()).map(|bytes| EntityRecord::from_bytes(&bytes).unwrap())
    }

    fn tenant(&self) -> Dated<Tenant> {
        match self.kept(&tenant_of("inst-1")).unwrap().entity {
            Entity::Tenant(tenant) => tenant,
            other => panic!("not a tenant: {other:?}"),
        }
    }

    fn list(&self, subject: &Subject) -> KitList {
        match self.kept(subject).map(|kept| kept.entity) {
            Some(Entity::KitList(list)) => list,
            None => KitList::default(),
            Some(other) => panic!("not a list: {other:?}"),
        }
    }

    /// The content of one part of a subject.
    fn part(&self, subject: &Subject, name: PartName) -> Vec<u8> {
        self.bytes(&part_key(&subject.key(), name)).expect("a part that is referred to must exist")
    }

    /// The waiting notices of a subject: types, members, and the records in the parts.
    fn notices(&self, subject: &Subject) -> Vec<Notice> {
        let waiting = self.kept(subject).map(|kept| kept.outbox.waiting).unwrap_or_default();
        let notice = |(place, notice): (u64, &domain::notice::Notice)| {
            assert_eq!(notice.sequence(), place);
            let records = notice.parts().flat_map(|name| {
                let part = self.part(subject, name);
                assert!(part.len() <= 128 * 1024, "{}", part.len());
                let records: Vec<Value> = serde_json::from_slice(&part).unwrap();
                assert!((1..=500).contains(&records.len()));
                records
            });
            let (kind, data) = (notice.kind.as_str(), notice.data.clone());
            Notice { kind, data, records: records.collect() }
        };
        (1..).zip(&waiting).map(notice).collect()
    }

    fn kinds(&self, subject: &Subject) -> Vec<&'static str> {
        self.notices(subject).iter().map(|notice| notice.kind).collect()
    }
}

struct Notice {
    kind: &'static str,
    data: Map<String, Value>,
    records: Vec<Value>,
}

impl Notice {
    /// The values of one member in all records.
    fn column(&self, name: &str) -> Vec<String> {
        let text = |record: &Value| record[name].as_str().unwrap_or("-").to_owned();
        self.records.iter().map(text).collect()
    }
}

/// A call, signed at a time. The nonce is derived from the body, so that two different calls never
/// share one.
fn signed(now_millis: u64, contract: Contract, page: &str, body: &Value) -> http::Request<Vec<u8>> {
    let text = written(contract, body);
    match contract {
        Contract::V1 => kit_v1::request(ADDRESS, page, KIT_KEY, &text),
        Contract::V2 => {
            let (now, nonce) = (now_millis.to_string(), kit_v2::sign(KIT_KEY, "", "", &text));
            kit_v2::request(ADDRESS, page, KIT_KEY, &now, &nonce, &text)
        }
    }
    .unwrap()
}

fn written(contract: Contract, body: &Value) -> Vec<u8> {
    let members = body.as_object().unwrap().iter();
    let member = |(name, value): (&String, &Value)| match (contract, name.as_str(), value) {
        (Contract::V1, "orgInfoList", Value::Array(_)) => {
            ("orgInfo".to_owned(), value.to_string().replace("\"orgName\"", "\"name\"").into())
        }
        (Contract::V1, "userList", Value::Array(_)) => (name.clone(), value.to_string().into()),
        _ => (name.clone(), value.clone()),
    };
    let members: Vec<(String, Value)> = members.map(member).collect();
    let members: Vec<(&str, Value)> =
        members.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    v2::body(&members)
}

/// A copy of the body with one member replaced; null removes the member.
fn with(body: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut body = body.clone();
    body[name] = value.into();
    if body[name].is_null() {
        body.as_object_mut().unwrap().remove(name);
    }
    body
}

/// The time this many milliseconds after [`NOW`], in the kit's format.
fn at(offset: i64) -> String {
    time::in_china(NOW.checked_add_signed(offset).unwrap())
}

fn tenant(flag: i64, name: &str, offset: i64) -> Value {
    json!({
        "instanceId": "inst-1", "orderId": "CS1", "tenantId": "t-1", "tenantCode": "huawei",
        "name": name, "domainName": "https://example.tenantaccount.com",
        "flag": flag, "testFlag": 0, "timeStamp": at(offset),
    })
}

fn users(flag: i64, names: &[&str], offset: i64) -> Value {
    let user = |name: &&str| {
        json!({
            "userName": name, "name": "张三", "orgCode": "1", "role": "user", "enable": "true",
        })
    };
    json!({
        "instanceId": "inst-1", "tenantId": "t-1", "appId": "app-1",
        "userList": names.iter().map(user).collect::<Value>(),
        "currentSyncTime": at(offset), "flag": flag, "testFlag": 0, "timeStamp": at(0),
    })
}

fn single(flag: i64, code: &str, name: &str, parent: &str, offset: i64) -> Value {
    json!({
        "instanceId": "inst-1", "tenantId": "t-1", "orgCode": code, "orgName": name,
        "parentCode": parent, "flag": flag, "testFlag": 0, "timeStamp": at(offset),
    })
}

/// A full list of departments, each with a code, a name and a parent.
fn all(rows: &[(&str, &str, &str)], offset: i64) -> Value {
    let row = |(code, name, parent): &(&str, &str, &str)| json!({ "orgCode": code, "orgName": name, "parentCode": parent });
    json!({
        "instanceId": "inst-1", "tenantId": "t-1",
        "orgInfoList": rows.iter().map(row).collect::<Value>(),
        "testFlag": 0, "timeStamp": at(offset),
    })
}

fn instance(id: &str) -> Option<InstanceId> {
    InstanceId::parse(id).ok()
}

fn tenant_of(id: &str) -> Subject {
    Subject::Tenant(instance(id), TenantId::parse("t-1").unwrap())
}

fn users_of(id: &str) -> Subject {
    Subject::Users(instance(id), TenantId::parse("t-1").unwrap(), AppId::parse("app-1").unwrap())
}

fn departments_of(id: &str) -> Subject {
    Subject::Departments(instance(id), TenantId::parse("t-1").unwrap())
}
