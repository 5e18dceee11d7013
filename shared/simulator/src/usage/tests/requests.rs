//! Tests of the checks before the body: route, headers, signatures, nonces.

use super::{BODY, ID, KEY, NOW, PATH, code, headers, market, proven, said, send};
use crate::usage::aksk::sign;
use crate::usage::request::{Proof, UsageRequest};
use crate::usage::{AkSk, UsageMarketplace, UsageRules, signature};

/// Two records, one with a package; made by `json.dumps(sort_keys=True, separators=(",", ":"))`.
const TWO: &str = concat!(
    r#"{"usage_records":[{"begin_time":"20220809T080000Z","end_time":"20220809T090000Z","#,
    r#""instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","metering_sn":"sn-0001","#,
    r#""record_time":"20220809T091000Z","usage_value":"99"},"#,
    r#"{"begin_time":"20220809T070000Z","end_time":"20220809T080000Z","#,
    r#""instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","metering_sn":"sn-0002","#,
    r#""record_time":"20220809T091000Z","relate_pkg_instance":"pkg-1","usage_value":"0.0001"}]}"#
);
/// The same record as [`BODY`], in the order of the guide's table.
const UNSORTED: &str = concat!(
    r#"{"usage_records":[{"instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","#,
    r#""record_time":"20220809T091000Z","begin_time":"20220809T080000Z","#,
    r#""end_time":"20220809T090000Z","usage_value":"99","metering_sn":"sn-0001"}]}"#
);
const SIGNATURE: &str = "jBWdJ0tpPEC0JcpqWy5xNNFU7HEsMLtBKcs/uo2vuk8=";
const TS: &str = "1660036200000";
const NONCE: &str = "6c63c221-1f6b-4141-8ff4-22f5dfe82b65";

/// The first row is the vector beside the guide's description, the others come from Python.
#[test]
fn known_bodies_have_known_signatures() {
    let known = [
        ("1709690865879", NONCE, BODY, "ifDeb1S6FGIqnzp0BUdCjCwEmy0lKXv2Wmc5Er4XVtE="),
        (TS, NONCE, BODY, SIGNATURE),
        ("1660036200001", "n-2", TWO, "xJRFWK0AVsc/Mv44y2guxMjhG9pXrMaYnTV92irw6dM="),
        ("1660036200003", "n-4", UNSORTED, "bH1PHSFuTbiKXzxfE+ENg6FSTz/eGsjLgq1hRS0V1uI="),
    ];
    for (ts, nonce, body, expected) in known {
        let proof = Proof { ts, nonce, signature: "" };
        assert_eq!(signature::sign(&proof, body.as_bytes(), KEY), expected);
    }
}

/// Signatures that Python computed over the bytes as they are sent.
#[test]
fn both_readings_must_accept_the_signature() {
    let number = BODY.replace("\"99\"", "12.50");
    let foreign = BODY.replace("sn-0001", "sn-é");
    let spaced = UNSORTED.replace(':', ": ").replace(',', ", ");
    let bodies = [
        (TS, NONCE, BODY, SIGNATURE, "200 MKT.0000", 0),
        ("1660036200002", "n-3", &spaced, "B2ObHlqxfGQhRBAnbgxdhFTOYtsa5zuwB8L3PM1Ugas=", WRONG, 1),
        (
            "1660036200003",
            "n-4",
            UNSORTED,
            "bH1PHSFuTbiKXzxfE+ENg6FSTz/eGsjLgq1hRS0V1uI=",
            WRONG,
            1,
        ),
        ("1660036200004", "n-5", &number, "QjNgYd4NDH7Fmyy99oLc+z71MBcfAsSjtK3RtfJVk+o=", WRONG, 1),
        (
            "1660036200005",
            "n-6",
            &foreign,
            "r0J5JY9wfX0t7ZIQOVkXHAAY42Q9DtZ3PMhNNs21o7w=",
            WRONG,
            1,
        ),
        // A server that sorts again accepts this one, a server that signs the bytes does not.
        (TS, NONCE, UNSORTED, SIGNATURE, WRONG, 1),
        // Both refuse it.
        (TS, "other", BODY, SIGNATURE, WRONG, 0),
        ("1660036200001", NONCE, BODY, SIGNATURE, WRONG, 0),
        (TS, NONCE, TWO, SIGNATURE, WRONG, 0),
        (TS, NONCE, "{", SIGNATURE, WRONG, 0),
    ];
    for (ts, nonce, body, signature, expected, disagreements) in bodies {
        let mut market = market();
        let sent = proven(ts, nonce, signature);
        let reply = market.receive("POST", PATH, &sent, body.as_bytes(), NOW);
        assert_eq!(said(&reply), expected, "{nonce} {body}");
        assert_eq!(market.signature_disagreements(), disagreements, "{nonce} {body}");
    }
}

