//! Rejections before the body is read (decision G6). They must equal the rejections after the body
//! is read.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Builder;
use http::{Request, Response, StatusCode};
use shell::endpoint::app_info::AppInfoEndpoint;
use shell::endpoint::{Either, Endpoint};
use tests::log::Log;
use tests::served::ServedEndpoint;

use super::*;

const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const HEX: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const PATH: &str = "/saasproduce/produceAPI/tenantSync";
const PATH_V2: &str = "/saasproduce/produceAPI/v2/tenantSync";

/// Request lines and headers of calls to one route, and the code that each one gets.
type Heads = Vec<(Builder, &'static str)>;

fn with_headers(path: &str, headers: &[(&str, &str)]) -> Builder {
    headers.iter().fold(Request::post(path), |head, (name, value)| head.header(*name, *value))
}

/// Every case in which the request line and headers are enough to reject the call.
fn rejected() -> Heads {
    let mut heads = rejected_v2();
    let token = ("authToken", TOKEN);
    for headers in [
        &[][..],
        &[token, token],
        &[("authToken", "")],
        &[("authToken", HEX)],
        &[("authToken", "%2")],
    ] {
        heads.push((with_headers(PATH, headers), "000001"));
    }
    for query in ["", "timeStamp=20200727073711903", "authToken=x&timeStamp=20200727073711903"] {
        heads.push((Request::get(format!("/saasproduce?{query}")), "000001"));
    }
    heads
}

fn rejected_v2() -> Heads {
    let now = NOW.to_string();
    let mut heads = Vec::new();
    let mut v2 = |code, proofs: &[(&str, &str)]| {
        heads.push((with_headers(PATH_V2, proofs), code));
        let plain = |name: &str| match name {
            "x-sign" => "signature",
            "x-timestamp" => "timestamp",
            _ => "nonce",
        };
        let pairs = proofs.iter().map(|(name, value)| format!("{}={value}", plain(name)));
        let query = pairs.collect::<Vec<_>>().join("&");
        heads.push((Request::post(format!("/saasproduce?{query}")), code));
    };
    let (sign, time, nonce) = (("x-sign", HEX), ("x-timestamp", now.as_str()), ("x-nonce", "n"));
    v2("000002", &[]);
    v2("000001", &[time, nonce]);
    v2("000002", &[sign, nonce]);
    v2("000002", &[sign, time]);
    v2("000001", &[sign, sign, time, nonce]);
    v2("000001", &[sign, time, time, nonce]);
    v2("000001", &[sign, time, nonce, nonce]);
    v2("000001", &[("x-sign", "00"), time, nonce]);
    v2("000001", &[("x-sign", ""), time, nonce]);
    v2("000002", &[sign, ("x-timestamp", "now"), nonce]);
    v2("000002", &[sign, time, ("x-nonce", "")]);
    let long = "n".repeat(129);
    v2("000002", &[sign, time, ("x-nonce", &long)]);
    heads
}

/// Request lines and headers of calls that cannot be decided without the body. Among them are
/// calls whose timestamp cannot be accepted: only the signature shows whether the marketplace sent
/// them.
fn admitted() -> Vec<(Builder, usize)> {
    let (base, kit) = (256 * 1024, 4 * 1024 * 1024);
    let query_v1 = format!("timeStamp=20200727073711903&authToken={TOKEN}");
    let mut heads = vec![
        (with_headers(PATH, &[("authToken", TOKEN)]), kit),
        (Request::get(format!("/saasproduce?{query_v1}")), base),
    ];
    for time in [NOW, NOW - 60_001, NOW + 60_001, NOW / 1_000].map(|time| time.to_string()) {
        let v2 = [("x-sign", HEX), ("x-timestamp", &time), ("x-nonce", "n")];
        let query = format!("signature={HEX}&timestamp={time}&nonce=n");
        heads.push((with_headers(PATH_V2, &v2), kit));
        heads.push((Request::post(format!("/saasproduce?{query}")), base));
    }
    heads
}

/// The parts of an answer that a caller sees.
fn visible(response: &Response<Bytes>) -> String {
    format!("{:?} {:?} {:?}", response.status(), response.headers(), response.body())
}

#[test]
fn a_call_gets_the_same_rejection_before_and_after_its_body_is_read() {
    for (head, code) in rejected() {
        let Kit(koohook) = Kit::new();
        let request = head.body(Bytes::from_static(b"{}")).unwrap();
        let (head, body) = request.into_parts();
        let [early, late] = [Log::default(), Log::default()];
        let admitted = {
            let _guard = early.keep();
            koohook.endpoint.admit(&head)
        };
        let what = format!("{} {:?}", head.uri, head.headers);
        let response = admitted.expect_err(&what);
        let key = if head.uri.path().contains("produceAPI") { KIT_KEY } else { BASE_KEY };
        verify_body_sign(&response.clone().map(|body| body.to_vec()), key).unwrap();
        let answer = Answer::read(&response.clone().map(|body| body.to_vec())).unwrap();
        assert_eq!(answer.code, code, "{what}");
        let answered = {
            let _guard = late.keep();
            run(koohook.endpoint.answer(Request::from_parts(head, body)))
        };
        assert_eq!(visible(&response), visible(&answered), "{what}");
        assert_eq!(early.text(), late.text(), "{what}");
        assert_eq!(early.callbacks().len(), 1, "{what}");
    }
}

#[test]
fn a_call_that_needs_its_body_is_admitted_without_a_log_line() {
    for (head, len) in admitted() {
        let log = Log::default();
        let _guard = log.keep();
        let (head, ()) = head.body(()).unwrap().into_parts();
        assert_eq!(
            Kit::new().0.endpoint.admit(&head).ok().map(|it| it.max_body_len),
            Some(len),
            "{}",
            head.uri
        );
        assert_eq!(log.text(), "");
    }
}

/// The first of two endpoints checks every call to find its own calls.
#[test]
fn a_call_is_logged_once_by_two_endpoints_in_a_row() {
    let all = rejected().into_iter().map(|(head, _)| head);
    for head in all.chain(admitted().into_iter().map(|(head, _)| head)) {
        let Kit(koohook) = Kit::new();
        let access = AppInfoEndpoint::new(Arc::clone(koohook.endpoint.context()));
        let endpoint = Either(koohook.endpoint, Some(access));
        let log = Log::default();
        let _guard = log.keep();
        let response = run(endpoint.answer(head.body(Bytes::from_static(b"{}")).unwrap()));
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(log.callbacks().len(), 1, "{}", log.text());
    }
}

/// A body may arrive slowly. The time of the signature is checked when it has arrived.
#[test]
fn a_body_that_arrives_after_its_signature_expired_is_rejected() {
    let Kit(koohook) = Kit::new();
    let request = signed(NOW, Contract::V2, "tenantSync", &tenant(1, "A", 0));
    let (head, body) = request.into_parts();
    koohook.world().pass(Duration::from_millis(60_000));
    assert!(koohook.endpoint.admit(&head).is_ok());
    koohook.world().pass(Duration::from_millis(1));
    let response = run(koohook.answer(Request::from_parts(head, body)));
    assert_eq!(Answer::read(&response).unwrap().code, "000002");
}

#[test]
fn over_a_socket_a_rejection_does_not_wait_for_the_body() {
    let served = ServedEndpoint::new(Arc::new(Kit::new().0.endpoint));
    for (path, code) in [(PATH, "000001"), (PATH_V2, "000002"), ("/saasproduce", "000002")] {
        let mut caller = served.connect();
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
        caller.send(head.as_bytes());
        let answer = caller.answer().expect("there must be an answer before the body");
        assert_eq!(Answer::read(&answer.response).unwrap().code, code, "{path}");
    }
}

#[test]
fn a_body_with_too_many_values_is_rejected_signed_or_not() {
    let zeros = |count: usize| format!(r#"{{"a":[{}0]}}"#, "0,".repeat(count - 1)).into_bytes();
    let time = NOW.to_string();
    let answer = |contract, key: &str, body: &[u8]| {
        let request = match contract {
            Contract::V1 => {
                with_headers(PATH, &[("authToken", TOKEN)]).body(body.to_vec()).unwrap()
            }
            Contract::V2 => kit_v2::request(ADDRESS, "tenantSync", key, &time, "n", body).unwrap(),
        };
        run(Kit::new().0.answer(request))
    };
    for (contract, key) in
        [(Contract::V1, ""), (Contract::V2, KIT_KEY), (Contract::V2, "another-key-of-sixteen")]
    {
        let response = answer(contract, key, &zeros(400_000));
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE, "{contract:?}");
        assert_eq!(response.body(), br#"{"error":"body too large"}"#);
        assert!(response.headers().get("body-sign").is_none());
        // The object and the array also count as values.
        let response = answer(contract, key, &zeros(399_998));
        assert_eq!(response.status(), StatusCode::OK, "{contract:?}");
    }
}
