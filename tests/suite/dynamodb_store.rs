//! What koohook asks of DynamoDB, how it signs that, and what it makes of every answer. That the
//! store keeps its promises there is among `stores`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use protocol::time::UnixMillis;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use shell::client::Client;
use shell::store::dynamodb::{
    AwsCredentials, AwsCredentialsError, Dynamodb, SigningClock, TableError, TableStep,
};
use shell::store::{
    DynamodbSetting, Put, Queue, Right, RightError, Store, Stored, Unavailable, Value, Version,
};
use shell::world::{Unanswered, Web};
use tests::call::{Koohook, SETTINGS, run};
use tests::dynamodb::model::{Model, Plan};
use tests::dynamodb::signature::{Received, Unbelieved};
use tests::dynamodb::{
    ACCESS_KEY, REGION, SECRET_KEY, SESSION_TOKEN, Table, credentials, emulator, noon,
};
use tests::log::Log;
use tests::on_tokio::{OnTokio, block_on};
use tests::world::{NOW, Scripted};

const NOON: UnixMillis = UnixMillis::new(NOW);

fn value(number: u8) -> Value {
    let version = Version([number; 16]);
    Value { version, bytes: vec![number; 3], agenda: None, expires: None }
}

fn stored(number: u8) -> Stored {
    Stored { version: Version([number; 16]), bytes: vec![number; 3] }
}

fn put(store: &impl Store, key: &str, value: &Value, over: Option<u8>) -> Result<Put, Unavailable> {
    run(store.put(key, value, over.map(|number| Version([number; 16])), NOON))
}

// How a call is signed.

#[derive(Deserialize)]
struct Published {
    name: String,
    method: String,
    headers: Vec<(String, String)>,
    body: String,
    secret: String,
}

/// The published suite holds the reading that the model checks signatures by.
#[test]
fn the_published_signatures_are_believed_and_nothing_beside_them() {
    let published: Vec<Published> =
        serde_json::from_str(include_str!("../vectors/dynamodb/aws.json")).unwrap();
    assert!(published.len() > 10);
    for Published { name, method, headers, body, secret } in &published {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let received =
            |body| Received { method, headers: headers.clone(), body: str::as_bytes(body) };
        let believed = received(body).believe(secret);
        assert_eq!(believed.map(|believed| believed.access_key), Ok("AKIDEXAMPLE"), "{name}");
        assert_eq!(received("other").believe(secret), Err(Unbelieved::Wrong), "{name}");
        assert_eq!(received(body).believe("other"), Err(Unbelieved::Wrong), "{name}");
        let mut unsigned = received(body);
        unsigned.headers.push(("X-Amz-Other", "value"));
        assert_eq!(unsigned.believe(secret), Err(Unbelieved::LeftOut), "{name}");
        unsigned.headers.retain(|(name, _)| *name != "Authorization");
        assert_eq!(unsigned.believe(secret), Err(Unbelieved::Unsigned), "{name}");
    }
}

#[derive(Deserialize)]
struct Signed {
    operation: String,
    endpoint: String,
    token: Option<String>,
    body: String,
    date: String,
    authorization: String,
}

type Sent = Arc<Mutex<Vec<Request<Bytes>>>>;

/// A store whose calls are answered by a closure, and every call that it made.
fn scripted(
    endpoint: &str,
    credentials: AwsCredentials,
    clock: SigningClock,
    answer: impl Fn(&Request<Bytes>) -> Result<Response<Bytes>, Unanswered> + Send + 'static,
) -> (OnTokio<Dynamodb<Scripted>>, Sent) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&sent);
    let web = Scripted::default();
    web.answer(move |request| {
        let answered = answer(&request);
        kept.lock().unwrap().push(request);
        answered
    });
    let setting =
        DynamodbSetting::parse(&format!("koohook?region={REGION}&endpoint={endpoint}")).unwrap();
    (OnTokio(Dynamodb::over(&setting, credentials, web, clock)), sent)
}

fn answer(status: u16, body: &str) -> Result<Response<Bytes>, Unanswered> {
    Ok(Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap())
}

fn refusal(kind: &str) -> Result<Response<Bytes>, Unanswered> {
    answer(400, &format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}"}}"#))
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request.headers().get(name).map(|value| value.to_str().unwrap())
}

fn keys(token: Option<&str>) -> AwsCredentials {
    let lookup = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" => Some(ACCESS_KEY.to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(SECRET_KEY.to_owned()),
        "AWS_SESSION_TOKEN" => token.map(str::to_owned),
        _ => None,
    };
    AwsCredentials::read(&lookup).unwrap()
}