#[test]
fn another_key_is_refused() {
    let mut market = UsageMarketplace::new(UsageRules::new("another-key"));
    let reply = market.receive("POST", PATH, &proven(TS, NONCE, SIGNATURE), BODY.as_bytes(), NOW);
    assert_eq!(said(&reply), WRONG);
    market.rules_mut().key = KEY.to_owned();
    market.know(crate::usage::SimulatedInstance::new(ID, 0));
    let reply = market.receive("POST", PATH, &proven(TS, NONCE, SIGNATURE), BODY.as_bytes(), NOW);
    assert_eq!(said(&reply), "200 MKT.0000");
}

#[test]
fn only_the_documented_route_exists() {
    let routes = [
        ("GET", PATH),
        ("PUT", PATH),
        ("POST", "/rest/marketplace/v1/isv/usage-data"),
        ("POST", "/"),
        ("POST", "/api/mkp-openapi-public/global/v1/isv/usage-data/"),
        ("POST", "/api/mkp-openapi-public/global/v1/isv/usage-data?a=b"),
    ];
    for (method, path) in routes {
        let mut market = market();
        let sent = proven(TS, NONCE, SIGNATURE);
        let reply = market.receive(method, path, &sent, BODY.as_bytes(), NOW);
        assert_eq!(said(&reply), "404 APIG.0101", "{method} {path}");
        assert!(market.received_records().is_empty());
    }
}

#[test]
fn every_header_must_exist_once_and_have_its_shape() {
    let right = [
        ("content-type", "application/json"),
        ("ts", TS),
        ("nonce", NONCE),
        ("signature", SIGNATURE),
    ];
    let long = "9".repeat(1_001);
    for (at, (name, value)) in right.iter().enumerate() {
        let mut twice = right.to_vec();
        twice.push((name, value));
        let mut missing = right.to_vec();
        missing.remove(at);
        let mut empty = right.to_vec();
        empty[at] = (name, "");
        let mut other = right.to_vec();
        other[at] = (name, &long);
        let cases = [(twice, MISSING), (missing, MISSING), (empty, MISSING), (other, SHAPE)];
        for (sent, expected) in cases {
            let reply = market().receive("POST", PATH, &headers(&sent), BODY.as_bytes(), NOW);
            assert_eq!(said(&reply), expected, "{name}");
        }
    }
}

#[test]
fn a_time_stamp_is_in_milliseconds_and_recent() {
    for (now, expected) in [
        (NOW, "200 MKT.0000"),
        (NOW + 15 * 60_000, "200 MKT.0000"),
        (NOW + 15 * 60_000 + 1, SHAPE),
        (NOW - 15 * 60_000 - 1, SHAPE),
        (NOW / 1_000, SHAPE),
    ] {
        let sent = proven(TS, NONCE, SIGNATURE);
        let reply = market().receive("POST", PATH, &sent, BODY.as_bytes(), now);
        assert_eq!(said(&reply), expected, "{now}");
    }
}

#[test]
fn a_nonce_counts_once_and_only_if_it_is_signed() {
    let mut market = market();
    let wrong = proven(TS, NONCE, "AAAA");
    assert_eq!(said(&market.receive("POST", PATH, &wrong, BODY.as_bytes(), NOW)), WRONG);
    for (expected, repeats) in [("200 MKT.0000", 0), (SHAPE, 1), (SHAPE, 2)] {
        let sent = proven(TS, NONCE, SIGNATURE);
        assert_eq!(said(&market.receive("POST", PATH, &sent, BODY.as_bytes(), NOW)), expected);
        assert_eq!(market.nonce_repeats(), repeats);
    }
}

/// The vectors 1 and 8 of the gateway's scheme. The first was signed by a Ruby gem for this
/// marketplace; Python computed both again.
#[test]
fn known_requests_have_known_gateway_signatures() {
    let sent = headers(&[
        ("x-stage", "RELEASE"),
        ("X-Sdk-Date", "20240317T144237Z"),
        ("Content-Type", "application/json"),
        ("Host", "mkt.myhuaweicloud.com"),
    ]);
    let path = "/api/mkp-openapi-public/global/v1/license/activate";
    let request = UsageRequest { method: "POST", path, headers: &sent, body: b"" };
    let names = ["content-type", "host", "x-sdk-date", "x-stage"];
    assert_eq!(
        sign(&request, &names, "123").as_deref(),
        Some("77595ad624b6e4e49990b8c4e84bf1c287457fca61069c4e60b9b6765b52053d")
    );
    let sent = headers(&[
        ("X-Sdk-Date", "20220809T091000Z"),
        ("Content-Type", "application/json"),
        ("Host", "mkt.myhuaweicloud.com"),
    ]);
    let body = br#"{"usage_records":[{"instance_id":"i","product_id":"p","record_time":"20220809T091000Z","begin_time":"20220809T080000Z","end_time":"20220809T090000Z","usage_value":"99"}]}"#;
    let path = "/rest/marketplace/v1/isv/usage-data";
    let request = UsageRequest { method: "POST", path, headers: &sent, body };
    assert_eq!(
        sign(&request, &["content-type", "host", "x-sdk-date"], "example-sk").as_deref(),
        Some("44f4ebf13eeb0d4158d132e1c3845321405e6add64839f0fdb54f2195fcc1df8")
    );
}

