//! Every request is signed. A request with a wrong signature gets an error.

use std::time::{Duration, SystemTime};

use protocol::time::UnixMillis;
use serde::Deserialize;
use shell::aws::{AwsCredentials, SigningClock};
use shell::client::Client;
use shell::store::dynamodb::Dynamodb;
use shell::store::{DynamodbSetting, Queue, Store, Unavailable, Value};
use tests::call::run;
use tests::dynamodb::model::Model;
use tests::dynamodb::signature::{Received, SignatureFault};
use tests::dynamodb::{SECRET_KEY, SESSION_TOKEN, Table, credentials, noon};
use tests::log::Log;
use tests::on_tokio::OnTokio;
use tests::world::NOW;

use super::{NOON, answer, header, keys, put, scripted, stored, value};

#[derive(Deserialize)]
struct Published {
    name: String,
    method: String,
    headers: Vec<(String, String)>,
    body: String,
    secret: String,
}

/// AWS's published examples check the signature verification of the model.
#[test]
fn the_model_accepts_only_the_published_signatures() {
    let published: Vec<Published> =
        serde_json::from_str(include_str!("../../vectors/dynamodb/aws.json")).unwrap();
    assert!(published.len() > 10);
    for Published { name, method, headers, body, secret } in &published {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let received =
            |body| Received { method, headers: headers.clone(), body: str::as_bytes(body) };
        let verified = received(body).verify(secret);
        assert_eq!(verified.map(|verified| verified.access_key), Ok("AKIDEXAMPLE"), "{name}");
        assert_eq!(received("other").verify(secret), Err(SignatureFault::Wrong), "{name}");
        assert_eq!(received(body).verify("other"), Err(SignatureFault::Wrong), "{name}");
        let mut unsigned = received(body);
        unsigned.headers.push(("X-Amz-Other", "value"));
        assert_eq!(unsigned.verify(secret), Err(SignatureFault::LeftOut), "{name}");
        unsigned.headers.retain(|(name, _)| *name != "Authorization");
        assert_eq!(unsigned.verify(secret), Err(SignatureFault::Unsigned), "{name}");
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

/// The signatures equal botocore's, byte for byte. The folder of the vectors has `make_vectors.py`.
#[test]
fn every_request_has_the_signature_of_another_signer() {
    let vectors: Vec<Signed> =
        serde_json::from_str(include_str!("../../vectors/dynamodb/botocore.json")).unwrap();
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
fn a_wrong_signature_gets_an_error_and_a_helpful_log_line() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    put(&table, "a", &value(1), None).unwrap();
    let setting =
        DynamodbSetting::parse(table.setting.strip_prefix("dynamodb://").unwrap()).unwrap();
    let other_region = DynamodbSetting { region: "eu-test-2".to_owned(), ..setting.clone() };
    let attempts: [(&DynamodbSetting, AwsCredentials, SigningClock); 4] = [
        (&setting, credentials(), an_hour_late),
        (&setting, keys(None), noon),
        (&setting, keys(Some("another-token")), noon),
        (&other_region, credentials(), noon),
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
        assert_eq!(model.take_calls(), ["GetItem", "PutItem"], "each request is sent once");
        let text = log.text();
        assert_eq!(text.matches(r#""level":"ERROR""#).count(), 1, "one line for one fault: {text}");
        assert!(text.contains("AWS rejects the credentials"), "{text}");
        for secret in [SECRET_KEY, SESSION_TOKEN, "another-token"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    assert_eq!(run(table.get("a", NOON)), Ok(Some(stored(1))));
}
