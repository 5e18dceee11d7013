//! Builds and signs the request.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use uuid::Builder;

use crate::access_key::AccessKey;
use crate::json;
use crate::mac::hmac_sha256;
use crate::message::InstanceId;
use crate::open_api::OpenApiHost;
use crate::signature::sdk::{OpenApiCredentials, UnsignedRequest};
use crate::time::UnixMillis;

/// One usage record: what one instance used between two points in time.
///
/// A record never changes after it was sent once: a retry sends the same texts (decision J2).
// The members are in the order of their names: the marketplace sorts the members of every object
// before it verifies the signature.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PushedRecord {
    /// The beginning of the window.
    #[serde(rename = "begin_time", serialize_with = "as_sdk_date")]
    pub begin: UnixMillis,
    /// The end of the window.
    #[serde(rename = "end_time", serialize_with = "as_sdk_date")]
    pub end: UnixMillis,
    /// The pay-per-use instance, never a package.
    pub instance_id: InstanceId,
    /// The seller's unique number of the record: at most 64 characters.
    pub metering_sn: String,
    /// When the record was generated.
    #[serde(serialize_with = "as_sdk_date")]
    pub record_time: UnixMillis,
    /// The package instance that pays for the usage. Required for packages that stop before an
    /// excess.
    #[serde(rename = "relate_pkg_instance", skip_serializing_if = "Option::is_none")]
    pub package: Option<InstanceId>,
    /// A decimal above 0 with at most 4 places. It is sent as a JSON string, because the guides
    /// disagree on the type.
    #[serde(rename = "usage_value")]
    pub value: String,
}

/// The usage push: one batch of records.
#[derive(Clone, Copy, Debug)]
pub struct UsagePush;

/// A signed request. Any HTTP client can send it unchanged.
#[derive(Clone, Eq, PartialEq)]
pub struct UsagePushRequest {
    /// `POST`.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// Names in lower case, and values. `host` may be signed, so the client must send this value
    /// unchanged.
    pub headers: Vec<(&'static str, String)>,
    /// The signed bytes. They are ASCII.
    pub body: Vec<u8>,
}

/// The whole body.
#[derive(Serialize)]
struct Batch<'a> {
    usage_records: &'a [PushedRecord],
}

impl UsagePush {
    /// Builds and signs the request with the records, at most [`MAX_RECORDS`]. A retry needs
    /// another nonce and another time.
    ///
    /// `key` is the access key of the base interfaces. With `aksk`, the request also has the
    /// signature of the API gateway: the guides disagree whether it is needed.
    pub fn request(
        records: &[PushedRecord],
        host: &OpenApiHost,
        key: &AccessKey,
        aksk: Option<&OpenApiCredentials>,
        nonce: [u8; 16],
        now: UnixMillis,
    ) -> UsagePushRequest {
        // No member name is computed, so the JSON is always written.
        let body = json::to_ascii(&Batch { usage_records: records }).unwrap_or_default();
        let mut headers = vec![
            ("host", host.authority().to_owned()),
            ("content-type", "application/json; charset=UTF-8".to_owned()),
        ];
        headers.extend(body_signature(&body, key.as_str(), nonce, now));
        if let Some(credentials) = aksk {
            headers.extend(gateway_signature(&body, host, credentials, now));
        }
        let url = format!("{}{PATH}", host.origin());
        UsagePushRequest { method: METHOD, url, headers, body }
    }
}

impl fmt::Debug for UsagePushRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The marketplace accepts the same headers again, so they must not reach a log.
        formatter.debug_struct("UsagePushRequest").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The headers of the usage push: base64 of an HMAC-SHA256 of time, nonce and body.
fn body_signature(
    body: &[u8],
    key: &str,
    nonce: [u8; 16],
    now: UnixMillis,
) -> [(&'static str, String); 3] {
    let ts = now.millis().to_string();
    let nonce = Builder::from_random_bytes(nonce).into_uuid().hyphenated().to_string();
    let start = format!("ts={ts}&nonce={nonce}&body=");
    let signature = hmac_sha256(key.as_bytes(), &[start.as_bytes(), body]);
    [("ts", ts), ("nonce", nonce), ("signature", STANDARD.encode(signature))]
}

/// The headers of the API gateway's own scheme.
fn gateway_signature(
    body: &[u8],
    host: &OpenApiHost,
    credentials: &OpenApiCredentials,
    now: UnixMillis,
) -> [(&'static str, String); 2] {
    let headers = &[("host", host.authority())];
    let outgoing = UnsignedRequest { method: METHOD, path: PATH, query: &[], headers, body };
    let signed = outgoing.sign(credentials, now);
    [("x-sdk-date", signed.x_sdk_date), ("authorization", signed.authorization)]
}

fn as_sdk_date<S: Serializer>(time: &UnixMillis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_sdk_date())
}

/// How many records one request may contain (both guides, page "usage push (new)"). The marketplace
/// answers `MKT.9003` to more.
pub const MAX_RECORDS: usize = 1_000;

const METHOD: &str = "POST";

/// The guides' path. It is the same on every host.
const PATH: &str = "/api/mkp-openapi-public/global/v1/isv/usage-data";

#[cfg(test)]
mod tests {
    use super::*;

    /// A vector that Python computed. Its key is not a valid setting, so the test signs without
    /// [`AccessKey`].
    #[test]
    fn a_body_has_the_signature_of_another_program() {
        let record = PushedRecord {
            begin: UnixMillis::from_utc_digits("20220809080000").unwrap(),
            end: UnixMillis::from_utc_digits("20220809090000").unwrap(),
            instance_id: InstanceId::parse("7f141bf1-aec8-4859-8323-fb3a8ad50721").unwrap(),
            metering_sn: "sn-0001".to_owned(),
            record_time: UnixMillis::from_utc_digits("20220809091000").unwrap(),
            package: None,
            value: "99".to_owned(),
        };
        let body = json::to_ascii(&Batch { usage_records: &[record] }).unwrap();
        let text = "{\"usage_records\":[{\"begin_time\":\"20220809T080000Z\",\
            \"end_time\":\"20220809T090000Z\",\
            \"instance_id\":\"7f141bf1-aec8-4859-8323-fb3a8ad50721\",\
            \"metering_sn\":\"sn-0001\",\"record_time\":\"20220809T091000Z\",\
            \"usage_value\":\"99\"}]}";
        assert_eq!(str::from_utf8(&body).unwrap(), text);
        let nonce = "6c63c2211f6b41418ff422f5dfe82b65";
        let nonce = hex::decode(nonce).unwrap().try_into().unwrap();
        let now = UnixMillis::new(1_709_690_865_879);
        let headers = body_signature(&body, "example-interconnect-key", nonce, now);
        let expected = [
            ("ts", "1709690865879"),
            ("nonce", "6c63c221-1f6b-4141-8ff4-22f5dfe82b65"),
            ("signature", "ifDeb1S6FGIqnzp0BUdCjCwEmy0lKXv2Wmc5Er4XVtE="),
        ];
        assert_eq!(headers, expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn any_nonce_has_the_shape_of_a_random_uuid() {
        for (bytes, shown) in [
            ([0; 16], "00000000-0000-4000-8000-000000000000"),
            ([0xff; 16], "ffffffff-ffff-4fff-bfff-ffffffffffff"),
        ] {
            let [_, (_, nonce), _] = body_signature(b"", "key", bytes, UnixMillis::new(0));
            assert_eq!(nonce, shown);
        }
    }
}
