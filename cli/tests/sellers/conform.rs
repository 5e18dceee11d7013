//! Checks that `koohook conform` fails exactly the calls that break a guide.

use crate::{KEY, Seller, assert_lines, koohook};

/// The sample does not serve V1. It generates a new ID for each rehearsal.
#[test]
fn the_marketplaces_sample_passes_the_rehearsals() {
    let sample = Seller::start("sample", &[]);
    let (lines, code) = sample.conform(&[]);
    assert_lines(
        &lines,
        r"
        koohook conform: rehearsals at «address»
        V1: not served: HTTP 405
        V2  refreshInstance RENEWAL_CHANGE rehearsed before the purchase  once + repeat  000002  not served: 000002
        V2  changeInstanceCheck rehearsed before the purchase  once + repeat  000002  not served: 000002
        V2  changeInstanceCheck rehearsed after the end  once + repeat  000002  not served: 000002
        V2  refreshInstance RENEWAL_CHANGE rehearsed after the end  once + repeat  000002  not served: 000002
        Remarks (these calls work; check each point once):
        V2  Content-Type is not exactly application/json, as the guide writes it [releaseInstance rehearsed before the purchase, and 20 more]
        V2  body has characters outside ASCII; the guide requires \uXXXX [queryInstance rehearsed before the purchase, and 1 more]
        54 calls, 0 failures, 2 remarks, 3 not served.
        Next: run koohook conform --scenarios against a test installation.
        ",
    );
    assert_eq!(code, Some(0));
}

/// The sample reads and writes an order without a lock.
#[test]
fn the_marketplaces_sample_fails_only_the_race() {
    let sample = Seller::start("sample", &[]);
    let (lines, code) = sample.conform(&["--scenarios", "--only", "v2"]);
    assert_lines(
        &lines,
        r"
        koohook conform: scenarios at «address»
        V2  refreshInstance RENEWAL_CHANGE rehearsed before the purchase  once + repeat  000002  not served: 000002
        V2  changeInstanceCheck rehearsed before the purchase  once + repeat  000002  not served: 000002
        V2  changeInstanceCheck of an unknown instance  once + repeat  000002  not served: 000002
        V2  newInstance  8 parallel + repeat  000000  FAILED: 8 concurrent answers contain 8 instance IDs; expected: one instance ID for one order (access guide 2.0, newInstance); check that concurrent calls of one order wait for each other
        V2  changeInstanceCheck  once + repeat  000002  not served: 000002
        V2  changeInstanceCheck with a text  once + repeat  000002  not served: 000002
        V2  refreshInstance RENEWAL_CHANGE  once + repeat  000002  not served: 000002
        V2  changeInstanceCheck rehearsed after the end  once + repeat  000002  not served: 000002
        V2  refreshInstance RENEWAL_CHANGE rehearsed after the end  once + repeat  000002  not served: 000002
        Remarks (these calls work; check each point once):
        V2  Content-Type is not exactly application/json, as the guide writes it [releaseInstance rehearsed before the purchase, and 43 more]
        V2  an unknown or released instance is answered 000000; the guide has the code 000003 [refreshInstance of an unknown instance, and 8 more]
        V2  body has characters outside ASCII; the guide requires \uXXXX [queryInstance rehearsed before the purchase, and 5 more]
        V2  queryInstance lists instances that the query does not name [queryInstance with an unknown instance]
        127 calls, 1 failure, 4 remarks, 2 not served.
        Next: correct each line that FAILED, then run this again. koohook send repeats one call.
        ",
    );
    assert_eq!(code, Some(1));
}

