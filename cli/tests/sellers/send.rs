//! Checks `koohook send`: the body goes to the standard output, the judgement to the standard error.

use crate::{KEY, Seller, koohook};

/// Runs `koohook send`. Returns the answer's body, the judgement and the exit code.
fn send(arguments: &[&str]) -> (String, String, Option<i32>) {
    let mut all = vec!["send"];
    all.extend(arguments);
    let done = koohook(&all);
    // The time of a call differs in each run.
    let timed = |line: &str| match line.strip_prefix("HTTP ") {
        Some(rest) => format!("HTTP {}", rest.split(' ').next().unwrap_or_default()),
        None => line.to_owned(),
    };
    let judgement: Vec<String> =
        String::from_utf8(done.stderr).unwrap().lines().map(timed).collect();
    (String::from_utf8(done.stdout).unwrap(), judgement.join("\n"), done.status.code())
}

/// The PHP server returns ciphertexts of the marketplace's sample as `userName` and `password`.
#[test]
fn send_shows_decrypted_credentials_unless_raw_is_given() {
    let php = Seller::start("php", &[]);
    let call = ["--address", &php.address, "--key", KEY, "--v1", "newInstance", "orderId=CS1"];
    let (body, judgement, code) = send(&call);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["appInfo"]["userName"], "admin");
    assert_eq!(body["appInfo"]["password"], "user@example.com");
    assert_eq!(
        judgement,
        "HTTP 200\nBody-Sign: right (remark: Body-Sign has other blanks than in the guide: \
         sign_type=\"…\", signature= \"…\")"
    );
    assert_eq!(code, Some(0));
    let (raw, _, code) = send(&[&call[..], &["--raw"]].concat());
    assert!(raw.contains(r#""userName":"3g9Pt41hu71q9IgHH4vHssmylrsJBuLoJfcstg==""#), "{raw}");
    assert!(raw.contains(r"https:\/\/app.example.com\/\u767b\u5f55"), "{raw}");
    assert_eq!(code, Some(0));
}

/// Each error says what is wrong, then what to do.
fn assert_error(arguments: &[&str], error: &str) {
    let (body, judgement, code) = send(arguments);
    assert_eq!((body.as_str(), judgement, code), ("", format!("koohook: {error}"), Some(1)));
}

const AT: [&str; 2] = ["--address", "http://127.0.0.1:9/saasproduce"];
const NEW: [&str; 2] = ["newInstance", "orderId=CS1"];

#[test]
fn the_error_of_a_missing_argument_names_it() {
    let keyed = [&AT[..], &["--v2", "--key", KEY]].concat();
    for (arguments, error) in [
        (
            [&AT[..], &["--key", KEY], &NEW].concat(),
            "access guide is missing; write --v1 or --v2 before the activity",
        ),
        (
            [&AT[..], &["--v2"], &NEW].concat(),
            "access key is missing; set KOOHOOK_BASE_KEY or KOOHOOK_BASE_KEY_FILE, or give --key",
        ),
        (
            [&keyed[..], &["tenantSync"]].concat(),
            "access key is missing; set KOOHOOK_KIT_KEY or KOOHOOK_KIT_KEY_FILE, or give --kit-key",
        ),
        (
            [&keyed[..], &["newInstance", "orderId"]].concat(),
            "orderId is not a member; write name=text or name:=json",
        ),
        (
            [&AT[..], &["--v1", "--key", KEY, "upgrade", "a:=[1]"]].concat(),
            "a is JSON, and V1 sends only texts; write a=TEXT",
        ),
    ] {
        assert_error(&arguments, error);
    }
}

#[test]
fn the_error_of_a_bad_address_says_what_to_do() {
    for (address, error) in [
        (
            "seller.example/produce",
            "address seller.example/produce has no scheme; write https:// or http:// before it",
        ),
        (
            "http://a/b?c=d",
            "address http://a/b?c=d has a query; delete the query, because koohook adds the signature \
             there",
        ),
        (
            "http://a/b#c",
            "address http://a/b#c has a fragment; delete # and the text after it, or write # as %23",
        ),
        (
            // RFC 6761: this name never has a host.
            "http://seller.invalid/a",
            "host name of seller.invalid is unknown; correct the address, or the DNS record",
        ),
        (
            "http://127.0.0.1:9/saasproduce",
            "127.0.0.1:9 refused the connection; start the server, or correct the address",
        ),
    ] {
        assert_error(&[&["--address", address, "--v2", "--key", KEY], &NEW[..]].concat(), error);
    }
}

/// The test sends http to a TLS port and https to a port without TLS. It also calls a server whose
/// certificate is not public.
#[test]
fn the_error_names_a_wrong_scheme_or_an_untrusted_certificate() {
    let tls = Seller::start("tls", &[]);
    let plain = Seller::start("php", &[]);
    let other = |seller: &Seller| seller.address.replace("http://127.0.0.1", "https://localhost");
    for (address, error) in [
        (tls.address.clone(), "uses TLS, and the address begins with http://; write https://"),
        (other(&plain), "does not use TLS; write http://, or give the port of its TLS proxy"),
        (other(&tls), "has a certificate that is not trusted ("),
    ] {
        let (_, judgement, code) =
            send(&["--address", &address, "--key", KEY, "--v2", "newInstance"]);
        assert!(judgement.contains(error), "{judgement}");
        assert_eq!(code, Some(1));
        let done = koohook(&["conform", &address, "--key", KEY]);
        assert!(String::from_utf8(done.stderr).unwrap().contains(error));
        assert!(done.stdout.is_empty());
    }
}

#[test]
fn the_advice_for_status_404_names_the_path() {
    let faulty = Seller::start("faulty", &[]);
    let (body, judgement, code) =
        send(&["--address", &faulty.address, "--kit-key", KEY, "--v2", "tenantSync", "flag=1"]);
    assert_eq!(body, "not found\n");
    assert_eq!(
        judgement,
        "HTTP 404\nFAILED: HTTP status is 404 Not Found; correct the path of the address \
         (koohook's own path is /saasproduce); koohook also answers 404 if the key of the route is \
         not set"
    );
    assert_eq!(code, Some(1));
}

/// The sample reads the body as a map of texts, and signs `"1"` instead of `1`.
#[test]
fn send_warns_of_a_number_under_v2() {
    let sample = Seller::start("sample", &[]);
    let (body, judgement, code) = send(&[
        "--address",
        &sample.address,
        "--key",
        KEY,
        "--v2",
        "releaseInstance",
        "instanceId=1",
        "testFlag:=1",
    ]);
    assert_eq!(body, "{\"resultCode\":\"000001\",\"resultMsg\":\"failed\"}\n");
    assert_eq!(
        judgement,
        "koohook: testFlag is not a text, and a server built on the marketplace's sample answers \
         000001; write testFlag=1\nHTTP 200\nremark: Content-Type is not \
         exactly application/json, as the guide writes it\n000001: the server could not verify the call; \
         compare the access key; if it is right, read the server's log"
    );
    assert_eq!(code, Some(1));
}
