//! Compares the model with Amazon's own emulator.

use bytes::Bytes;
use http::Request;
use serde_json::{Value as Json, json};
use shell::client::Client;
use shell::world::Web;
use tests::dynamodb::model::Model;
use tests::dynamodb::{ACCESS_KEY, REGION, Table, emulator};
use tests::on_tokio::block_on;

/// The emulator's answer to a request, in the model's form.
pub(super) fn ask(endpoint: &str, operation: &str, request: &Json) -> (Option<String>, Json) {
    // The emulator requires a signature but does not verify it.
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20261005/{REGION}/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=00"
    );
    let request = Request::post(format!("{endpoint}/"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("authorization", authorization)
        .body(Bytes::from(request.to_string()))
        .unwrap();
    let response = block_on(Client::new(2 * 1024 * 1024).send(request)).unwrap();
    let body: Json = serde_json::from_slice(response.body()).unwrap();
    let kind = body["__type"].as_str().and_then(|kind| kind.rsplit('#').next());
    (kind.map(str::to_owned), body)
}

/// The parts of an answer that koohook reads.
fn parts_read((kind, body): (Option<String>, Json)) -> Json {
    let parts = ["Item", "Items", "LastEvaluatedKey"].map(|name| body.get(name).cloned());
    json!([kind, parts])
}

type Requests = Vec<(&'static str, Json)>;

pub(super) fn text(text: &str) -> Json {
    json!({ "S": text })
}

fn with(mut object: Json, name: &str, value: Json) -> Json {
    object[name] = value;
    object
}

fn get(table: &str, key: &str) -> (&'static str, Json) {
    ("GetItem", json!({ "TableName": table, "Key": { "k": text(key) }, "ConsistentRead": true }))
}

fn item(key: &str, version: &str) -> Json {
    json!({ "k": text(key), "version": { "B": version } })
}

fn put(table: &str, item: Json, condition: &str, values: Json) -> (&'static str, Json) {
    let put = json!({ "TableName": table, "Item": item, "ConditionExpression": condition,
        "ExpressionAttributeValues": values, "ReturnValuesOnConditionCheckFailure": "ALL_OLD" });
    ("PutItem", put)
}

const ABSENT: &str = "attribute_not_exists(k) OR expires <= :now";
const OVER: &str = "version = :over AND (attribute_not_exists(expires) OR expires > :now)";

/// Reads and writes that reach every branch of the model. Their order matters.
fn reads_and_writes(table: &str) -> Requests {
    let put = |item, condition, values| put(table, item, condition, values);
    let now = |now: u64| json!({ ":now": { "N": now.to_string() } });
    let both = |at: u64, over: &str| with(now(at), ":over", json!({ "B": over }));
    let expiring = |at: &str| with(item("a", "AAAC"), "expires", json!({ "N": at }));
    let mut requests = vec![
        get(table, "a"),
        get(table, ""),
        get(table, &"k".repeat(2_048)),
        get(table, &"k".repeat(2_049)),
        put(item("a", "AAAA"), OVER, both(9, "AAAA")),
        put(item("a", "AAAA"), ABSENT, now(9)),
        put(item("a", "AAAB"), ABSENT, now(9)),
        put(item("a", "AAAB"), OVER, both(9, "AAAB")),
        put(item("a", "AAAB"), OVER, both(9, "AAAA")),
        put(expiring("10"), OVER, both(9, "AAAB")),
        put(item("a", "AAAD"), OVER, both(10, "AAAC")),
        put(item("a", "AAAD"), ABSENT, now(9)),
        put(item("a", "AAAD"), ABSENT, now(10)),
        put(item("b", "AAAD"), ABSENT, json!({})),
        put(item("b", "AAAD"), ABSENT, both(9, "AAAA")),
        put(item("b", "AAAD"), "version = = :over", json!({ ":over": { "B": "" } })),
        put(item("", "AAAD"), ABSENT, now(9)),
        put(with(item("b", ""), "long", text(&"x".repeat(409_600))), ABSENT, now(9)),
        put(with(item("b", ""), "agenda", text("")), ABSENT, now(9)),
        put(with(item("b", ""), "due", text(&"x".repeat(1_025))), ABSENT, now(9)),
        get(table, "a"),
        get(table, "b"),
        ("Nothing", json!({ "TableName": table })),
        ("GetItem", json!({ "TableName": "koohook-absent", "Key": { "k": text("a") } })),
    ];
    for (key, due) in [("q1", "01q1"), ("q3", "03q3"), ("q2", "02q2"), ("q4", "04q4")] {
        let line = with(with(item(key, ""), "agenda", text("due#07")), "due", text(due));
        requests.push(put(line, ABSENT, now(9)));
    }
    requests
}

/// Queries over the written items.
fn queries(table: &str) -> Requests {
    let values = |from: &str, until: &str| json!({ ":agenda": text("due#07"), ":from": text(from), ":until": text(until) });
    let start = json!({ "k": text("q1"), "agenda": text("due#07"), "due": text("01q1") });
    let query = |name: &str, value: Json| {
        let query = json!({ "TableName": table, "IndexName": "agenda", "Limit": 9,
            "KeyConditionExpression": "agenda = :agenda AND due BETWEEN :from AND :until",
            "ExpressionAttributeValues": values("01q1", "03q3") });
        ("Query", with(query, name, value))
    };
    let mut requests: Requests = (0..5).map(|limit| query("Limit", json!(limit))).collect();
    requests.push(query("ExclusiveStartKey", start));
    requests.push(query("IndexName", json!("nothing")));
    requests.push(query("ConsistentRead", json!(true)));
    for (from, until) in [("01q2", "03q2"), ("0", "1"), ("02q2", "02q2"), ("03", "02"), ("0", "9")]
    {
        requests.push(query("ExpressionAttributeValues", values(from, until)));
    }
    requests
}

/// Writes of items in the catalogue.
fn catalogue_writes(table: &str) -> Requests {
    let put = |item| put(table, item, "attribute_not_exists(k)", Json::Null);
    let entries = [("c1", "01c1\0"), ("c3", "03c3\0AAAA"), ("c2", "02c2\0")];
    let entries = entries.map(|(key, changed)| {
        let item = with(item(key, ""), "catalogue", text("list#07"));
        put(with(item, "changed", text(changed)))
    });
    let unfit = [("catalogue", 0), ("changed", 0), ("changed", 1_025)];
    let unfit =
        unfit.map(|(name, length)| put(with(item("b", ""), name, text(&"x".repeat(length)))));
    entries.into_iter().chain(unfit).collect()
}

/// Queries of the catalogue, from its end, over the written items.
fn backward_queries(table: &str) -> Requests {
    let values = |before: &str| json!({ ":catalogue": text("list#07"), ":before": text(before) });
    let start =
        json!({ "k": text("c3"), "catalogue": text("list#07"), "changed": text("03c3\0AAAA") });
    let query = |name: &str, value: Json| {
        let query = json!({ "TableName": table, "IndexName": "catalogue", "Limit": 9,
            "KeyConditionExpression": "catalogue = :catalogue AND changed < :before",
            "ExpressionAttributeValues": values("9"), "ScanIndexForward": false });
        ("Query", with(query, name, value))
    };
    let mut requests: Requests = (0..4).map(|limit| query("Limit", json!(limit))).collect();
    requests.push(query("ExclusiveStartKey", start));
    requests.push(query("ScanIndexForward", json!(true)));
    for before in ["03c3\0", "03c3\0AAAA", "03c3\u{1}", "02", "0"] {
        requests.push(query("ExpressionAttributeValues", values(before)));
    }
    requests
}

/// The emulator's scan has another order. So a scan of everything is compared without its order.
#[test]
fn the_model_scans_like_amazons_emulator() {
    let Some(endpoint) = emulator() else { return };
    let model = Model::start();
    let scanned = [&endpoint, &model.endpoint].map(|endpoint| {
        let table = Table::new(endpoint);
        for number in 0..9 {
            super::put(&table, &format!("key-{number}"), &super::value(number), None).unwrap();
        }
        let setting = table.setting.strip_prefix("dynamodb://").unwrap();
        let name = setting.split('?').next().unwrap();
        let (mut all, mut pages, mut start) = (Vec::new(), 0, Json::Null);
        loop {
            let mut scan = json!({ "TableName": name, "Limit": 2, "ConsistentRead": true });
            if !start.is_null() {
                scan["ExclusiveStartKey"] = start;
            }
            let (kind, body) = match *endpoint == model.endpoint {
                true => model.ask("Scan", &scan),
                false => ask(endpoint, "Scan", &scan),
            };
            assert_eq!(kind, None);
            all.extend(body["Items"].as_array().unwrap().iter().map(Json::to_string));
            pages += 1;
            start = body["LastEvaluatedKey"].clone();
            if start.is_null() {
                break;
            }
        }
        all.sort();
        (all, pages)
    });
    assert_eq!(scanned[0], scanned[1]);
}

#[test]
fn the_model_answers_like_amazons_emulator() {
    let Some(endpoint) = emulator() else { return };
    let model = Model::start();
    let tables = [&endpoint, &model.endpoint].map(|endpoint| Table::new(endpoint));
    let names = tables.each_ref().map(|table| {
        let setting = table.setting.strip_prefix("dynamodb://").unwrap();
        setting.split('?').next().unwrap().to_owned()
    });
    let [emulator_requests, model_requests] = names.map(|name| {
        [reads_and_writes, queries, catalogue_writes, backward_queries]
            .map(|requests| requests(&name))
            .concat()
    });
    for (theirs, ours) in emulator_requests.into_iter().zip(model_requests) {
        let amazon = parts_read(ask(&endpoint, theirs.0, &theirs.1));
        let shown: String = ours.1.to_string().chars().take(400).collect();
        assert_eq!(parts_read(model.ask(ours.0, &ours.1)), amazon, "{} {shown}", ours.0);
    }
}
