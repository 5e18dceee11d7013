//! One notice of each type, for the examples of the product's pages. The values have the form of the
//! guide's values and are made up.

use serde_json::json;
use simulator::{kit_v2, v1, v2};

use super::*;

/// All notices, in the order in which koohook sends them.
pub(super) fn messages() -> Vec<Message> {
    [by_v2(), by_v1(), by_v1_pay_per_use(), by_v1_abandoned(), by_the_kit()].concat()
}

pub(super) const V2_LINE: [(&str, &str); 2] =
    [("orderId", "CS2610051949V2ABC"), ("orderLineId", "CS2610051949V2ABC-000001")];

impl Seller {
    pub(super) fn v2(&self, activity: &str, members: &[(&str, &str)]) -> String {
        self.pass();
        let now = self.koohook.world().now_millis().to_string();
        let body = v2::body(&[&[("activity", activity)], members].concat());
        let nonce = v2::sign(BASE_KEY, &now, "", &body);
        let answer = self.send(v2::request(ADDRESS, BASE_KEY, &now, &nonce, &body).unwrap());
        answer.instance_id.unwrap_or_default()
    }

    pub(super) fn v1(&self, activity: &str, members: &[(&str, &str)]) -> String {
        self.pass();
        let time_stamp = simulator::time::to_the_millisecond(self.koohook.world().now_millis());
        let parameters = [&[("activity", activity)], members].concat();
        let answer = self.send(v1::request(ADDRESS, BASE_KEY, &time_stamp, &parameters).unwrap());
        answer.instance_id.unwrap_or_default()
    }

    /// Sends a call of the kit, and runs the relay.
    fn kit(&self, page: &str, members: Value) {
        self.pass();
        let now = self.koohook.world().now_millis();
        let time = simulator::time::in_china(now);
        let mut body = members;
        body["testFlag"] = 0.into();
        if body["timeStamp"].is_null() {
            body["timeStamp"] = time.as_str().into();
        }
        if page == "authSync" {
            body["currentSyncTime"] = time.as_str().into();
        }
        let (now, body) = (now.to_string(), body.to_string());
        let nonce = kit_v2::sign(KIT_KEY, &now, "", body.as_bytes());
        let request = kit_v2::request(ADDRESS, page, KIT_KEY, &now, &nonce, body.as_bytes());
        assert_eq!(self.send(request.unwrap()).code, "000000");
        self.relay();
    }

    /// Advances the clock by a minute.
    fn pass(&self) {
        self.koohook.world().pass(Duration::from_mins(1));
    }
}

fn by_v2() -> Vec<Message> {
    let seller = Seller::new(200, READY);
    let id = seller.v2("newInstance", &[&V2_LINE[..], &[("businessId", "made-up-0001")]].concat());
    let accepted = [("businessId", "made-up-0002"), ("acceptanceTime", "20261005195127")];
    seller.v2("newInstance", &[&V2_LINE[..], &accepted].concat());
    let here = [("instanceId", id.as_str())];
    let renewal = [
        ("scene", "RENEWAL"),
        ("orderId", "CS2611041949V2DEF"),
        ("orderLineId", "CS2611041949V2DEF-000001"),
        ("expireTime", "20271005160000"),
    ];
    seller.v2("refreshInstance", &[&here[..], &renewal].concat());
    seller.v2("updateInstanceStatus", &[&here[..], &[("status", "FREEZE")]].concat());
    seller.v2("updateInstanceStatus", &[&here[..], &[("status", "UNFREEZE")]].concat());
    let upgrade = [("orderId", "CS2611051949V2GHI"), ("orderLineId", "CS2611051949V2GHI-000001")];
    seller.v2("upgradeInstance", &[&here[..], &upgrade].concat());
    let end = [("orderId", "CS2612051949V2JKL"), ("orderLineId", "CS2612051949V2JKL-000001")];
    seller.v2("releaseInstance", &[&here[..], &end].concat());
    seller.received.messages()
}

const V1_ORDER: (&str, &str) = ("orderId", "CS2610051949V1ABC");

fn buy_by_v1(seller: &Seller) -> String {
    let [phone, email] = [(1, "15900000000"), (2, "buyer@example.com")].map(|(iv, plain)| {
        v1::encrypt(BASE_KEY, v1::Strength::Aes256, v1::Iv::numbered(iv), plain)
    });
    seller.v1(
        "newInstance",
        &[
            V1_ORDER,
            ("businessId", "made-up-0003"),
            ("customerId", "made-up-customer-0001"),
            ("customerName", "测试企业"),
            ("mobilePhone", &phone),
            ("email", &email),
            ("skuCode", "made-up-sku-0001"),
            ("productId", "00301-000000-0--0"),
            ("trialFlag", "0"),
            ("expireTime", "20261105160000"),
            ("chargingMode", "1"),
            ("periodType", "month"),
            ("periodNumber", "1"),
            ("amount", "5"),
            ("orderAmount", "299.000"),
            ("saasExtendParams", &v1::extend_params(&[("emailDomainName", "example.com")])),
        ],
    )
}

fn by_v1() -> Vec<Message> {
    let seller = Seller::new(200, READY);
    let id = buy_by_v1(&seller);
    let here = ("instanceId", id.as_str());
    seller.v1("expireInstance", &[V1_ORDER, here]);
    let renewal = [
        ("orderId", "CS2611051949V1DEF"),
        here,
        ("expireTime", "20261205160000"),
        ("periodType", "month"),
        ("periodNumber", "1"),
        ("orderAmount", "299.000"),
    ];
    seller.v1("refreshInstance", &renewal);
    let upgrade = [
        ("orderId", "CS2611061949V1GHI"),
        here,
        ("skuCode", "made-up-sku-0002"),
        ("productId", "00301-000000-0--1"),
        ("amount", "10"),
    ];
    seller.v1("upgrade", &upgrade);
    seller.relay();
    seller.v1("releaseInstance", &[V1_ORDER, here, ("orderAmount", "0")]);
    seller.relay();
    seller.received.messages()
}