/// To the byte, with botocore: see `make_vectors.py` beside the vectors.
#[test]
fn every_call_is_signed_as_another_signer_signs_it() {
    let vectors: Vec<Signed> =
        serde_json::from_str(include_str!("../vectors/dynamodb/botocore.json")).unwrap();
    for vector in &vectors {
        let keys = keys(vector.token.as_deref());
        let (store, sent) = scripted(&vector.endpoint, keys, noon, |_| answer(200, "{}"));
        if vector.operation == "GetItem" {
            run(store.get("a", NOON)).unwrap();
        } else if vector.body.contains(":over") {
            let agenda = Some((Queue::Due, NOON));
            let expires = Some(UnixMillis::new(NOW + 1));
            put(&store, "a", &Value { agenda, expires, ..value(1) }, Some(0)).unwrap();
        } else {
            put(&store, "键", &value(2), None).unwrap();
        }
        let sent = sent.lock().unwrap();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].uri().to_string(), format!("{}/", vector.endpoint));
        assert_eq!(std::str::from_utf8(sent[0].body()).unwrap(), vector.body);
        assert_eq!(header(&sent[0], "x-amz-date"), Some(vector.date.as_str()));
        assert_eq!(header(&sent[0], "x-amz-security-token"), vector.token.as_deref());
        assert_eq!(header(&sent[0], "authorization"), Some(vector.authorization.as_str()));
        assert!(sent[0].headers()["authorization"].is_sensitive());
    }
}

fn an_hour_late() -> SystemTime {
    noon() + Duration::from_hours(1)
}

#[test]
fn whoever_signs_wrongly_gets_nothing_and_the_log_says_what_to_do() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    put(&table, "a", &value(1), None).unwrap();
    let setting =
        DynamodbSetting::parse(table.setting.strip_prefix("dynamodb://").unwrap()).unwrap();
    let elsewhere = DynamodbSetting { region: "eu-test-2".to_owned(), ..setting.clone() };
    let attempts: [(&DynamodbSetting, AwsCredentials, SigningClock); 4] = [
        (&setting, credentials(), an_hour_late),
        (&setting, keys(None), noon),
        (&setting, keys(Some("another-token")), noon),
        (&elsewhere, credentials(), noon),
    ];
    for (setting, credentials, clock) in attempts {
        let log = Log::default();
        let client = Client::new(1024 * 1024);
        let store = OnTokio(Dynamodb::over(setting, credentials, client, clock));
        model.take_calls();
        {
            let _kept = log.keep();
            assert_eq!(run(store.get("a", NOON)), Err(Unavailable));
            assert_eq!(put(&store, "a", &value(2), Some(1)), Err(Unavailable));
        }
        assert_eq!(model.take_calls(), ["GetItem", "PutItem"], "sent once each");
        let text = log.text();
        assert_eq!(text.matches(r#""level":"ERROR""#).count(), 2, "{text}");
        assert!(text.contains("the credentials are not believed"), "{text}");
        for secret in [SECRET_KEY, SESSION_TOKEN, "another-token"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    assert_eq!(run(table.get("a", NOON)), Ok(Some(stored(1))));
}

// What is made of every answer.

#[test]
fn what_passes_is_sent_again_and_what_does_not_is_not() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    let passing = [
        Plan::CutBefore,
        Plan::Refuse(400, "ProvisionedThroughputExceededException"),
        Plan::Refuse(400, "ThrottlingException"),
        Plan::Refuse(400, "RequestLimitExceeded"),
        Plan::Refuse(400, "TransactionConflictException"),
        Plan::Refuse(500, "InternalServerError"),
        Plan::Refuse(503, "ServiceUnavailable"),
    ];
    for (plan, number) in passing.into_iter().zip(1..) {
        let key = format!("key-{number}");
        model.plan([plan, plan, Plan::Work, plan]);
        assert_eq!(put(&table, &key, &value(number), None), Ok(Put::Won), "{plan:?}");
        assert_eq!(run(table.get(&key, NOON)), Ok(Some(stored(number))), "{plan:?}");
        model.take_calls();
        model.plan([plan; 6]);
        assert_eq!(run(table.get(&key, NOON)), Err(Unavailable), "{plan:?}");
        assert_eq!(put(&table, &key, &value(99), Some(number)), Err(Unavailable), "{plan:?}");
        assert_eq!(model.take_calls().len(), 6, "three times each: {plan:?}");
        assert_eq!(run(table.get(&key, NOON)), Ok(Some(stored(number))), "{plan:?}");
    }
    for kind in ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"] {
        model.take_calls();
        model.plan([Plan::Refuse(400, kind); 2]);
        assert_eq!(run(table.get("a", NOON)), Err(Unavailable), "{kind}");
        assert_eq!(put(&table, "a", &value(1), None), Err(Unavailable), "{kind}");
        assert_eq!(model.take_calls(), ["GetItem", "PutItem"], "{kind}");
    }
}

/// Decision I5: the start of a process that relays names the right that it lacks.
#[test]
fn a_proof_names_each_right_that_is_missing() {
    let denied = Plan::Refuse(400, "AccessDeniedException");
    let works = Plan::Work;
    for (plan, lacking) in [
        (vec![], vec![]),
        (vec![denied], vec!["read"]),
        (vec![works, denied], vec!["write"]),
        (vec![works, works, denied], vec!["write"]),
        ([&[works; 3][..], &[denied]].concat(), vec!["agenda"]),
        (vec![denied; 30], vec!["read", "write", "agenda"]),
    ] {
        let model = Model::start();
        let table = Table::new(&model.endpoint);
        model.plan(plan.clone());
        let proofs = table.prove(NOON);
        let missing = proofs.iter().filter_map(|(right, outcome)| {
            let lack = outcome.as_ref().err()?;
            let is_refused = matches!(lack, RightError::Refused(text) if text.contains("PutItem"));
            assert!(is_refused, "{lack:?}");
            Some(right.as_str())
        });
        assert_eq!(missing.collect::<Vec<_>>(), lacking, "{plan:?}");
        model.plan([]);
        assert!(table.prove(NOON).iter().all(|(_, outcome)| outcome.is_ok()));
        assert_eq!(run(table.get("proof", NOON)), Ok(None), "nothing is left behind");
        let all = UnixMillis::EPOCH..=UnixMillis::MAX;
        assert_eq!(run(table.agenda(Queue::Sweep, all, 9)), Ok(Vec::new()), "nor on an agenda");
    }
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    model.plan([Plan::CutBefore; 3]);
    let (right, outcome) = table.prove(NOON).remove(0);
    assert!(
        right == Right::Read && matches!(outcome, Err(RightError::Unanswered(_))),
        "{outcome:?}"
    );
}

/// Faults F2 and F13.
#[test]
fn a_write_whose_answer_was_lost_is_recognised() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    for (number, over) in [(1, None), (2, Some(1))] {
        model.plan([Plan::CutAfter]);
        let put = put(&table, "a", &value(number), over);
        assert_eq!(put, Ok(Put::Lost(Some(stored(number)))), "its own version stands");
    }
    let koohook = Koohook::over(table, &SETTINGS);
    for (order, plan) in [("A", [Plan::Work, Plan::CutAfter]), ("B", [Plan::CutBefore; 2])] {
        model.plan(plan);
        let answer = run(koohook.v2(&new_instance(order)));
        assert_eq!(answer.code, "000000");
        let id = answer.instance_id.unwrap();
        assert_eq!(run(koohook.kept(&id)).unwrap().outbox.sequence, 1, "told once");
    }
}

