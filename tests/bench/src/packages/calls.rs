//! The call of each function, and the check of its answer.

use domain::webhook::WebhookSecrets;
use http::{Request, Response};
use protocol::time::UnixMillis;
use serde_json::{Value, json};
use tests::call::{ADDRESS, BASE_KEY, PRODUCT_SECRET, v1, v2_body};

use crate::calls::{purchase, verified};
use crate::outcome::Result;

/// The secret of a timer over HTTP, made up.
pub const RELAY_SECRET: &str = "constructed-relay-secret-0001";
/// The access key of the kit, made up.
pub const KIT_KEY: &str = "constructed-kit-key-0002";

/// The call of a function.
pub struct FunctionCall {
    function: &'static str,
    /// Makes the request from an ID that no earlier call had, and from the time in milliseconds.
    request: fn(&str, u64) -> Result<Request<Vec<u8>>>,
    expected: Expected,
}

/// The answer of a function. It shows that the function used its store: a change is written, and an
/// instance without a purchase is unknown.
enum Expected {
    /// An answer that is signed with the key of the base interfaces, with a result code.
    Base(&'static str),
    /// A success that is signed with the key of the kit.
    Kit,
    /// A status for the product.
    Status(u16),
    /// A report of usage for an unknown instance is rejected.
    Rejected,
    /// The relay reports that nothing was due.
    Report,
}

/// The call of a function, if it is known.
pub fn of(function: &str) -> Option<&'static FunctionCall> {
    CALLS.iter().find(|call| call.function == function)
}

impl FunctionCall {
    /// Whether a timer calls the function.
    pub const fn is_timer(&self) -> bool {
        matches!(self.expected, Expected::Report)
    }

    /// Makes the request with a number, signed now.
    pub fn request(&self, number: usize, now: u64) -> Result<Request<Vec<u8>>> {
        (self.request)(&format!("{now}-{number}"), now)
    }

    /// Verifies an answer.
    ///
    /// # Errors
    /// If it is not the expected one.
    pub fn check(&self, answer: &Response<Vec<u8>>) -> Result<()> {
        let body = || serde_json::from_slice::<Value>(answer.body());
        let is_fine = match self.expected {
            Expected::Base(code) => verified(answer, BASE_KEY, code).map(|_| true)?,
            Expected::Kit => verified(answer, KIT_KEY, "000000").map(|_| true)?,
            Expected::Status(status) => answer.status() == status,
            Expected::Rejected => body()?.pointer("/records/0/status") == Some(&json!("rejected")),
            Expected::Report => body()?.pointer("/delivered") == Some(&json!(0)),
        };
        if is_fine { Ok(()) } else { Err(format!("{} answered {answer:?}", self.function).into()) }
    }
}

const CALLS: [FunctionCall; 17] = [
    kit("all-org-sync", |id, now| {
        let departments = json!([{ "orgCode": "o1", "orgName": "made up" }]);
        kit_call("allOrgSync", id, now, json!({ "orgInfoList": departments }))
    }),
    call("app-info", Expected::Status(404), access_data),
    kit("application-sync", |id, now| {
        kit_call("applicationSync", id, now, json!({ "appId": "a1", "flag": 0 }))
    }),
    kit("auth-sync", |id, now| {
        let time = simulator::time::in_china(now);
        let users = json!([{ "userName": "u1", "orgCode": "o1" }]);
        let members =
            json!({ "appId": "a1", "currentSyncTime": time, "flag": 0, "userList": users });
        kit_call("authSync", id, now, members)
    }),
    unknown("change-instance-check", |id, now| {
        let product = json!({ "productId": "P2" });
        base_call("changeInstanceCheck", id, now, json!({ "productInfo": product }))
    }),
    unknown("expire-instance", |id, now| {
        Ok(v1(now, &[("activity", "expireInstance"), ("instanceId", id)]))
    }),
    call("new-instance", Expected::Base("000000"), |id, now| Ok(purchase(id, now))),
    unknown("query-instance", |id, now| base_call("queryInstance", id, now, json!({}))),
    call("receive", Expected::Base("000000"), |id, now| Ok(purchase(id, now))),
    unknown("refresh-instance", |id, now| {
        let more =
            json!({ "expireTime": LATER, "orderId": id, "orderLineId": id, "scene": "RENEWAL" });
        base_call("refreshInstance", id, now, more)
    }),
    // The request of a timer over HTTP. Other platforms have events for their timers.
    call("relay", Expected::Report, |_, _| {
        let secret = format!("Bearer {RELAY_SECRET}");
        Ok(Request::get("/relay").header("authorization", secret).body(Vec::new())?)
    }),
    unknown("release-instance", |id, now| base_call("releaseInstance", id, now, order(id))),
    kit("single-org-sync", |id, now| {
        kit_call(
            "singleOrgSync",
            id,
            now,
            json!({ "flag": 1, "orgCode": "o1", "orgName": "made up" }),
        )
    }),
    kit("tenant-sync", |id, now| {
        let names = json!({ "name": "made up", "tenantCode": "m1" });
        let more = json!({ "domainName": "https://made-up.example.com", "flag": 1 });
        kit_call("tenantSync", id, now, joined(names, more))
    }),
    unknown("update-instance-status", |id, now| {
        base_call("updateInstanceStatus", id, now, json!({ "status": "FREEZE" }))
    }),
    unknown("upgrade-instance", |id, now| base_call("upgradeInstance", id, now, order(id))),
    call("usage", Expected::Rejected, usage_report),
];