/// The server serves both guides, escapes slashes, and writes no blank in `Body-Sign`.
#[test]
fn a_sellers_php_server_passes_everything() {
    let php = Seller::start("php", &[]);
    let (lines, code) = php.conform(&[]);
    assert_lines(
        &lines,
        r#"
        koohook conform: rehearsals at «address»
        V1  upgrade rehearsed before the purchase  once + repeat  000002  not served: 000002
        V1  upgrade rehearsed after the end  once + repeat  000002  not served: 000002
        V2  upgradeInstance rehearsed before the purchase  once + repeat  000002  not served: 000002
        V2  changeInstanceCheck rehearsed before the purchase  once + repeat  000002  not served: 000002
        V2  changeInstanceCheck rehearsed after the end  once + repeat  000002  not served: 000002
        V2  upgradeInstance rehearsed after the end  once + repeat  000002  not served: 000002
        Remarks (these calls work; check each point once):
        V1  Body-Sign has other blanks than in the guide: sign_type="…", signature= "…" [releaseInstance rehearsed before the purchase, and 19 more]
        V2  Body-Sign has other blanks than in the guide: sign_type="…", signature= "…" [releaseInstance rehearsed before the purchase, and 20 more]
        98 calls, 0 failures, 2 remarks, 3 not served.
        Next: run koohook conform --scenarios against a test installation.
        "#,
    );
    assert_eq!(code, Some(0));
    let (lines, code) = php.conform(&["--scenarios"]);
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

/// The server answers V2's calls with `000001`. A V2 server with another key does the same. So only
/// the operator can decide which case it is.
#[test]
fn a_v1_server_passes_with_only_v1() {
    let v1 = Seller::start("php", &["v1"]);
    let (lines, code) = v1.conform(&[]);
    assert_lines(
        &lines,
        r#"
        koohook conform: rehearsals at «address»
        V1  upgrade rehearsed before the purchase  once + repeat  000002  not served: 000002
        V1  upgrade rehearsed after the end  once + repeat  000002  not served: 000002
        V2: FAILED: every call fails: 000001; compare the access key with the server's key, and read the server's log; if your product does not use V2, run with --only v1
        Remarks (these calls work; check each point once):
        V1  Body-Sign has other blanks than in the guide: sign_type="…", signature= "…" [releaseInstance rehearsed before the purchase, and 19 more]
        48 calls, 1 failure, 1 remark, 1 not served.
        Next: compare the access key with the server's key; if they are equal, read the server's log. koohook send repeats one call.
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
        V1: FAILED: every call fails: 000001; compare the access key with the server's key, and read the server's log; if your product does not use V1, run with --only v2
        V2: FAILED: every call fails: 000001; compare the access key with the server's key, and read the server's log; if your product does not use V2, run with --only v1
        4 calls, 2 failures, 0 remarks, 0 not served.
        Next: compare the access key with the server's key; if they are equal, read the server's log. koohook send repeats one call.
        ",
    );
    assert_eq!(code, Some(1));
}

/// Only 404, 405 and 501 mean that a contract is not served. The server must serve one of the two.
#[test]
fn a_server_whose_calls_all_fail_alike_serves_no_contract() {
    for (how, failed) in [
        (
            "404",
            "every call is answered HTTP 404; the server must serve access guide 1.0 or 2.0; correct the path",
        ),
        ("500", "every call fails: HTTP 500; the server failed; read its log"),
        ("503", "every call fails: HTTP 503; the proxy cannot reach the server behind it"),
        (
            "redirect",
            "HTTP 301; the marketplace follows no redirect; give the address https://seller.example/produce",
        ),
        ("html", "every call fails: Content-Type is text/html; correct the path"),
        ("json", "every call fails: resultCode is missing; correct the path"),
        ("000002", "every call fails: 000002; compare "),
        ("000005", "every call fails: 000005; read the server's log"),
        ("000009", "every call fails: 000009; read the server's log"),
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
fn a_server_that_stops_answering_gets_no_more_calls() {
    let seller = Seller::start("alike", &["stops"]);
    let (lines, code) = seller.conform(&[]);
    let is_stopped = |line: &&String| line.contains("3 calls in a row had no answer");
    assert_eq!(lines.iter().filter(is_stopped).count(), 2, "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("10 calls, ")), "{lines:?}");
    assert_eq!(code, Some(1));
}

/// The marketplace sends no call without parameters, so a server may drop such a call.
#[test]
fn a_server_may_drop_calls_that_it_does_not_serve() {
    let seller = Seller::start("php", &["drops"]);
    assert_eq!(seller.conform(&["--only", "v2"]).1, Some(0));
    let (lines, code) = seller.conform(&[]);
    let failed = |line: &&String| line.contains(": FAILED: ");
    assert_eq!(lines.iter().filter(failed).count(), 1, "{lines:?}");
    assert_eq!(code, Some(1));
}

/// A server may announce a kept connection and close it anyway.
#[test]
fn each_call_opens_a_new_connection() {
    let seller = Seller::start("php", &["once"]);
    assert_eq!(seller.conform(&[]).1, Some(0));
}

#[test]
fn the_advice_for_an_address_without_a_path_names_the_path() {
    let next = "Next: add the path to the address; koohook's own path is /saasproduce.";
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
fn each_failed_line_names_the_fault_and_the_rule_of_the_guide() {
    let (lines, code) = Seller::start("faulty", &[]).conform(&[]);
    let before = |line: &&String| line.contains("rehearsed before") || !line.contains("rehearsed");
    assert_lines(
        &lines.iter().filter(before).cloned().collect::<Vec<_>>(),
        r#"
        koohook conform: rehearsals at «address»
        V1  releaseInstance rehearsed before the purchase  once + repeat  000000  FAILED: Body-Sign is not the signature of the body; expected: base64 of HMAC-SHA256 over the exact bytes of the body, with only the access key as key (access guide 1.0, Signing the response body); check the access key, and that the body does not change after it is signed
        V1  instanceStatus NORMAL rehearsed before the purchase  once + repeat  000000  FAILED: Body-Sign is missing; expected: Body-Sign: sign_type="HMAC-SHA256", signature= "…" (access guide 1.0, Signing the response body); check that the server signs every answer, also errors
        V1  instanceStatus FREEZE rehearsed before the purchase  once + repeat  000000  FAILED: Body-Sign is missing; expected: Body-Sign: sign_type="HMAC-SHA256", signature= "…" (access guide 1.0, Signing the response body); check that the server signs every answer, also errors
        V1  upgrade rehearsed before the purchase  once + repeat  -  FAILED: body begins with a byte order mark; expected: one JSON object in UTF-8 (access guide 1.0, Interface debugging); check which program wrote the body
        V1  expireInstance rehearsed before the purchase  once + repeat  000000  FAILED: header name is body-sign; expected: Body-Sign, in these capitals (access guide 1.0, FAQ); check that no proxy or HTTP/2 connection changes header names
        V1  refreshInstance trial rehearsed before the purchase  once + repeat  -  FAILED: resultCode is a number; expected: resultCode as a string (access guide 1.0, refreshInstance); check that the value is in quotes
        V1  refreshInstance rehearsed before the purchase  once + repeat  -  FAILED: resultCode is a number; expected: resultCode as a string (access guide 1.0, refreshInstance); check that the value is in quotes
        V1  queryInstance rehearsed before the purchase  once + repeat  000000  FAILED: info lists the instances [], not ["123456789", "987654321"]; expected: an entry of info for each instance of the query (access guide 1.0, queryInstance); check how the server splits instanceId at commas
        V2  releaseInstance rehearsed before the purchase  once + repeat  -  FAILED: HTTP status is 500 Internal Server Error; expected: HTTP status 200 for every outcome (access guide 2.0, FAQ); check the server's log
        V2  updateInstanceStatus UNFREEZE rehearsed before the purchase  once + repeat  000001  FAILED: resultCode is 000001, not 000000; expected: resultCode 000000 (access guide 2.0, Result codes); check the server's log
        V2  updateInstanceStatus FREEZE rehearsed before the purchase  once + repeat  000001  FAILED: resultCode is 000001, not 000000; expected: resultCode 000000 (access guide 2.0, Result codes); check the server's log
        V2  upgradeInstance rehearsed before the purchase  once + repeat  000000  FAILED: Content-Type is text/plain; expected: one header Content-Type: application/json (access guide 2.0, FAQ); check which headers the framework adds
        V2  refreshInstance RENEWAL_CHANGE rehearsed before the purchase  once + repeat  -  FAILED: Content-Type is text/html; charset=utf-8; expected: one header Content-Type: application/json (access guide 2.0, FAQ); check which headers the framework adds
        V2  changeInstanceCheck rehearsed before the purchase  once + repeat  0  FAILED: resultCode is not 6 digits; expected: resultCode with 6 digits (access guide 2.0, Result codes); check that the leading zeros are kept
        V2  refreshInstance UNSUBSCRIBE_RENEWAL_PERIOD rehearsed before the purchase  once + repeat  -  FAILED: Content-Type is text/html; charset=utf-8; expected: one header Content-Type: application/json (access guide 2.0, FAQ); check which headers the framework adds
        V2  refreshInstance TRIAL_TO_FORMAL rehearsed before the purchase  once + repeat  -  FAILED: Content-Type is text/html; charset=utf-8; expected: one header Content-Type: application/json (access guide 2.0, FAQ); check which headers the framework adds
        V2  refreshInstance RENEWAL rehearsed before the purchase  once + repeat  -  FAILED: Content-Type is text/html; charset=utf-8; expected: one header Content-Type: application/json (access guide 2.0, FAQ); check which headers the framework adds
        V2  queryInstance rehearsed before the purchase  once + repeat  000000  FAILED: instanceId is missing; expected: instanceId (access guide 2.0, queryInstance); check the spelling of the member's name
        98 calls, 41 failures, 0 remarks, 0 not served.
        Next: correct each line that FAILED, then run this again. koohook send repeats one call.
        "#,
    );
    assert_eq!(code, Some(1));
}

/// The international guide uses seconds. This server reads milliseconds.
#[test]
fn conform_sends_the_timestamp_in_the_given_unit() {
    let sample = Seller::start("sample", &[]);
    let (lines, code) = sample.conform(&["--timestamp-unit", "seconds"]);
    let failed = "V2: FAILED: every call fails: 000002; compare --timestamp-unit ";
    assert!(lines.iter().any(|line| line.starts_with(failed)), "{lines:?}");
    assert_eq!(code, Some(1));
}

/// Progress and hints go to the standard error.
#[test]
fn the_standard_output_has_only_the_report() {
    let sample = Seller::start("sample", &[]);
    let done = koohook(&["conform", &sample.address, "--key", KEY, "--kit-key", "x"]);
    let report = String::from_utf8(done.stdout).unwrap();
    assert!(report.starts_with("koohook conform: rehearsals at "), "{report}");
    assert!(!report.contains("KOOHOOK_SEALED_SECRET"));
    let hints = String::from_utf8(done.stderr).unwrap();
    assert!(hints.contains("koohook: the kit is not played; set KOOHOOK_SEALED_SECRET"), "{hints}");
    assert!(hints.contains("koohook: if your product uses V1, run with --only v1"), "{hints}");
}