fn new_instance(order: &str) -> [(&str, &str); 4] {
    [
        ("activity", "newInstance"),
        ("orderId", order),
        ("orderLineId", "line"),
        ("businessId", "made-up"),
    ]
}

/// Decision G3, counted at the other end.
#[test]
fn a_change_is_two_round_trips_and_a_repeat_is_one() {
    let model = Model::start();
    let koohook = Koohook::over(Table::new(&model.endpoint), &SETTINGS);
    model.take_calls();
    let id = run(koohook.v2(&new_instance("A"))).instance_id.unwrap();
    assert_eq!(model.take_calls(), ["GetItem", "PutItem"]);
    run(koohook.v2(&new_instance("A")));
    assert_eq!(model.take_calls(), ["GetItem"]);
    let freeze =
        [("activity", "updateInstanceStatus"), ("instanceId", id.as_str()), ("status", "FREEZE")];
    assert_eq!(run(koohook.v2(&freeze)).code, "000000");
    assert_eq!(model.take_calls(), ["GetItem", "PutItem"]);
    let rehearsal = [("activity", "newInstance"), ("orderId", "B"), ("testFlag", "1")];
    run(koohook.v2(&rehearsal));
    assert_eq!(model.take_calls(), [""; 0]);
}

#[test]
fn an_endpoint_that_does_not_tell_what_stands_is_asked() {
    let standing = r#"{"Item":{"k":{"S":"k:a"},"version":{"B":"AQEBAQEBAQEBAQEBAQEBAQ=="},"value":{"B":"AQEB"}}}"#;
    let (store, sent) = scripted("https://a.example", credentials(), noon, move |request| {
        match header(request, "x-amz-target").unwrap() {
            "DynamoDB_20120810.GetItem" => answer(200, standing),
            _ => refusal("ConditionalCheckFailedException"),
        }
    });
    for over in [None, Some(0)] {
        assert_eq!(put(&store, "a", &value(2), over), Ok(Put::Lost(Some(stored(1)))));
    }
    assert_eq!(sent.lock().unwrap().len(), 4);
}