const fn call(
    function: &'static str,
    expected: Expected,
    request: fn(&str, u64) -> Result<Request<Vec<u8>>>,
) -> FunctionCall {
    FunctionCall { function, request, expected }
}

/// A call of the kit.
const fn kit(
    function: &'static str,
    request: fn(&str, u64) -> Result<Request<Vec<u8>>>,
) -> FunctionCall {
    call(function, Expected::Kit, request)
}

/// A call about an instance that does not exist.
const fn unknown(
    function: &'static str,
    request: fn(&str, u64) -> Result<Request<Vec<u8>>>,
) -> FunctionCall {
    call(function, Expected::Base("000003"), request)
}

fn base_call(activity: &str, id: &str, now: u64, more: Value) -> Result<Request<Vec<u8>>> {
    let members = joined(json!({ "activity": activity, "instanceId": id }), more);
    Ok(v2_body(now, members.to_string().as_bytes()))
}

fn kit_call(activity: &str, id: &str, now: u64, more: Value) -> Result<Request<Vec<u8>>> {
    let time = simulator::time::in_china(now);
    let members = json!({ "instanceId": id, "tenantId": "t1", "testFlag": 0, "timeStamp": time });
    let body = joined(members, more).to_string().into_bytes();
    let now = now.to_string();
    Ok(simulator::kit_v2::request(ADDRESS, activity, KIT_KEY, &now, "made-up-nonce", &body)?)
}

/// The access data of an instance, which the product sends.
fn access_data(id: &str, now: u64) -> Result<Request<Vec<u8>>> {
    let app_info = json!({ "frontEndUrl": "https://app.example.com/a" });
    let data = json!({ "instanceId": id, "appInfo": app_info });
    let message = json!({ "type": "instance.access", "data": data });
    webhook("PUT", &format!("/instances/{id}/app-info"), now, &message)
}

/// A report of the usage of the hour that ended last, which the product sends.
fn usage_report(id: &str, now: u64) -> Result<Request<Vec<u8>>> {
    let ended = now - now % HOUR_MILLIS;
    let time = |millis: u64| UnixMillis::new(millis).to_rfc3339();
    let record = json!({
        "recordId": "r1", "instanceId": id, "value": 1.5,
        "beginTime": time(ended - HOUR_MILLIS), "endTime": time(ended),
    });
    webhook("POST", "/usage", now, &json!({ "records": [record] }))
}

/// A call of the product, signed now.
fn webhook(method: &str, path: &str, now: u64, message: &Value) -> Result<Request<Vec<u8>>> {
    let (seconds, body) = (now / 1_000, message.to_string().into_bytes());
    let signature = WebhookSecrets::parse(PRODUCT_SECRET)?.sign("msg_1", seconds, &body);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signature);
    Ok(request.body(body)?)
}

fn order(id: &str) -> Value {
    json!({ "orderId": id, "orderLineId": id })
}

/// The members of two objects.
fn joined(mut members: Value, more: Value) -> Value {
    if let (Some(members), Value::Object(more)) = (members.as_object_mut(), more) {
        members.extend(more);
    }
    members
}

const HOUR_MILLIS: u64 = 3_600_000;
/// An expiry in the guide's form.
const LATER: &str = "20991231155959";
