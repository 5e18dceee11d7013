//! What `koohook conform` counts as failed breaks the guide, and nothing else does.

use crate::{KEY, Seller, assert_lines, koohook};

/// V1 is not served, and its rehearsals make up a new ID each time.
#[test]
fn the_marketplaces_own_sample_fails_nothing() {
    let sample = Seller::start("sample", &[]);
    let (lines, code) = sample.conform(&[]);
    assert_lines(
        &lines,
        r"
        koohook conform: rehearsals at «address»
        V1: not served: HTTP 405
        V2  refreshInstance RENEWAL_CHANGE rehearsed before the purchase  once and again  000002  not served: 000002
        V2  changeInstanceCheck rehearsed before the purchase  once and again  000002  not served: 000002
        V2  changeInstanceCheck rehearsed after the end  once and again  000002  not served: 000002
        V2  refreshInstance RENEWAL_CHANGE rehearsed after the end  once and again  000002  not served: 000002
        Remarks (these work, and are worth knowing):
        V2  Content-Type is not exactly application/json, as the guide writes it [releaseInstance rehearsed before the purchase, and 20 more]
        V2  body has characters outside ASCII; the guide requires \uXXXX [queryInstance rehearsed before the purchase, and 1 more]
        54 calls, 0 failures, 2 remarks, 3 not served.
        Next: koohook conform --lives plays whole lives, against an installation on trial.
        ",
    );
    assert_eq!(code, Some(0));
}

/// It looks for an order and writes it without a lock.
#[test]
fn the_marketplaces_own_sample_fails_a_race_alone() {
    let sample = Seller::start("sample", &[]);
    let (lines, code) = sample.conform(&["--lives", "--only", "v2"]);
    assert_lines(
        &lines,
        r"
        koohook conform: whole lives at «address»
        V2  refreshInstance RENEWAL_CHANGE rehearsed before the purchase  once and again  000002  not served: 000002
        V2  changeInstanceCheck rehearsed before the purchase  once and again  000002  not served: 000002
        V2  changeInstanceCheck of an unknown instance  once and again  000002  not served: 000002
        V2  newInstance  8 at once and again  000000  FAILED: 8 answers at once name 8 instances; expected: one instance for one order (access guide 2.0, newInstance)
        V2  changeInstanceCheck  once and again  000002  not served: 000002
        V2  changeInstanceCheck with a text  once and again  000002  not served: 000002
        V2  refreshInstance RENEWAL_CHANGE  once and again  000002  not served: 000002
        V2  changeInstanceCheck rehearsed after the end  once and again  000002  not served: 000002
        V2  refreshInstance RENEWAL_CHANGE rehearsed after the end  once and again  000002  not served: 000002
        Remarks (these work, and are worth knowing):
        V2  Content-Type is not exactly application/json, as the guide writes it [releaseInstance rehearsed before the purchase, and 43 more]
        V2  an unknown or released instance is answered 000000; the guide has the code 000003 [refreshInstance of an unknown instance, and 8 more]
        V2  body has characters outside ASCII; the guide requires \uXXXX [queryInstance rehearsed before the purchase, and 5 more]
        V2  queryInstance lists instances that the query does not name [queryInstance with an unknown instance]
        127 calls, 1 failure, 4 remarks, 2 not served.
        Next: mend what FAILED, then run this again; koohook send repeats one call.
        ",
    );
    assert_eq!(code, Some(1));
}

/// Both guides, slashes escaped, and no blank in `Body-Sign`.
#[test]
fn a_sellers_php_fails_nothing() {
    let php = Seller::start("php", &[]);
    let (lines, code) = php.conform(&[]);
    assert_lines(
        &lines,
        r#"
        koohook conform: rehearsals at «address»
        V1  upgrade rehearsed before the purchase  once and again  000002  not served: 000002
        V1  upgrade rehearsed after the end  once and again  000002  not served: 000002
        V2  upgradeInstance rehearsed before the purchase  once and again  000002  not served: 000002
        V2  changeInstanceCheck rehearsed before the purchase  once and again  000002  not served: 000002
        V2  changeInstanceCheck rehearsed after the end  once and again  000002  not served: 000002
        V2  upgradeInstance rehearsed after the end  once and again  000002  not served: 000002
        Remarks (these work, and are worth knowing):
        V1  Body-Sign has other blanks than in the guide: sign_type="…", signature= "…" [releaseInstance rehearsed before the purchase, and 19 more]
        V2  Body-Sign has other blanks than in the guide: sign_type="…", signature= "…" [releaseInstance rehearsed before the purchase, and 20 more]
        98 calls, 0 failures, 2 remarks, 3 not served.
        Next: koohook conform --lives plays whole lives, against an installation on trial.
        "#,
    );
    assert_eq!(code, Some(0));
    let (lines, code) = php.conform(&["--lives"]);
    assert_eq!(lines.iter().filter(|line| line.contains("FAILED")).count(), 0, "{lines:?}");
    assert_eq!(
        lines[lines.len() - 2..],
        [
            "254 calls, 0 failures, 4 remarks, 3 not served.",
            "Next: debug and save each case on the marketplace's debugging page."
        ]
    );
    assert_eq!(code, Some(0));
}

