//! Checks what the product's pages say about usage, and its schema: koohook gives the answers that
//! the pages show, and accepts what the schema accepts. `tests/product` runs the program on the pages.

use std::time::Duration;

use bytes::Bytes;
use domain::usage::{
    MAX_INFO_ENTRIES, MAX_PACKAGES, MAX_REPORTED, MAX_WINDOWS, RejectReason, UsageInfoReport,
    UsageReport,
};
use domain::webhook::WebhookSecrets;
use http::StatusCode;
use jsonschema::Validator;
use protocol::message::InstanceId;
use serde_json::json;
use shell::endpoint::Endpoint;
use shell::endpoint::usage::UsageEndpoint;

use super::examples::{PAGES, examples, text};
use super::schema::closed_part;
use super::story::V2_LINE;
use super::*;

const SCHEMA: &str = include_str!("../../../docs/usage.schema.json");

fn closed(part: &str) -> Validator {
    closed_part(SCHEMA, Some(part))
}

/// The only example of a page that the test selects.
fn example(page: &str, selected: impl Fn(&Value) -> bool) -> Value {
    let mut selected: Vec<_> = examples(page).into_iter().filter(selected).collect();
    assert_eq!(selected.len(), 1, "{page}: {selected:?}");
    selected.remove(0)
}

impl Seller {
    /// Sends a message of the product. Returns the status and the body of the answer.
    fn product(&self, method: &str, path: &str, message: &Value) -> (StatusCode, Value) {
        let (body, at) = (message.to_string(), self.koohook.world().now_millis() / 1_000);
        let secrets = WebhookSecrets::parse(PRODUCT_SECRET).unwrap();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", at)
            .header("webhook-signature", secrets.sign("msg_1", at, body.as_bytes()))
            .body(Bytes::from(body))
            .unwrap();
        let endpoint = UsageEndpoint::new(Arc::clone(self.koohook.endpoint.context()));
        let response = run(Endpoint::answer(&endpoint, request));
        (response.status(), serde_json::from_slice(response.body()).unwrap())
    }
}

/// The purchase of the pages is at 21:10:27. The report of the pages arrives at 23:00:27.
#[test]
fn koohook_answers_the_report_of_the_pages_as_they_show() {
    for page in PAGES {
        let report = example(page, |it| it["records"][0].get("value").is_some());
        let shown = example(page, |it| it["records"][0].get("status").is_some());
        let seller = Seller::new(200, READY);
        let purchase = [&V2_LINE[..], &[("businessId", "made-up-0001")]].concat();
        let instance = seller.v2("newInstance", &purchase);
        assert_eq!(report["records"][0]["instanceId"], instance.as_str(), "{page}");
        seller.koohook.world().pass(Duration::from_mins(110));
        let answer = seller.product("POST", "/usage", &report);
        assert_eq!(answer, (StatusCode::OK, shown.clone()), "{page}");
        closed("report").validate(&report).unwrap();
        closed_part(SCHEMA, None).validate(&report).unwrap();
        closed("report.answer").validate(&shown).unwrap();
    }
}

#[test]
fn koohook_accepts_the_usage_of_a_package_as_the_pages_show_it() {
    for page in PAGES {
        let message = example(page, |it| it["type"] == UsageInfoReport::TYPE);
        let seller = Seller::new(200, READY);
        let order = [("orderId", "CS2610051949V1PKG"), ("productId", "00301-000000-0--0")];
        let buyer = [("customerId", "made-up-customer-0001"), ("businessId", "made-up-0005")];
        let package = [&order[..], &buyer, &[("chargingMode", "5")]].concat();
        let package = seller.v1("newInstance", &package);
        assert_eq!(message["data"]["instanceId"], package.as_str(), "{page}");
        let path = format!("/instances/{package}/usage-info");
        let (status, answer) = seller.product("PUT", &path, &message);
        assert_eq!((status, &answer), (StatusCode::OK, &json!({ "status": "ok" })), "{page}");
        closed("instance.usage").validate(&message).unwrap();
        closed("answer").validate(&answer).unwrap();
        let (status, answer) = seller.product("PUT", "/instances/other/usage-info", &message);
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        closed("answer").validate(&answer).unwrap();
    }
}

#[test]
fn both_pages_explain_each_word_and_each_limit() {
    let reasons = RejectReason::ALL.map(RejectReason::as_str);
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let outcome = &schema["$defs"]["report.answer"]["properties"]["records"]["items"];
    assert_eq!(outcome["properties"]["reason"]["enum"], json!(reasons));
    let records = &schema["$defs"]["report"]["properties"]["records"];
    assert_eq!(records["maxItems"], MAX_REPORTED);
    let data = &schema["$defs"]["instance.usage"]["properties"]["data"];
    assert_eq!(data["properties"]["usageInfo"]["maxItems"], MAX_INFO_ENTRIES);
    for page in PAGES {
        let text = text(page);
        let statuses = outcome["properties"]["status"]["enum"].as_array().unwrap();
        let statuses = statuses.iter().map(|status| status.as_str().unwrap());
        for word in statuses.chain(reasons) {
            assert!(text.contains(&format!("\n| `{word}` | ")), "{page} must explain {word}");
        }
        for limit in [MAX_WINDOWS, MAX_REPORTED] {
            let [thousands, rest] = [limit / 1_000, limit % 1_000];
            assert!(text.contains(&format!("{thousands},{rest:03}")), "{page}: {limit}");
        }
        assert!(text.contains(&format!(" {MAX_PACKAGES} ")), "{page}: {MAX_PACKAGES}");
        assert!(text.contains(&format!("1 to {MAX_INFO_ENTRIES} ")) || page.contains("zh"));
    }
}

