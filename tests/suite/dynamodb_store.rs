//! koohook's requests to DynamoDB, their signatures, and koohook's reaction to every answer. The
//! module `stores` tests that this store keeps the guarantees of a store.

mod answers;
mod clock;
mod connections;
mod credentials;
mod items;
mod model;
mod signatures;
mod tables;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use protocol::time::UnixMillis;
use shell::aws::{AwsCredentials, SigningClock};
use shell::store::dynamodb::Dynamodb;
use shell::store::{DynamodbSetting, Put, Store, Stored, Unavailable, Value, Version};
use shell::world::Unanswered;
use tests::call::run;
use tests::dynamodb::{ACCESS_KEY, REGION, SECRET_KEY};
use tests::on_tokio::OnTokio;
use tests::world::{NOW, Scripted};

const NOON: UnixMillis = UnixMillis::new(NOW);

fn value(number: u8) -> Value {
    let version = Version([number; 16]);
    Value { version, bytes: vec![number; 3], ..Value::default() }
}

fn stored(number: u8) -> Stored {
    Stored { version: Version([number; 16]), bytes: vec![number; 3] }
}

fn put(store: &impl Store, key: &str, value: &Value, over: Option<u8>) -> Result<Put, Unavailable> {
    run(store.put(key, value, over.map(|number| Version([number; 16])), NOON))
}

type Sent = Arc<Mutex<Vec<Request<Bytes>>>>;

/// A store whose calls a closure answers, and every call that it made.
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

fn rejection(kind: &str) -> Result<Response<Bytes>, Unanswered> {
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