/// It answers V2's calls as it answers any without its token, and as a server of V2 with another
/// key does: only the operator knows which it is.
#[test]
fn a_seller_of_v1_alone_says_so() {
    let v1 = Seller::start("php", &["v1"]);
    let (lines, code) = v1.conform(&[]);
    assert_lines(
        &lines,
        r#"
        koohook conform: rehearsals at «address»
        V1  upgrade rehearsed before the purchase  once and again  000002  not served: 000002
        V1  upgrade rehearsed after the end  once and again  000002  not served: 000002
        V2: FAILED: every call fails: 000001: compare the access key with the server's, and see its log; if your product does not use V2, run with --only v1
        Remarks (these work, and are worth knowing):
        V1  Body-Sign has other blanks than in the guide: sign_type="…", signature= "…" [releaseInstance rehearsed before the purchase, and 19 more]
        48 calls, 1 failure, 1 remark, 1 not served.
        Next: compare the access key with the server's; 000001 says that the signature is wrong. koohook send repeats one call.
        "#,
    );
    assert_eq!(code, Some(1));
    assert_eq!(v1.conform(&["--only", "v1"]).1, Some(0));
    let (lines, code) = v1.conform(&["--only", "v2"]);
    assert_eq!(code, Some(1));
    assert!(
        lines.contains(&"46 calls, 23 failures, 0 remarks, 0 not served.".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn a_key_that_both_contracts_reject_is_a_failure() {
    let php = Seller::start("php", &[]);
    let (lines, code) = php.conform_with("another-key", &[]);
    assert_lines(
        &lines,
        "
        koohook conform: rehearsals at «address»
        V1: FAILED: every call fails: 000001: compare the access key with the server's, and see its log; if your product does not use V1, run with --only v2
        V2: FAILED: every call fails: 000001: compare the access key with the server's, and see its log; if your product does not use V2, run with --only v1
        4 calls, 2 failures, 0 remarks, 0 not served.
        Next: compare the access key with the server's; 000001 says that the signature is wrong. koohook send repeats one call.
        ",
    );
    assert_eq!(code, Some(1));
}

/// A joint product alone needs the kit. If its key is given, it is played, or it fails.
#[test]
fn a_kit_that_is_asked_for_is_served() {
    let kit = ["--kit-key", "constructed-kit-key-0001", "--sealed-secret", "c2VhbGVk"];
    let only = [&kit[..], &["--only", "v2"]].concat();
    for (seller, failed) in [
        (Seller::start("sample", &[]), "V2 kit: FAILED: every call fails: 000002: compare "),
        (Seller::start("php", &[]), "V2 kit: FAILED: every call fails: 000001: compare "),
        (Seller::start("faulty", &[]), "V2 kit: FAILED: every call is answered HTTP 404; wanted: "),
    ] {
        let (lines, code) = seller.conform(&kit);
        assert!(lines.iter().any(|line| line.starts_with(failed)), "{lines:?}");
        assert_eq!(code, Some(1));
    }
    for seller in [Seller::start("sample", &[]), Seller::start("faulty", &[])] {
        let (lines, code) = seller.conform(&only);
        let failed =
            "V2 kit: FAILED: no call is answered 000000: compare the access key and the path";
        assert!(lines.iter().any(|line| line == failed), "{lines:?}");
        assert_eq!(code, Some(1));
    }
}

/// Only 404, 405 and 501 say that a contract is not served; and of two, one must be.
#[test]
fn a_server_that_fails_alike_serves_no_contract() {
    for (how, failed) in [
        ("404", "every call is answered HTTP 404; wanted: one of the two access guides served"),
        ("500", "every call fails: HTTP 500: the server failed: see its log"),
        ("503", "every call fails: HTTP 503: the proxy does not reach the server behind it"),
        ("redirect", "HTTP 301: it redirects to https://seller.example/produce; the marketplace"),
        ("html", "every call fails: Content-Type is text/html: correct the path"),
        ("json", "every call fails: resultCode is missing: correct the path"),
        ("000002", "every call fails: 000002: compare "),
        ("000005", "every call fails: 000005: see the server's log"),
        ("000009", "every call fails: 000009: see the server's log"),
        ("quiet", "sent no whole answer"),
    ] {
        let seller = Seller::start("alike", &[how]);
        let (lines, code) = seller.conform(&[]);
        let is_failed = |line: &&String| line.contains(": FAILED: ") && line.contains(failed);
        assert_eq!(lines.iter().filter(is_failed).count(), 2, "{how}: {lines:?}");
        assert!(!lines.concat().contains("secret"), "{how}: {lines:?}");
        assert_eq!(code, Some(1), "{how}");
    }
}

#[test]
fn a_server_that_stops_answering_is_given_up() {
    let seller = Seller::start("alike", &["stops"]);
    let (lines, code) = seller.conform(&[]);
    let given_up = |line: &&String| line.contains("3 calls in a row had no answer");
    assert_eq!(lines.iter().filter(given_up).count(), 2, "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("10 calls, ")), "{lines:?}");
    assert_eq!(code, Some(1));
}

/// The marketplace makes no call without parameters, so a server may drop one.
#[test]
fn a_server_that_drops_what_it_does_not_serve_is_played() {
    let seller = Seller::start("php", &["drops"]);
    assert_eq!(seller.conform(&["--only", "v2"]).1, Some(0));
    let (lines, code) = seller.conform(&[]);
    let failed = |line: &&String| line.contains(": FAILED: ");
    assert_eq!(lines.iter().filter(failed).count(), 1, "{lines:?}");
    assert_eq!(code, Some(1));
}

/// A server may promise to keep a connection, and close it all the same.
#[test]
fn each_call_has_a_connection_of_its_own() {
    let seller = Seller::start("php", &["once"]);
    assert_eq!(seller.conform(&[]).1, Some(0));
}

#[test]
fn an_address_without_a_path_is_named() {
    let next =
        "Next: write the path behind the host of the address; koohook's own is /saasproduce.";
    for how in ["404", "405", "500", "redirect", "html", "json"] {
        let mut seller = Seller::start("alike", &[how]);
        seller.address = seller.address.replace("/isv/produce", "");
        for arguments in [&[][..], &["--only", "v2"]] {
            let (lines, _) = seller.conform(arguments);
            assert_eq!(lines.last().unwrap(), next, "{how}: {lines:?}");
        }
    }
}

#[test]
fn each_mistake_is_named_with_what_the_guide_wants() {
    let (lines, code) = Seller::start("faulty", &[]).conform(&[]);
    let before = |line: &&String| line.contains("rehearsed before") || !line.contains("rehearsed");
    assert_lines(
        &lines.iter().filter(before).cloned().collect::<Vec<_>>(),
        r#"
        koohook conform: rehearsals at «address»
        V1  releaseInstance rehearsed before the purchase  once and again  000000  FAILED: Body-Sign is not the signature of the body; expected: base64 of HMAC-SHA256 over the exact bytes of the body, with only the access key as key (access guide 1.0, Signing the response body); check the access key, and that the body does not change after it is signed
        V1  instanceStatus NORMAL rehearsed before the purchase  once and again  000000  FAILED: Body-Sign is missing; expected: Body-Sign: sign_type="HMAC-SHA256", signature= "…" (access guide 1.0, Signing the response body); check that the server signs every answer, also errors
        V1  instanceStatus FREEZE rehearsed before the purchase  once and again  000000  FAILED: Body-Sign is missing; expected: Body-Sign: sign_type="HMAC-SHA256", signature= "…" (access guide 1.0, Signing the response body); check that the server signs every answer, also errors
        V1  upgrade rehearsed before the purchase  once and again  -  FAILED: body begins with a byte order mark; expected: one JSON object in UTF-8 (access guide 1.0, Interface debugging); check which program wrote the body
        V1  expireInstance rehearsed before the purchase  once and again  000000  FAILED: header name is body-sign; expected: Body-Sign, in these capitals (access guide 1.0, FAQ); check that no proxy or HTTP/2 connection changes header names
        V1  refreshInstance trial rehearsed before the purchase  once and again  -  FAILED: resultCode is a number; expected: resultCode as a string (access guide 1.0, refreshInstance); check that the value is in quotes
        V1  refreshInstance rehearsed before the purchase  once and again  -  FAILED: resultCode is a number; expected: resultCode as a string (access guide 1.0, refreshInstance); check that the value is in quotes
        V1  queryInstance rehearsed before the purchase  once and again  000000  FAILED: info lists the instances [], not ["123456789", "987654321"]; expected: an entry of info for each instance of the query (access guide 1.0, queryInstance); check how the server splits instanceId at commas
        V2  releaseInstance rehearsed before the purchase  once and again  -  FAILED: HTTP status is 500 Internal Server Error; expected: HTTP status 200 for every outcome (access guide 2.0, FAQ); check the server's log
        V2  updateInstanceStatus UNFREEZE rehearsed before the purchase  once and again  000001  FAILED: resultCode is 000001, not 000000; expected: resultCode 000000 (access guide 2.0, Result codes); check the server's log
        V2  updateInstanceStatus FREEZE rehearsed before the purchase  once and again  000001  FAILED: resultCode is 000001, not 000000; expected: resultCode 000000 (access guide 2.0, Result codes); check the server's log
        V2  upgradeInstance rehearsed before the purchase  once and again  000000  FAILED: Content-Type is text/plain; expected: one header Content-Type: application/json (access guide 2.0, FAQ); check which headers the framework adds
        V2  refreshInstance RENEWAL_CHANGE rehearsed before the purchase  once and again  -  FAILED: Content-Type is text/html; charset=utf-8; expected: one header Content-Type: application/json (access guide 2.0, FAQ); check which headers the framework adds
        V2  changeInstanceCheck rehearsed before the purchase  once and again  0  FAILED: resultCode is not 6 digits; expected: resultCode with 6 digits (access guide 2.0, Result codes); check that the leading zeros are kept
        V2  refreshInstance UNSUBSCRIBE_RENEWAL_PERIOD rehearsed before the purchase  once and again  -  FAILED: Content-Type is text/html; charset=utf-8; expected: one header Content-Type: application/json (access guide 2.0, FAQ); check which headers the framework adds
        V2  refreshInstance TRIAL_TO_FORMAL rehearsed before the purchase  once and again  -  FAILED: Content-Type is text/html; charset=utf-8; expected: one header Content-Type: application/json (access guide 2.0, FAQ); check which headers the framework adds
        V2  refreshInstance RENEWAL rehearsed before the purchase  once and again  -  FAILED: Content-Type is text/html; charset=utf-8; expected: one header Content-Type: application/json (access guide 2.0, FAQ); check which headers the framework adds
        V2  queryInstance rehearsed before the purchase  once and again  000000  FAILED: instanceId is missing; expected: instanceId (access guide 2.0, queryInstance); check the spelling of the member's name
        98 calls, 41 failures, 0 remarks, 0 not served.
        Next: mend what FAILED, then run this again; koohook send repeats one call.
        "#,
    );
    assert_eq!(code, Some(1));
}

/// The unit that the international guide writes; this server reads milliseconds.
#[test]
fn a_timestamp_in_the_other_unit_is_sent_as_asked() {
    let sample = Seller::start("sample", &[]);
    let (lines, code) = sample.conform(&["--timestamp-unit", "seconds"]);
    let failed = "V2: FAILED: every call fails: 000002: compare --timestamp-unit ";
    assert!(lines.iter().any(|line| line.starts_with(failed)), "{lines:?}");
    assert_eq!(code, Some(1));
}

/// Nothing but the report: progress and hints go elsewhere.
#[test]
fn the_standard_output_has_the_report_alone() {
    let sample = Seller::start("sample", &[]);
    let done = koohook(&["conform", &sample.address, "--key", KEY, "--kit-key", "x"]);
    let report = String::from_utf8(done.stdout).unwrap();
    assert!(report.starts_with("koohook conform: rehearsals at "), "{report}");
    assert!(!report.contains("KOOHOOK_SEALED_SECRET"));
    let hints = String::from_utf8(done.stderr).unwrap();
    assert!(hints.contains("koohook: the kit is not played: set KOOHOOK_SEALED_SECRET"), "{hints}");
    assert!(hints.contains("koohook: if your product uses V1, run with --only v1"), "{hints}");
}