/// A pay-per-use instance: the notice of its release says until when usage may be reported.
fn by_v1_pay_per_use() -> Vec<Message> {
    let seller = Seller::new(200, READY);
    let order = ("orderId", "CS2610051949V1PAY");
    let purchase = [
        order,
        ("businessId", "made-up-0005"),
        ("customerId", "made-up-customer-0001"),
        ("productId", "00301-000000-0--2"),
        ("chargingMode", "0"),
    ];
    let id = seller.v1("newInstance", &purchase);
    seller.v1("releaseInstance", &[order, ("instanceId", id.as_str())]);
    seller.received.messages()
}

/// A product that answers 202 and never sends access data: the marketplace refunds the purchase.
fn by_v1_abandoned() -> Vec<Message> {
    let seller = Seller::new(202, "");
    let purchase = [
        ("orderId", "CS2610051949V1XYZ"),
        ("businessId", "made-up-0004"),
        ("customerId", "made-up-customer-0002"),
        ("productId", "00301-000000-0--0"),
    ];
    seller.v1("newInstance", &purchase);
    seller.koohook.world().pass(Duration::from_mins(3 * 60 + 30));
    seller.relay();
    // The relay abandons a purchase at its second check, ten minutes after the first.
    seller.koohook.world().pass(Duration::from_mins(10));
    seller.relay();
    seller.v1("newInstance", &purchase);
    seller.received.messages()
}

fn person(account: &str) -> Value {
    let (name, code) = if account == "lisi" { ("李四", "E-0002") } else { ("张三", "E-0001") };
    json!({
        "userName": account, "name": name, "position": "", "orgCode": "00000002",
        "role": "user", "enable": "true", "employeeCode": code, "mobile": "15900000000",
        "email": format!("{account}@example.com"),
    })
}

fn by_the_kit() -> Vec<Message> {
    let seller = Seller::new(200, READY);
    let entity = |members: Value| {
        let mut all = json!({ "instanceId": ENTERPRISE, "tenantId": "made-up-tenant-0001" });
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        all
    };
    let tenant = json!({
        "orderId": "CS2610051949V2ABC", "tenantCode": "made-up", "name": "测试企业",
        "domainName": "https://made-up.tenantaccount.example.com",
    });
    let application = |flag: u8| {
        entity(json!({
            "appId": "made-up-app-0001", "clientId": "made-up-client-0001",
            "clientSecret": KIT_SECRETS.1, "flag": flag,
        }))
    };
    let people = |flag: u8, accounts: &[&str]| {
        let list: Vec<Value> = accounts.iter().map(|account| person(account)).collect();
        entity(json!({ "appId": "made-up-app-0001", "userList": list, "flag": flag }))
    };
    let department = |flag: u8, code: &str, name: &str, parent: &str| {
        entity(json!({ "orgCode": code, "orgName": name, "parentCode": parent, "flag": flag }))
    };
    let row = |code: &str, name: &str, parent: &str| json!({ "orgCode": code, "orgName": name, "parentCode": parent });

    let [mut put, mut deleted] = [1, 0].map(|flag| (flag, entity(tenant.clone())));
    for (flag, body) in [&mut put, &mut deleted] {
        body["flag"] = (*flag).into();
    }
    seller.kit("tenantSync", put.1);
    seller.kit("applicationSync", application(1));
    let all = [row("00000001", "产品部", ""), row("00000002", "研发部", "00000001")];
    seller.kit("allOrgSync", entity(json!({ "orgInfoList": all })));
    seller.kit("singleOrgSync", department(1, "00000003", "测试部", "00000001"));
    seller.kit("singleOrgSync", department(0, "00000003", "测试部", "00000001"));
    seller.kit("authSync", people(1, &["zhangsan", "lisi"]));
    seller.kit("authSync", people(3, &["lisi"]));
    seller.kit("authSync", people(0, &["zhangsan"]));
    seller.kit("applicationSync", application(0));
    seller.kit("tenantSync", deleted.1);
    seller.received.messages()
}

/// A list with one department that has a newer change. No record is sent, but the other departments
/// must be deleted.
pub(super) fn by_an_overtaken_list() -> Vec<Message> {
    let seller = Seller::new(200, READY);
    let row = |code: &str| json!({ "orgCode": code, "orgName": code, "parentCode": "" });
    let enterprise = || json!({ "instanceId": ENTERPRISE, "tenantId": "made-up-tenant-0001" });
    let list = |codes: &[&str]| {
        let mut list = enterprise();
        list["orgInfoList"] = codes.iter().map(|code| row(code)).collect();
        list
    };
    seller.kit("allOrgSync", list(&["1", "2"]));
    let overtaken = seller.koohook.world().now_millis() + 1_000;
    let mut newer = enterprise();
    newer.as_object_mut().unwrap().extend(row("2").as_object().unwrap().clone());
    newer["flag"] = 2.into();
    newer["orgName"] = "newer".into();
    seller.kit("singleOrgSync", newer);
    let mut older = list(&["2"]);
    older["timeStamp"] = simulator::time::in_china(overtaken).into();
    seller.kit("allOrgSync", older);
    seller.received.messages()
}

const ENTERPRISE: &str = "made-up-instance-0001";
