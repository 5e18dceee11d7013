//! Tests of the marketplace's verdict on an answer.

use std::time::Duration;

use http::Response;

use super::{Failure, Outcome, Received, Remark, Verdict, judge};
use crate::answer::{self, AnswerError};
use crate::scenario::{self, Mismatch, Step, Wire};

/// The access key of the vectors in `body-sign.json`, which the marketplace's sample signed.
const KEY: &str = "constructed-base-key-0001";
const SUCCESS: &str = r#"{"resultCode":"000000","resultMsg":"success."}"#;
const SIGNED: &str =
    r#"sign_type="HMAC-SHA256", signature= "zBOvz5w7V2O4hyU8532B8gu78pwsuZC+OfkcDa5WjUY=""#;

const WIRE: Wire<'static> = Wire {
    address: "https://seller.example/saas",
    access_key: KEY,
    kit_key: KEY,
    now_millis: 1_784_947_873_409,
    business_id: "87b94795-0603-4e24-8ae5-69420d60e3c8",
    nonce: "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA",
    instance_id: "mine",
    sealed_secret: "c2VhbGVk",
};

fn step(title: &str) -> Step {
    let now = WIRE.now_millis;
    let purchases = [scenario::v1("CS1", now), scenario::v2("CS1", now)];
    let kits = [scenario::enterprise_v1("i", "CS1", now), scenario::enterprise_v2("i", "CS1", now)];
    let mut steps = purchases.into_iter().chain(kits).flatten();
    let found = |step: &Step| format!("{:?} {}", step.call.contract, step.title) == title;
    steps.find(found).unwrap()
}

fn response(headers: &[(&str, &str)], body: &str) -> Response<Vec<u8>> {
    let mut builder = Response::builder().header("content-type", "application/json");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.as_bytes().to_vec()).unwrap()
}

fn received(response: &Response<Vec<u8>>) -> Received<'_> {
    Received { response, body_sign_name: Some("Body-Sign"), took: Duration::ZERO }
}

fn judged(title: &str, response: &Response<Vec<u8>>) -> Verdict {
    judge(&step(title), &WIRE, &received(response), false)
}

