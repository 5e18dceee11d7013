//! The usage push: the requests that koohook sends, against requests that Python signed.

use protocol::access_key::AccessKey;
use protocol::message::InstanceId;
use protocol::open_api::OpenApiHost;
use protocol::signature::sdk::OpenApiCredentials;
use protocol::time::UnixMillis;
use protocol::usage::{PushedRecord, UsagePush, UsagePushRequest};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    pushes: Vec<Push>,
}

#[derive(Deserialize)]
struct Push {
    what: String,
    site: String,
    key: String,
    aksk: Option<(String, String)>,
    /// 16 bytes in hex.
    nonce: String,
    now: u64,
    records: Vec<RecordFields>,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordFields {
    instance_id: InstanceId,
    record_time: UnixMillis,
    begin: UnixMillis,
    end: UnixMillis,
    value: String,
    metering_sn: String,
    package: Option<InstanceId>,
}

impl From<RecordFields> for PushedRecord {
    fn from(fields: RecordFields) -> Self {
        let RecordFields { instance_id, record_time, begin, end, value, metering_sn, package } =
            fields;
        Self { instance_id, record_time, begin, end, value, metering_sn, package }
    }
}

impl Push {
    fn request(self) -> UsagePushRequest {
        let records: Vec<PushedRecord> = self.records.into_iter().map(Into::into).collect();
        let host = OpenApiHost::parse(&self.site).unwrap();
        let key = AccessKey::parse(&self.key).unwrap();
        let aksk = self.aksk.map(|(ak, sk)| OpenApiCredentials::parse(&ak, &sk).unwrap());
        let nonce = hex::decode(self.nonce).unwrap().try_into().unwrap();
        let now = UnixMillis::new(self.now);
        UsagePush::request(&records, &host, &key, aksk.as_ref(), nonce, now)
    }
}

fn pushes() -> Vec<Push> {
    let vectors: Vectors =
        serde_json::from_str(include_str!("../vectors/usage_push.json")).unwrap();
    vectors.pushes
}

/// `tests/vectors/usage_push.py` computed the vectors.
#[test]
fn a_usage_push_is_the_request_that_python_signed() {
    let pushes = pushes();
    assert_eq!(pushes.len(), 7);
    assert!(pushes.iter().any(|push| push.aksk.is_none() && !push.body.contains("relate_pkg")));
    for push in pushes {
        let (what, url, headers, body) =
            (push.what.clone(), push.url.clone(), push.headers.clone(), push.body.clone());
        let request = push.request();
        assert_eq!(request.method, "POST");
        assert_eq!(request.url, url, "{what}");
        assert_eq!(str::from_utf8(&request.body).unwrap(), body, "{what}");
        let sent: Vec<_> = request
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        assert_eq!(sent, headers, "{what}");
    }
}

/// The marketplace accepts the headers of a push again, so no log may contain them.
#[test]
fn debug_output_of_a_usage_push_contains_only_its_address() {
    let push = pushes().into_iter().find(|push| push.aksk.is_some()).unwrap();
    let url = push.url.clone();
    assert_eq!(format!("{:?}", push.request()), format!("UsagePushRequest {{ url: {url:?}, .. }}"));
}
