//! koohook's requests to the open APIs.

use protocol::signature::sdk::{OpenApiCredentials, UnsignedRequest};
use protocol::time::UnixMillis;
use serde::Deserialize;

use super::borrowed;

#[derive(Deserialize)]
struct Sdk {
    requests: Vec<SdkRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SdkRequest {
    what: String,
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    date: String,
    body: String,
    ak: String,
    /// The secret key. It is left out if it looks like a real one.
    sk: Option<String>,
    signed_headers: String,
    canonical_digest: Option<String>,
    signature: Option<String>,
}

fn sdk() -> Sdk {
    serde_json::from_str(include_str!("../../vectors/sdk.json")).unwrap()
}

#[test]
fn open_api_requests_have_the_signatures_of_other_programs() {
    let requests = sdk().requests;
    assert_eq!(requests.len(), 8);
    for vector in requests {
        let [query, headers] = [&vector.query, &vector.headers].map(|pairs| borrowed(pairs));
        let outgoing = UnsignedRequest {
            method: &vector.method,
            path: &vector.path,
            query: &query,
            headers: &headers,
            body: vector.body.as_bytes(),
        };
        let now = UnixMillis::from_utc_digits(&vector.date.replace(['T', 'Z'], "")).unwrap();
        if let Some(digest) = &vector.canonical_digest {
            assert_eq!(outgoing.canonical_digest(now), *digest, "{}", vector.what);
        }
        let Some((sk, signature)) = vector.sk.zip(vector.signature) else {
            assert!(
                vector.canonical_digest.is_some(),
                "{} has neither a digest nor a signature",
                vector.what
            );
            continue;
        };
        let signed = outgoing.sign(&OpenApiCredentials::parse(&vector.ak, &sk).unwrap(), now);
        let SdkRequest { what, ak, date, signed_headers, .. } = vector;
        assert_eq!(signed.x_sdk_date, date, "{what}");
        let expected = format!(
            "SDK-HMAC-SHA256 Access={ak}, SignedHeaders={signed_headers}, Signature={signature}"
        );
        assert_eq!(signed.authorization, expected, "{what}");
    }
}
