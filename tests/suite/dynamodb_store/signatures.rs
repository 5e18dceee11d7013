//! Every call is signed, and a call that is signed wrongly gets nothing.

use std::time::{Duration, SystemTime};

use protocol::time::UnixMillis;
use serde::Deserialize;
use shell::client::Client;
use shell::store::dynamodb::{AwsCredentials, Dynamodb, SigningClock};
use shell::store::{DynamodbSetting, Queue, Store, Unavailable, Value};
use tests::call::run;
use tests::dynamodb::model::Model;
use tests::dynamodb::signature::{Received, Unbelieved};
use tests::dynamodb::{SECRET_KEY, SESSION_TOKEN, Table, credentials, noon};
use tests::log::Log;
use tests::on_tokio::OnTokio;
use tests::world::NOW;

use super::{NOON, answer, header, keys, put, scripted, stored, value};

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
        serde_json::from_str(include_str!("../../vectors/dynamodb/aws.json")).unwrap();
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

/// To the byte, with botocore: see `make_vectors.py` beside the vectors.
#[test]
fn every_call_is_signed_as_another_signer_signs_it() {
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