#[test]
fn an_answer_that_cannot_be_read_is_none() {
    let bodies = [
        "",
        "[]",
        "{\"Item\":7}",
        r#"{"Item":{"k":{"S":"k:a"}}}"#,
        r#"{"Item":{"k":{"S":"k:a"},"version":{"B":"AQEB"},"value":{"B":""}}}"#,
        r#"{"Item":{"k":{"S":"k:a"},"version":{"B":"??"},"value":{"B":""}}}"#,
    ];
    for body in bodies {
        let (store, _) =
            scripted("https://a.example", credentials(), noon, move |_| answer(200, body));
        assert_eq!(run(store.get("a", NOON)), Err(Unavailable), "{body}");
    }
    let (store, _) =
        scripted("https://a.example", credentials(), noon, |_| Err(Unanswered::TooLong));
    assert_eq!(run(store.get("a", NOON)), Err(Unavailable));
}

/// A connection that died while its function was frozen answers nothing, for ever.
struct Silent;

impl Web for Silent {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, Unanswered> {
        std::future::pending().await
    }
}

/// Decision G2.
#[tokio::test(start_paused = true)]
async fn a_silent_endpoint_leaves_time_to_answer() {
    let setting = DynamodbSetting::parse(&format!("koohook?region={REGION}")).unwrap();
    let store = Dynamodb::over(&setting, credentials(), Silent, noon);
    let begun = tokio::time::Instant::now();
    assert_eq!(store.get("a", NOON).await, Err(Unavailable));
    let took = begun.elapsed();
    assert!(Duration::from_secs(3) <= took && took < Duration::from_millis(3_500), "{took:?}");
}

// What time it is there.

#[test]
fn the_newest_answer_tells_the_time_at_no_cost() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    let fresh = Table::open(&table.setting);
    assert_eq!(run(fresh.clock(NOON)), None, "no answer came yet");
    run(fresh.get("a", NOON)).unwrap();
    assert_eq!(run(fresh.clock(NOON)), Some(NOON));
    let later = UnixMillis::new(NOW + 1_234_567);
    assert_eq!(run(fresh.clock(later)), Some(later), "it goes on as this machine's clock does");
    let hour = Duration::from_hours(1);
    model.tell_date(Some("Mon, 05 Oct 2026 22:09:27 GMT"));
    put(&fresh, "a", &value(1), None).unwrap();
    assert_eq!(run(fresh.clock(NOON)), Some(NOON.after(hour)));
    model.tell_date(Some("Mon, 05 Oct 2026 20:09:26 GMT"));
    put(&fresh, "a", &value(2), None).unwrap();
    assert_eq!(run(fresh.clock(later)), Some(UnixMillis::new(NOW + 1_234_567 - 3_601_000)));
    model.plan([Plan::Refuse(400, "AccessDeniedException")]);
    model.tell_date(Some("Monday, 05-Oct-26 21:09:57 GMT"));
    run(fresh.get("a", NOON)).unwrap_err();
    assert_eq!(run(fresh.clock(NOON)), Some(UnixMillis::new(NOW + 30_000)), "a no tells it, too");
    model.tell_date(Some("Mon, 05 Oct 2026 21:09:27 GMT"));
    run(fresh.agenda(Queue::Due, NOON..=NOON, 1)).unwrap();
    model.plan([Plan::CutAfter; 3]);
    model.tell_date(None);
    run(fresh.get("a", NOON)).unwrap_err();
    assert_eq!(run(fresh.clock(NOON)), Some(NOON), "what never came told nothing");
    model.take_calls();
    run(fresh.clock(NOON));
    assert_eq!(model.take_calls(), [""; 0]);
}

#[test]
fn an_answer_whose_date_is_none_tells_no_time() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    for date in [
        None,
        Some(""),
        Some("now"),
        Some("2026-10-05T21:09:27Z"),
        Some("Mon, 05 Oct 2026 21:09:27"),
        Some("Mon, 32 Oct 2026 21:09:27 GMT"),
    ] {
        model.tell_date(date);
        run(table.get("a", NOON)).unwrap();
        assert_eq!(run(table.clock(NOON)), None, "{date:?}");
        model.tell_date(Some("Mon, 05 Oct 2026 21:09:27 GMT"));
        run(table.get("a", NOON)).unwrap();
        assert_eq!(run(table.clock(NOON)), Some(NOON));
    }
}