/// An answer with the signature of V1.
fn signed(body: &str) -> Response<Vec<u8>> {
    let signature = crate::mac::hmac_sha256(KEY.as_bytes(), body.as_bytes());
    use base64::Engine as _;
    let signature = base64::engine::general_purpose::STANDARD.encode(signature);
    response(
        &[("body-sign", &format!(r#"sign_type="HMAC-SHA256", signature= "{signature}""#))],
        body,
    )
}

fn answered(title: &str, body: &str) -> Verdict {
    judged(title, &signed(body))
}

fn code(code: &str) -> String {
    format!(r#"{{"resultCode":"{code}","resultMsg":"text"}}"#)
}

fn failed(seen: &str, wanted: &str) -> Outcome {
    Outcome::Failed(Failure { seen: seen.to_owned(), wanted: wanted.to_owned() })
}

const V1_EXPIRE: &str = "V1 expireInstance rehearsed before the purchase";
const V2_FREEZE: &str = "V2 updateInstanceStatus FREEZE rehearsed before the purchase";

#[test]
fn v1_requires_a_signature_and_v2_does_not() {
    let right = response(&[("body-sign", SIGNED)], SUCCESS);
    let bare = response(&[], SUCCESS);
    let wrong = response(&[("body-sign", &SIGNED.replace("zB", "zC"))], SUCCESS);
    for (response, v1, v2) in [
        (&right, None, None),
        (&bare, Some("Body-Sign is missing"), None),
        (
            &wrong,
            Some("Body-Sign is not the signature of the body"),
            Some(Remark::Unneeded(AnswerError::BodySign)),
        ),
    ] {
        let Verdict { outcome, remarks, .. } = judged(V1_EXPIRE, response);
        let seen = match outcome {
            Outcome::Failed(failure) => Some(failure.seen),
            _ => None,
        };
        assert_eq!((seen.as_deref(), remarks), (v1, vec![]));
        let Verdict { outcome, remarks, .. } = judged(V2_FREEZE, response);
        assert_eq!((outcome, remarks), (Outcome::Right, Vec::from_iter(v2)));
    }
}

/// FAQ page: the check of the header's name is case-sensitive.
#[test]
fn v1_requires_the_capitals_of_the_header_name() {
    let response = response(&[("body-sign", SIGNED)], SUCCESS);
    let named = Received { body_sign_name: Some("body-sign"), ..received(&response) };
    let outcome = |title| judge(&step(title), &WIRE, &named, false).outcome;
    let wanted = "Body-Sign, in these capitals (access guide 1.0, FAQ); \
                  check that no proxy or HTTP/2 connection changes header names";
    assert_eq!(outcome(V1_EXPIRE), failed("header name is body-sign", wanted));
    assert_eq!(outcome(V2_FREEZE), Outcome::Right);
}

#[test]
fn an_answer_after_five_seconds_is_a_remark_only_under_v2() {
    let response = response(&[("body-sign", SIGNED)], SUCCESS);
    for (millis, title, remarks) in [
        (5_000, V2_FREEZE, vec![]),
        (5_001, V2_FREEZE, vec![Remark::Slow]),
        (19_999, V2_FREEZE, vec![Remark::Slow]),
        (19_999, V1_EXPIRE, vec![]),
    ] {
        let took = Duration::from_millis(millis);
        let verdict = judge(&step(title), &WIRE, &Received { took, ..received(&response) }, false);
        assert_eq!((verdict.outcome, verdict.remarks), (Outcome::Right, remarks), "{millis}");
    }
}

#[test]
fn an_error_page_is_reported_with_the_requirement_of_the_guide() {
    let page = "<html>\n<body>Whitelabel Error Page</body></html>";
    let html = Response::builder().header("content-type", "text/html;charset=UTF-8");
    let html = html.body(page.as_bytes().to_vec()).unwrap();
    assert_eq!(
        judged(V2_FREEZE, &html).outcome,
        failed(
            "Content-Type is text/html;charset=UTF-8",
            "one header Content-Type: application/json (access guide 2.0, FAQ); \
             check which headers the framework adds"
        )
    );
    assert_eq!(
        judged(V2_FREEZE, &response(&[], page)).outcome,
        failed(
            r#"body is not a JSON object; it begins with "<html>\n<body>Whitelabel Error Page</body""#,
            "one JSON object in UTF-8 (access guide 2.0, Interface debugging); \
             check which program wrote the body"
        )
    );
    let mut broken = response(&[], "");
    *broken.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
    assert_eq!(
        judged(V1_EXPIRE, &broken).outcome,
        failed(
            "HTTP status is 500 Internal Server Error",
            "HTTP status 200 for every outcome (access guide 1.0, FAQ); check the server's log"
        )
    );
    assert_eq!(
        answered(V1_EXPIRE, r#"{"resultCode":0,"resultMsg":"ok"}"#).outcome,
        failed(
            "resultCode is a number",
            "resultCode as a string (access guide 1.0, expireInstance); \
             check that the value is in quotes"
        )
    );
}

#[test]
fn an_optional_activity_may_be_unserved() {
    let missing = |status| {
        let mut response = response(&[], "not here");
        *response.status_mut() = status;
        response
    };
    for title in [
        "V1 upgrade rehearsed before the purchase",
        "V1 instanceStatus FREEZE rehearsed before the purchase",
        "V2 upgradeInstance rehearsed before the purchase",
        "V2 changeInstanceCheck rehearsed before the purchase",
        "V2 refreshInstance RENEWAL_CHANGE rehearsed before the purchase",
        "KitV1 tenantSync rehearsed before the binding",
        "KitV2 authSync rehearsed before the binding",
    ] {
        for (response, seen) in [
            (missing(http::StatusCode::NOT_FOUND), "HTTP 404"),
            (missing(http::StatusCode::METHOD_NOT_ALLOWED), "HTTP 405"),
            (response(&[], &code("000002")), "000002"),
            (response(&[], &code("000005")), "000005"),
        ] {
            let outcome = judged(title, &response).outcome;
            assert_eq!(outcome, Outcome::NotServed(seen.to_owned()), "{title}");
            let served = judge(&step(title), &WIRE, &received(&response), true).outcome;
            assert!(matches!(served, Outcome::Failed(_)), "{title} was served before");
        }
        let outcome = answered(title, &code("000001")).outcome;
        assert!(matches!(outcome, Outcome::Failed(_)), "{title}");
    }
    for title in [V1_EXPIRE, V2_FREEZE, "V2 refreshInstance RENEWAL rehearsed before the purchase"]
    {
        let outcome = answered(title, &code("000002")).outcome;
        assert!(matches!(outcome, Outcome::Failed(_)), "{title}");
    }
}

#[test]
fn an_order_keeps_its_instance_id_and_a_rehearsal_may_change_it() {
    let other = r#"{"resultCode":"000000","resultMsg":"ok","instanceId":"other"}"#;
    let wanted = "the same instanceId for the same order (access guide 2.0, newInstance); \
                  check that the server stores the instance of each order";
    for (title, outcome) in [
        ("V2 newInstance rehearsed before the purchase", Outcome::Right),
        ("V2 newInstance rehearsed while active", Outcome::Right),
        ("V2 newInstance retried", failed("instanceId is not the same as before", wanted)),
        ("V2 newInstance after release", failed("instanceId is not the same as before", wanted)),
    ] {
        let verdict = answered(title, other);
        assert_eq!((verdict.outcome, verdict.remarks), (outcome, vec![]), "{title}");
    }
}

#[test]
fn an_answer_that_the_guides_do_not_define_is_a_remark() {
    for (title, body, remark) in [
        ("V1 expireInstance of an unknown instance", code("000000"), Remark::Unknown("000000".to_owned())),
        ("V2 releaseInstance of an unknown instance", code("000005"), Remark::Unknown("000005".to_owned())),
        (
            "V1 expireInstance after release",
            code("000003"),
            Remark::Unsaid(Mismatch::Code { expected: "000000", found: "000003".to_owned() }),
        ),
        ("V2 queryInstance", code("000004"), Remark::Processing),
        (
            "V2 queryInstance",
            r#"{"resultCode":"000000","resultMsg":"ok","info":[{"instanceId":"mine"}]}"#.to_owned(),
            Remark::NoAccess,
        ),
        (
            "V2 queryInstance with an unknown instance",
            r#"{"resultCode":"000000","resultMsg":"ok","info":[{"instanceId":"x"},{"instanceId":"mine"}]}"#.to_owned(),
            Remark::Listed,
        ),
    ] {
        let verdict = answered(title, &body);
        assert_eq!((verdict.outcome, verdict.remarks), (Outcome::Right, vec![remark]), "{title}");
    }
    // The guides define the answers to these calls.
    for (title, body) in [
        ("V2 queryInstance", code("000003")),
        ("V2 queryInstance rehearsed before the purchase", code("000004")),
        ("V2 releaseInstance again, without an order", code("000003")),
        ("V1 newInstance for resource details", code("000004")),
        ("V2 queryInstance", r#"{"resultCode":"000000","resultMsg":"ok","info":[]}"#.to_owned()),
        (
            "V2 queryInstance rehearsed before the purchase",
            r#"{"resultCode":"000000","resultMsg":"ok","info":[]}"#.to_owned(),
        ),
    ] {
        assert!(matches!(answered(title, &body).outcome, Outcome::Failed(_)), "{title}");
    }
}

/// One password is plain text, and one is ciphertext.
#[test]
fn credentials_that_cannot_be_decrypted_are_a_remark() {
    let title = "V1 newInstance for resource details";
    let body = |password: &str| {
        format!(
            r#"{{"resultCode":"000000","resultMsg":"ok","instanceId":"mine","appInfo":{{"frontEndUrl":"https://a","password":"{password}"}}}}"#
        )
    };
    let ciphertext =
        crate::v1::encrypt(KEY, crate::v1::Strength::Aes256, crate::v1::Iv::numbered(1), "secret");
    let plain = answered(title, &body("secret"));
    assert_eq!(plain.remarks, [Remark::Undecryptable("password")]);
    assert_eq!(plain.outcome, Outcome::Right);
    assert_eq!(answered(title, &body(&ciphertext)).remarks, []);
}

#[test]
fn a_remark_about_the_form_is_in_the_verdict() {
    let body = r#"{"resultCode":"000000","resultMsg":"成功"}"#;
    let verdict = answered(V1_EXPIRE, body);
    assert_eq!(verdict.outcome, Outcome::Right);
    assert_eq!(verdict.remarks, [Remark::Form(answer::Remark::NotAscii)]);
}
