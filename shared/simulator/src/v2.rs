//! Access guide 2.0, base interfaces: a POST of JSON with the signature in its query.

use serde_json::Value;

use crate::{form, mac};

/// Builds and signs the request of one base activity.
///
/// The exact bytes of `body` are signed. The function [`body`] makes a body with the order that the
/// guide requires. `timestamp` is Unix time in milliseconds, as text. `address` has no query.
///
/// Restates *Interface requirements* and *Security token* of access guide 2.0.
///
/// # Errors
///
/// If `address` with the query is not a URI.
pub fn request(
    address: &str,
    access_key: &str,
    timestamp: &str,
    nonce: &str,
    body: &[u8],
) -> Result<http::Request<Vec<u8>>, http::Error> {
    let signature = sign(access_key, timestamp, nonce, body);
    let query = form::query([
        ("signature", signature.as_str()),
        ("timestamp", timestamp),
        ("nonce", nonce),
    ]);
    http::Request::post(format!("{address}?{query}"))
        .header(http::header::ACCEPT, "application/json")
        // The guide writes the charset without a hyphen; the registered name has one.
        .header(http::header::CONTENT_TYPE, "application/json;charset=utf8")
        .body(body.to_vec())
}

/// Writes a body: compact JSON with members sorted by name.
///
/// Only the members of the top level are sorted. Nested objects keep their order.
///
/// Restates *Security token* of access guide 2.0.
#[must_use]
pub fn body<V: Clone + Into<Value>>(members: &[(&str, V)]) -> Vec<u8> {
    let mut members: Vec<(&str, Value)> =
        members.iter().map(|(name, value)| (*name, value.clone().into())).collect();
    // The guide's sample sorts with a Java `TreeMap`, which compares UTF-16 code units.
    members.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    let members: Vec<String> =
        members.into_iter().map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}

/// Signs a body. The signature has 64 hexadecimal digits in upper case.
///
/// The signed text is the access key, the nonce, the timestamp and the lower-case digest of the
/// body, without separators. Both digests are HMAC-SHA256 with the access key.
///
/// Restates *Security token* of access guide 2.0.
#[must_use]
pub fn sign(access_key: &str, timestamp: &str, nonce: &str, body: &[u8]) -> String {
    let key = access_key.as_bytes();
    let digest = hex(mac::hmac_sha256(key, body));
    let text = format!("{access_key}{nonce}{timestamp}{digest}");
    hex(mac::hmac_sha256(key, text.as_bytes())).to_ascii_uppercase()
}