// How a value lies there.

#[test]
fn a_value_has_no_attribute_that_it_does_not_need() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    let names = || -> Vec<String> { model.items()[0].keys().cloned().collect() };
    put(&table, "a", &value(1), None).unwrap();
    assert_eq!(names(), ["k", "value", "version"]);
    let scheduled = Value { agenda: Some((Queue::Dead, NOON)), ..value(2) };
    put(&table, "a", &scheduled, Some(1)).unwrap();
    assert_eq!(names(), ["agenda", "due", "k", "value", "version"]);
    let expires = Some(UnixMillis::new(NOW + 1));
    put(&table, "a", &Value { expires, ..value(3) }, Some(2)).unwrap();
    assert_eq!(names(), ["expires", "k", "ttl", "value", "version"]);
    let ttl: u64 = model.items()[0]["ttl"]["N"].as_str().unwrap().parse().unwrap();
    assert!(ttl > NOW / 1_000 + 60 * 60, "an hour after it expired at least");
    assert_eq!(run(table.get("a", NOON)), Ok(Some(stored(3))));
    model.free();
    assert_eq!(run(table.get("a", NOON)), Ok(None));
    assert_eq!(put(&table, "a", &value(4), None), Ok(Put::Won));
}

/// As many keys as asked for that share a shard, in order.
fn of_one_shard(count: usize) -> Vec<String> {
    let keys = (0..).map(|number| format!("key-{number:06}"));
    keys.filter(|key| Sha256::digest(key)[0] % 16 == 7).take(count).collect()
}

#[test]
fn an_agenda_longer_than_a_page_comes_whole_and_in_order() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    let keys = of_one_shard(260);
    for key in keys.iter().rev() {
        let agenda = Some((Queue::Due, NOON));
        assert_eq!(put(&table, key, &Value { agenda, ..value(1) }, None), Ok(Put::Won));
    }
    for limit in [1, 249, 250, 251, 1_000] {
        model.take_calls();
        let entries = run(table.agenda(Queue::Due, UnixMillis::EPOCH..=NOON, limit)).unwrap();
        let found: Vec<_> = entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(found, keys[..limit.min(260)], "{limit}");
        let pages = if limit > 250 { 2 } else { 1 };
        assert_eq!(model.take_calls().len(), 15 + pages, "{limit}");
    }
    let [before, after] = [NOW - 1, NOW + 1].map(UnixMillis::new);
    for (queue, span) in [
        (Queue::Due, UnixMillis::EPOCH..=before),
        (Queue::Due, after..=UnixMillis::MAX),
        (Queue::Dead, NOON..=NOON),
    ] {
        assert_eq!(run(table.agenda(queue, span, 9)), Ok(Vec::new()));
    }
    model.take_calls();
    assert_eq!(run(table.agenda(Queue::Due, after..=before, 9)), Ok(Vec::new()));
    assert_eq!(model.take_calls(), [""; 0], "an empty span is not asked for");
}

#[test]
fn the_longest_key_and_the_last_moment_stand_on_an_agenda() {
    for endpoint in [Some(Model::start().endpoint), emulator()].into_iter().flatten() {
        let table = Table::new(&endpoint);
        let last = UnixMillis::MAX;
        let keys = [String::new(), "键".repeat(682), "\u{10FFFF}".repeat(511)];
        for key in &keys {
            let agenda = Some((Queue::Due, last));
            let expires = Some(last);
            let value = Value { agenda, expires, ..value(1) };
            assert_eq!(put(&table, key, &value, None), Ok(Put::Won), "{} bytes", key.len());
        }
        let entries = run(table.agenda(Queue::Due, last..=last, 9)).unwrap();
        let found: Vec<_> = entries.into_iter().map(|entry| (entry.key, entry.at)).collect();
        assert_eq!(found, keys.clone().map(|key| (key, last)));
        let before = UnixMillis::EPOCH..=UnixMillis::new(u64::MAX - 1);
        assert_eq!(run(table.agenda(Queue::Due, before, 9)), Ok(Vec::new()));
        let long = Value { bytes: vec![0; 410 * 1024], ..value(1) };
        assert_eq!(put(&table, "long", &long, None), Err(Unavailable), "longer than an item");
    }
}

// The model, beside Amazon's own.