/// [`BODY`] for `mkt.myhuaweicloud.com` at 09:10, signed by Python with `example-sk`.
const GATEWAY: &str = "SDK-HMAC-SHA256 Access=example-ak, SignedHeaders=host;x-sdk-date, \
    Signature=6973f7672f856802b2cbc80e3087433488f69a128f71a6d38b7a54042418675b";

fn gateway_market() -> UsageMarketplace {
    let mut market = market();
    market.rules_mut().aksk =
        AkSk::Required { ak: "example-ak".to_owned(), sk: "example-sk".to_owned() };
    market
}

/// Names and values.
type HeaderPairs<'a> = &'a [(&'a str, &'a str)];

fn admitted(market: &mut UsageMarketplace, extra: HeaderPairs, now: u64) -> String {
    let mut sent = proven(TS, NONCE, SIGNATURE);
    sent.extend(headers(extra));
    said(&market.receive("POST", PATH, &sent, BODY.as_bytes(), now))
}

#[test]
fn the_gateway_verifies_its_signature_before_anything_else() {
    let host = ("Host", "mkt.myhuaweicloud.com");
    let date = ("X-Sdk-Date", "20220809T091000Z");
    let signed = ("Authorization", GATEWAY);
    let unnamed = GATEWAY.replace("host;", "");
    let other = GATEWAY.replace("example-ak", "other-ak");
    let cases: [(HeaderPairs, u64, &str); 8] = [
        (&[host, date, signed], NOW, "200 MKT.0000"),
        (&[], NOW, REFUSED),
        (&[host, date], NOW, REFUSED),
        (&[("Host", "mkt.myhuaweicloud.cn"), date, signed], NOW, REFUSED),
        (&[host, ("X-Sdk-Date", "20220809T091001Z"), signed], NOW, REFUSED),
        (&[host, date, ("Authorization", &unnamed)], NOW, REFUSED),
        (&[host, date, ("Authorization", &other)], NOW, REFUSED),
        (&[host, date, signed], NOW + 15 * 60_000 + 1, REFUSED),
    ];
    for (extra, now, expected) in cases {
        assert_eq!(admitted(&mut gateway_market(), extra, now), expected, "{extra:?}");
    }
}

#[test]
fn five_wrong_signatures_lock_the_key_for_five_minutes() {
    let right = [
        ("Host", "mkt.myhuaweicloud.com"),
        ("X-Sdk-Date", "20220809T091000Z"),
        ("Authorization", GATEWAY),
    ];
    let mut market = gateway_market();
    for _ in 0..4 {
        assert_eq!(admitted(&mut market, &[], NOW), REFUSED);
    }
    assert_eq!(admitted(&mut market, &right, NOW), "200 MKT.0000");
    for _ in 0..5 {
        assert_eq!(market.access_key_locks(), 0);
        assert_eq!(admitted(&mut market, &[], NOW), REFUSED);
    }
    assert_eq!(market.access_key_locks(), 1);
    assert_eq!(admitted(&mut market, &right, NOW + 5 * 60_000 - 1), REFUSED);
    // The lock is over; the nonce was used before.
    assert_eq!(admitted(&mut market, &right, NOW + 5 * 60_000), SHAPE);
}

#[test]
fn the_record_of_requests_says_what_was_answered() {
    let mut market = market();
    assert_eq!(code(&mut market, BODY, NOW), "200 MKT.0000");
    send(&mut market, "{}", NOW + 1);
    let seen: Vec<_> =
        market.requests().iter().map(|r| (r.at, r.status, r.code.as_str(), r.kept)).collect();
    assert_eq!(seen, [(NOW, 200, "MKT.0000", 1), (NOW + 1, 400, "MKT.0101", 0)]);
}

const WRONG: &str = "400 MKT.0102";
const MISSING: &str = "400 MKT.0101";
const SHAPE: &str = "400 MKT.0199";
const REFUSED: &str = "401 APIG.0301";