fn record(name: &str, value: Value) -> Value {
    let mut record = json!({
        "recordId": "1", "instanceId": "inst-1", "value": "1",
        "beginTime": "2026-10-05T22:00:00Z", "endTime": "2026-10-05T23:00:00Z",
    });
    record[name] = value;
    record
}

/// Records, and whether koohook and the schema accept them.
fn cases() -> Vec<(bool, Value)> {
    let text = |len: usize| json!("a".repeat(len));
    let ids = [
        (true, record("recordId", text(64))),
        (true, record("recordId", json!("单"))),
        (false, record("recordId", text(65))),
        (false, record("recordId", json!(""))),
        (false, record("recordId", json!("a\u{7f}"))),
        (false, record("recordId", json!(1))),
        (true, record("instanceId", text(64))),
        (false, record("instanceId", text(65))),
        (false, record("instanceId", json!(""))),
        (true, record("relatedPackageInstanceId", json!("inst-2"))),
        (false, record("relatedPackageInstanceId", json!(""))),
        (false, record("relatedPackageInstanceId", json!(2))),
    ];
    let values = [
        (true, record("value", json!("99999999.9999"))),
        (true, record("value", json!("0"))),
        (true, record("value", json!(0))),
        (true, record("value", json!(12.5))),
        (false, record("value", json!("100000000"))),
        (false, record("value", json!(100_000_000))),
        (false, record("value", json!("1.00001"))),
        (false, record("value", json!("-1"))),
        (false, record("value", json!(-1))),
        (false, record("value", json!("+1"))),
        (false, record("value", json!(""))),
        (false, record("value", json!("1,5"))),
        (false, record("value", json!(null))),
        (false, record("value", json!([1]))),
    ];
    [&ids[..], &values, &cases_of_times()].concat()
}

fn cases_of_times() -> [(bool, Value); 7] {
    [
        (true, record("beginTime", json!("2026-10-06T06:00:00+08:00"))),
        (true, record("beginTime", json!("2026-10-05T22:00:00.000Z"))),
        (false, record("beginTime", json!("2026-10-05T22:00:00.5Z"))),
        (false, record("beginTime", json!("2026-10-05T22:00:00"))),
        (false, record("beginTime", json!("20261005T220000Z"))),
        (false, record("beginTime", json!("2026-13-05T22:00:00Z"))),
        (false, record("beginTime", json!(1_791_237_600))),
    ]
}

/// There are exceptions: a schema cannot compare two times, or count the days of a month or the places
/// of a number. koohook also accepts a value with an exponent, and null as a member that is missing.
#[test]
fn koohook_and_the_schema_accept_the_same_records() {
    for (accepted, record) in cases() {
        let report = json!({ "records": [record] });
        let read = UsageReport::read(report.to_string().as_bytes()).unwrap();
        assert_eq!(read.lines[0].record.is_some(), accepted, "{record}");
        assert_eq!(closed("report").is_valid(&report), accepted, "{record}");
    }
    for number in [0, 1, MAX_REPORTED, MAX_REPORTED + 1] {
        let report = json!({ "records": vec![record("value", json!("1")); number] });
        let accepted = UsageReport::read(report.to_string().as_bytes()).is_ok();
        assert_eq!(accepted, (1..=MAX_REPORTED).contains(&number), "{number}");
        assert_eq!(closed("report").is_valid(&report), accepted, "{number}");
    }
}

#[test]
fn koohook_and_the_schema_accept_the_same_usage_of_a_package() {
    let with = |name: &str, value: Value| {
        let mut entry = json!({ "usageValue": "1" });
        entry[name] = value;
        json!([entry])
    };
    let address = |len: usize| json!(format!("https://a.example/{}", "a".repeat(len - 18)));
    let cases = [
        (true, with("usageValue", json!("120.5"))),
        (true, with("usageValue", json!(0))),
        (false, with("usageValue", json!("1.00001"))),
        (false, with("usageValue", json!("-1"))),
        (false, with("usageValue", json!(null))),
        (true, with("relatedInstanceId", json!("inst-2"))),
        (false, with("relatedInstanceId", json!(""))),
        (true, with("dashboardUrl", json!("http://a.example/u?i=1"))),
        (true, with("dashboardUrl", address(512))),
        (false, with("dashboardUrl", address(513))),
        (false, with("dashboardUrl", json!("app.example.com"))),
        (false, with("dashboardUrl", json!("https://a.example/用量"))),
        (true, json!(vec![json!({ "usageValue": "1" }); MAX_INFO_ENTRIES])),
        (false, json!(vec![json!({ "usageValue": "1" }); MAX_INFO_ENTRIES + 1])),
        (false, json!([])),
        (false, json!([{}])),
        (false, json!({ "usageValue": "1" })),
    ];
    let id = InstanceId::parse("inst-1").unwrap();
    for (accepted, info) in cases {
        let data = json!({ "instanceId": "inst-1", "usageInfo": info });
        let message = json!({ "type": "instance.usage", "data": data });
        let read = UsageInfoReport::read(&id, message.to_string().as_bytes());
        assert_eq!(read.is_ok(), accepted, "{message}");
        assert_eq!(closed("instance.usage").is_valid(&message), accepted, "{message}");
    }
}