/// What the emulator answers, as the model says it.
fn ask(endpoint: &str, operation: &str, request: &Json) -> (Option<String>, Json) {
    // It wants to see a signature, and does not look at it.
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

/// What koohook looks at in an answer.
fn looked_at((kind, body): (Option<String>, Json)) -> Json {
    let parts = ["Item", "Items", "LastEvaluatedKey"].map(|name| body.get(name).cloned());
    json!([kind, parts])
}

type Asked = Vec<(&'static str, Json)>;

fn text(text: &str) -> Json {
    json!({ "S": text })
}

fn with(mut object: Json, name: &str, value: Json) -> Json {
    object[name] = value;
    object
}

/// Reads and writes that come to every branch of the model, in an order in which they matter.
fn reads_and_writes(table: &str) -> Asked {
    let item = |key: &str, version: &str| json!({ "k": text(key), "version": { "B": version } });
    let put = |item: Json, condition: &str, values: Json| {
        let put = json!({ "TableName": table, "Item": item, "ConditionExpression": condition,
            "ExpressionAttributeValues": values, "ReturnValuesOnConditionCheckFailure": "ALL_OLD" });
        ("PutItem", put)
    };
    let get = |key: &str| {
        (
            "GetItem",
            json!({ "TableName": table, "Key": { "k": text(key) }, "ConsistentRead": true }),
        )
    };
    let absent = "attribute_not_exists(k) OR expires <= :now";
    let over = "version = :over AND (attribute_not_exists(expires) OR expires > :now)";
    let now = |now: u64| json!({ ":now": { "N": now.to_string() } });
    let both = |at: u64, over: &str| with(now(at), ":over", json!({ "B": over }));
    let expiring = |at: &str| with(item("a", "AAAC"), "expires", json!({ "N": at }));
    let mut requests = vec![
        get("a"),
        get(""),
        get(&"k".repeat(2_048)),
        get(&"k".repeat(2_049)),
        put(item("a", "AAAA"), over, both(9, "AAAA")),
        put(item("a", "AAAA"), absent, now(9)),
        put(item("a", "AAAB"), absent, now(9)),
        put(item("a", "AAAB"), over, both(9, "AAAB")),
        put(item("a", "AAAB"), over, both(9, "AAAA")),
        put(expiring("10"), over, both(9, "AAAB")),
        put(item("a", "AAAD"), over, both(10, "AAAC")),
        put(item("a", "AAAD"), absent, now(9)),
        put(item("a", "AAAD"), absent, now(10)),
        put(item("b", "AAAD"), absent, json!({})),
        put(item("b", "AAAD"), absent, both(9, "AAAA")),
        put(item("b", "AAAD"), "version = = :over", json!({ ":over": { "B": "" } })),
        put(item("", "AAAD"), absent, now(9)),
        put(with(item("b", ""), "long", text(&"x".repeat(409_600))), absent, now(9)),
        put(with(item("b", ""), "agenda", text("")), absent, now(9)),
        put(with(item("b", ""), "due", text(&"x".repeat(1_025))), absent, now(9)),
        get("a"),
        get("b"),
        ("Nothing", json!({ "TableName": table })),
        ("GetItem", json!({ "TableName": "koohook-absent", "Key": { "k": text("a") } })),
    ];
    for (key, due) in [("q1", "01q1"), ("q3", "03q3"), ("q2", "02q2"), ("q4", "04q4")] {
        let line = with(with(item(key, ""), "agenda", text("due#07")), "due", text(due));
        requests.push(put(line, absent, now(9)));
    }
    requests
}

/// Queries of what was written.
fn queries(table: &str) -> Asked {
    let values = |from: &str, until: &str| json!({ ":agenda": text("due#07"), ":from": text(from), ":until": text(until) });
    let start = json!({ "k": text("q1"), "agenda": text("due#07"), "due": text("01q1") });
    let query = |name: &str, value: Json| {
        let query = json!({ "TableName": table, "IndexName": "agenda", "Limit": 9,
            "KeyConditionExpression": "agenda = :agenda AND due BETWEEN :from AND :until",
            "ExpressionAttributeValues": values("01q1", "03q3") });
        ("Query", with(query, name, value))
    };
    let mut requests: Asked = (0..5).map(|limit| query("Limit", json!(limit))).collect();
    requests.push(query("ExclusiveStartKey", start));
    requests.push(query("IndexName", json!("nothing")));
    requests.push(query("ConsistentRead", json!(true)));
    for (from, until) in [("01q2", "03q2"), ("0", "1"), ("02q2", "02q2"), ("03", "02"), ("0", "9")]
    {
        requests.push(query("ExpressionAttributeValues", values(from, until)));
    }
    requests
}

#[test]
fn the_model_answers_as_amazons_own_emulator() {
    let Some(endpoint) = emulator() else { return };
    let model = Model::start();
    let tables = [&endpoint, &model.endpoint].map(|endpoint| Table::new(endpoint));
    let names = tables.each_ref().map(|table| {
        let setting = table.setting.strip_prefix("dynamodb://").unwrap();
        setting.split('?').next().unwrap().to_owned()
    });
    let [theirs, ours] = names.map(|name| [reads_and_writes(&name), queries(&name)].concat());
    for (theirs, ours) in theirs.into_iter().zip(ours) {
        let amazon = looked_at(ask(&endpoint, theirs.0, &theirs.1));
        let shown: String = ours.1.to_string().chars().take(400).collect();
        assert_eq!(looked_at(model.ask(ours.0, &ours.1)), amazon, "{} {shown}", ours.0);
    }
}

// The table.

#[test]
fn a_table_is_made_once_and_found_after_that() {
    for endpoint in [Some(Model::start().endpoint), emulator()].into_iter().flatten() {
        let table = Table::new(&endpoint);
        let store = &table.store.0;
        put(&table, "a", &value(1), None).unwrap();
        let mut steps = Vec::new();
        block_on(store.make_table(|step| steps.push(step))).unwrap();
        assert_eq!(steps[..3], [TableStep::Stands, TableStep::Active, TableStep::Freeing]);
        assert!(
            matches!(steps[3..], [TableStep::Restorable | TableStep::NotRestorable]),
            "{steps:?}"
        );
        block_on(store.check_table()).unwrap();
        assert_eq!(run(table.get("a", NOON)), Ok(Some(stored(1))));
        let absent = Table::open(&table.setting.replace("koohook-test", "koohook-absent"));
        let checked = block_on(absent.store.0.check_table());
        assert!(matches!(checked, Err(TableError::Absent)), "{checked:?}");
        assert_eq!(run(absent.get("a", NOON)), Err(Unavailable));
    }
}

/// What `koohook store create` makes and what the template makes is one table.
#[test]
fn the_template_makes_the_same_table() {
    let (store, sent) =
        scripted("https://a.example", credentials(), noon, |request| {
            match header(request, "x-amz-target").unwrap() {
                "DynamoDB_20120810.DescribeTable" => refusal("ResourceNotFoundException"),
                _ => refusal("AccessDeniedException"),
            }
        });
    let made = block_on(store.0.make_table(|_| {}));
    assert!(matches!(made, Err(TableError::Refused { operation: "CreateTable", .. })), "{made:?}");
    let asked: Json = serde_json::from_slice(sent.lock().unwrap()[1].body()).unwrap();
    let template = include_str!("../../template.yaml");
    let (_, template) = template.split_once("Type: AWS::DynamoDB::Table").unwrap();
    let (template, _) = template.split_once("TimeToLiveSpecification").unwrap();
    let lists = ["AttributeDefinitions", "KeySchema"].map(|name| asked[name].as_array().unwrap());
    let index = &asked["GlobalSecondaryIndexes"][0];
    let lists = lists.into_iter().chain(index["KeySchema"].as_array()).flatten();
    let rows = lists.map(|part| {
        let members = part.as_object().unwrap().iter();
        let members = members.map(|(name, value)| format!("{name}: {}", value.as_str().unwrap()));
        format!("- {{ {} }}", members.collect::<Vec<_>>().join(", "))
    });
    let rows: Vec<String> = rows.collect();
    let found: Vec<&str> =
        template.lines().map(str::trim).filter(|line| line.starts_with("- { ")).collect();
    assert_eq!(found, rows);
    assert!(template.contains(&format!("IndexName: {}", index["IndexName"].as_str().unwrap())));
    assert!(template.contains("{ ProjectionType: KEYS_ONLY }"));
    assert!(template.contains("BillingMode: PAY_PER_REQUEST"));
}

#[test]
fn a_table_of_another_shape_is_left_alone() {
    let key = r#""KeySchema":[{"AttributeName":"k","KeyType":"HASH"}]"#;
    let kinds = r#""AttributeDefinitions":[{"AttributeName":"k","AttributeType":"S"}]"#;
    let tables = [
        r#""KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[]"#,
        &format!("{key},{kinds}"),
        &format!(r#"{key},{kinds},"GlobalSecondaryIndexes":[]"#),
    ];
    for table in tables {
        let described = format!(r#"{{"Table":{{"TableStatus":"ACTIVE",{table}}}}}"#);
        let (store, sent) =
            scripted("https://a.example", credentials(), noon, move |_| answer(200, &described));
        let made = block_on(store.0.make_table(|_| {}));
        assert!(matches!(made, Err(TableError::Unfit(_))), "{made:?}");
        assert_eq!(sent.lock().unwrap().len(), 1);
    }
}

// Who signs.

fn read(set: &[(&str, &str)]) -> Result<AwsCredentials, AwsCredentialsError> {
    AwsCredentials::read(&|name| {
        set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn keys_come_from_this_host_or_over_https() {
    const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    assert_eq!(read(&[]).unwrap_err(), AwsCredentialsError::Missing);
    let half = [("AWS_ACCESS_KEY_ID", "made-up"), ("AWS_SECRET_ACCESS_KEY", "")];
    assert_eq!(read(&half).unwrap_err(), AwsCredentialsError::Missing);
    for uri in [
        "https://keys.example/a",
        "http://127.0.0.1:9/a",
        "http://localhost/a",
        "http://[::1]/a",
        "http://169.254.170.2/a",
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
    ] {
        assert!(read(&[(FULL, uri)]).is_ok(), "{uri}");
    }
    for uri in ["http://keys.example/a", "http://169.254.169.254/a", "ftp://localhost", "a", "/a"] {
        assert_eq!(read(&[(FULL, uri)]).unwrap_err(), AwsCredentialsError::Endpoint, "{uri}");
    }
    assert!(read(&[(RELATIVE, "/v2/credentials/made-up")]).is_ok());
    assert_eq!(read(&[(RELATIVE, "@keys.example/")]).unwrap_err(), AwsCredentialsError::Endpoint);
    assert_eq!(format!("{:?}", credentials()), "AwsCredentials([redacted])");
}

/// The clock of the one test that lets it run.
static CLOCK: AtomicU64 = AtomicU64::new(NOW);

fn running() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(CLOCK.load(Ordering::SeqCst))
}

#[test]
fn fetched_keys_are_held_until_shortly_before_they_expire() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "first-token\n").unwrap();
    let credentials = read(&[
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/keys"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.path().to_str().unwrap()),
    ]);
    // The test's clock begins at 21:09:27; these end an hour after each fetch.
    let (store, sent) = scripted("https://a.example", credentials.unwrap(), running, |request| {
        match request.uri().host() {
            Some("127.0.0.1") if running() > noon() + Duration::from_hours(2) => answer(500, "{}"),
            Some("127.0.0.1") => {
                let end = running() + Duration::from_hours(1);
                let end = end.duration_since(UNIX_EPOCH).unwrap();
                let end = UnixMillis::new(end.as_secs() * 1_000).to_rfc3339();
                let keys = format!(
                    r#"{{"AccessKeyId":"{ACCESS_KEY}","SecretAccessKey":"{SECRET_KEY}",
                    "Token":"{SESSION_TOKEN}","Expiration":"{end}","Code":"Success"}}"#
                );
                answer(200, &keys)
            }
            _ => answer(200, "{}"),
        }
    });
    let fetches_after = |minutes: u64, answered: bool| -> Vec<String> {
        CLOCK.store(NOW + minutes * 60_000, Ordering::SeqCst);
        sent.lock().unwrap().clear();
        assert_eq!(run(store.get("a", NOON)).is_ok(), answered, "after {minutes} minutes");
        let sent = sent.lock().unwrap();
        let fetches = sent.iter().filter(|request| request.uri().path() == "/keys");
        fetches.map(|fetch| header(fetch, "authorization").unwrap().to_owned()).collect()
    };
    let none = Vec::<String>::new();
    assert_eq!(fetches_after(0, true), ["first-token"]);
    assert_eq!(fetches_after(54, true), none);
    std::fs::write(file.path(), "second-token").unwrap();
    assert_eq!(fetches_after(56, true), ["second-token"]);
    // At 1:56 these would end; from 2:00 on the platform gives none.
    assert_eq!(fetches_after(110, true), none);
    assert_eq!(fetches_after(114, true), ["second-token"]);
    assert_eq!(fetches_after(170, true), ["second-token"], "they serve until their end");
    assert_eq!(fetches_after(175, false), ["second-token"]);
}

#[test]
fn keys_that_are_not_believed_any_more_are_fetched_anew() {
    let credentials = read(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/keys")]);
    let told = AtomicU64::new(0);
    let (store, sent) = scripted("https://a.example", credentials.unwrap(), noon, move |request| {
        if request.uri().host() == Some("169.254.170.2") {
            return answer(200, r#"{"AccessKeyId":"made-up","SecretAccessKey":"made-up"}"#);
        }
        match told.fetch_add(1, Ordering::SeqCst) {
            1 => refusal("ExpiredTokenException"),
            _ => answer(200, "{}"),
        }
    });
    for expected in [2, 5, 6] {
        assert_eq!(run(store.get("a", NOON)), Ok(None));
        assert_eq!(sent.lock().unwrap().len(), expected);
    }
}