pub(crate) fn hex(bytes: [u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use serde_json::{Value, json};

    use super::{body, hex, request, sign};
    use crate::mac;

    const KEY: &str = "constructed-base-key-0001";
    const TIMESTAMP: &str = "1680508066618";
    const NONCE: &str = "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA";
    const INSTANCE: &str = "10e758d0-31ad-4c4b-8f1b-81d03469a10e";
    const ORDER: (&str, &str) = ("orderId", "CS2211181819B4LVS");
    const LINE: (&str, &str) = ("orderLineId", "CS2211181819B4LVS-000001");
    const TEST: (&str, &str) = ("testFlag", "1");

    fn check(members: &[(&str, &str)], text: &str, digest: &str, signature: &str) {
        let body = body(members);
        assert_eq!(String::from_utf8(body.clone()).unwrap(), text);
        check_bytes(&body, digest, signature);
    }

    fn check_bytes(body: &[u8], digest: &str, signature: &str) {
        assert_eq!(hex(mac::hmac_sha256(KEY.as_bytes(), body)), digest);
        assert_eq!(sign(KEY, TIMESTAMP, NONCE, body), signature);
    }

    #[test]
    fn b1_new_instance_is_signed() {
        check(
            &[
                TEST,
                LINE,
                ORDER,
                ("businessId", "87b94795-0603-4e24-8ae5-69420d60e3c8"),
                ("activity", "newInstance"),
            ],
            r#"{"activity":"newInstance","businessId":"87b94795-0603-4e24-8ae5-69420d60e3c8","orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}"#,
            "d51cb2cda3b5f0ea2cc521868564802c69a46a16352f6e3b767ed0ee34325961",
            "41B120D145B8F5C1FCF9B407BDA7AFE276BFF6CCF6020AC0900D70A858AB9FEB",
        );
    }

    #[test]
    fn b2_query_instance_is_signed() {
        check(
            &[("instanceId", INSTANCE), TEST, ("activity", "queryInstance")],
            r#"{"activity":"queryInstance","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","testFlag":"1"}"#,
            "afb03576315b8ad287451bc68775ebf49e678f968a23074861a4a280a64fb672",
            "EFD7671D43DFB1BF70CABF2A25274A75FA8DBF8352D156F2295FAFD4EDC01EC3",
        );
    }

    #[test]
    fn b3_refresh_instance_is_signed() {
        check(
            &[
                ("activity", "refreshInstance"),
                ("scene", "RENEWAL"),
                ORDER,
                LINE,
                ("instanceId", INSTANCE),
                ("productId", "OFFI461867333479178240"),
                ("expireTime", "20221124023618256"),
                TEST,
            ],
            r#"{"activity":"refreshInstance","expireTime":"20221124023618256","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","productId":"OFFI461867333479178240","scene":"RENEWAL","testFlag":"1"}"#,
            "e8cd89f0e75044cb31faaab875426a13d445057632e81d9cd1c99f659bc7687f",
            "D720127C695DA8764997782C87FA04EFEB914FB3F69B27C294D429DC89D0C07F",
        );
    }

    #[test]
    fn b4_update_instance_status_is_signed() {
        check(
            &[
                ("status", "FREEZE"),
                ("activity", "updateInstanceStatus"),
                ("instanceId", INSTANCE),
                TEST,
            ],
            r#"{"activity":"updateInstanceStatus","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","status":"FREEZE","testFlag":"1"}"#,
            "e45eb15c5d1b2b6cf61ac2195c81d974bc1a65dd669202a3dbb77632cc4b166a",
            "F01DE1F43D7487F60C2A7E285D5D1C7FEB9C519AECD0F380C02699ED63D4D4AB",
        );
    }

    #[test]
    fn b5_release_instance_is_signed() {
        check(
            &[("activity", "releaseInstance"), ("instanceId", INSTANCE), ORDER, LINE, TEST],
            r#"{"activity":"releaseInstance","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}"#,
            "f679447e01ea1de53ad028d283e2887c4e0ba156b4af868e244b3863a0b3c131",
            "B457863891AB1EAC47119008857F8753B9C6329185CD82444EF7BC78CE83C34F",
        );
    }

    #[test]
    fn b6_upgrade_instance_is_signed() {
        check(
            &[("activity", "upgradeInstance"), ("instanceId", INSTANCE), ORDER, LINE, TEST],
            r#"{"activity":"upgradeInstance","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}"#,
            "88c78894882019c240c405ece1edc81519f2039fdd166f8c681241dbaf690e7c",
            "6FF72C58AA2FAE9B6D85E1B8EFD05E401D675D8904653592BF8F923242473B29",
        );
    }

    #[test]
    fn b7_an_unsorted_body_with_spaces_is_signed_unchanged() {
        check_bytes(
            br#"{ "testFlag": "1", "orderId": "CS2211181819B4LVS", "activity": "newInstance", "businessId": "87b94795-0603-4e24-8ae5-69420d60e3c8", "orderLineId": "CS2211181819B4LVS-000001" }"#,
            "bd158576c86ff194f28685dac42b8970c037b42853a9f89c0ad45affee31ad75",
            "113BF72CA1AD60225158B174C13B2029ED39A691D916708179DA376C8C56D657",
        );
    }

    #[test]
    fn a_request_is_a_post_with_three_query_parameters() {
        let body = body(&[("activity", "queryInstance"), ("instanceId", INSTANCE), TEST]);
        let request = request("https://seller.example/saas", KEY, TIMESTAMP, NONCE, &body).unwrap();
        assert_eq!(request.method(), http::Method::POST);
        assert_eq!(
            request.uri().to_string(),
            format!(
                "https://seller.example/saas?signature=EFD7671D43DFB1BF70CABF2A25274A75FA8DBF8352D\
                 156F2295FAFD4EDC01EC3&timestamp={TIMESTAMP}&nonce={NONCE}"
            )
        );
        assert_eq!(request.headers().len(), 2);
        assert_eq!(request.headers()["accept"], "application/json");
        assert_eq!(request.headers()["content-type"], "application/json;charset=utf8");
        assert_eq!(request.body(), &body);
    }

    #[test]
    fn a_body_escapes_only_what_json_requires_and_keeps_objects() {
        let members = [
            ("name", Value::from("中 / \"\\\n")),
            ("flag", json!(1)),
            ("productInfo", json!({ "productId": "P" })),
        ];
        assert_eq!(
            String::from_utf8(body(&members)).unwrap(),
            r#"{"flag":1,"name":"中 / \"\\\n","productInfo":{"productId":"P"}}"#
        );
        assert_eq!(body::<&str>(&[]), b"{}");
    }

    #[test]
    fn an_invalid_address_is_rejected() {
        assert!(request("no address", KEY, TIMESTAMP, NONCE, b"{}").is_err());
    }
}
