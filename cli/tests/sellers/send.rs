//! What `koohook send` prints: data on the standard output, judgement on the standard error.

use crate::{KEY, Seller, koohook};

/// Runs `koohook send`: the answer's body, what the marketplace makes of it, and the exit code.
fn send(arguments: &[&str]) -> (String, String, Option<i32>) {
    let mut all = vec!["send"];
    all.extend(arguments);
    let done = koohook(&all);
    // How long a call took is not the same twice.
    let timed = |line: &str| match line.strip_prefix("HTTP ") {
        Some(rest) => format!("HTTP {}", rest.split(' ').next().unwrap_or_default()),
        None => line.to_owned(),
    };
    let said: Vec<String> = String::from_utf8(done.stderr).unwrap().lines().map(timed).collect();
    (String::from_utf8(done.stdout).unwrap(), said.join("\n"), done.status.code())
}

/// `userName` and `password` of the PHP are the sample's own ciphertexts.
#[test]
fn credentials_are_shown_decrypted_and_as_they_travel() {
    let php = Seller::start("php", &[]);
    let call = ["--address", &php.address, "--key", KEY, "--v1", "newInstance", "orderId=CS1"];
    let (body, said, code) = send(&call);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["appInfo"]["userName"], "admin");
    assert_eq!(body["appInfo"]["password"], "user@example.com");
    assert_eq!(
        said,
        "HTTP 200\nBody-Sign: right (remark: Body-Sign has other blanks than in the guide: \
         sign_type=\"…\", signature= \"…\")"
    );
    assert_eq!(code, Some(0));
    let (raw, _, code) = send(&[&call[..], &["--raw"]].concat());
    assert!(raw.contains(r#""userName":"3g9Pt41hu71q9IgHH4vHssmylrsJBuLoJfcstg==""#), "{raw}");
    assert!(raw.contains(r"https:\/\/app.example.com\/\u767b\u5f55"), "{raw}");
    assert_eq!(code, Some(0));
}

/// Each error is what is wrong, then what to do.
fn assert_error(arguments: &[&str], error: &str) {
    let (body, said, code) = send(arguments);
    assert_eq!((body.as_str(), said, code), ("", format!("koohook: {error}"), Some(1)));
}

const AT: [&str; 2] = ["--address", "http://127.0.0.1:9/saasproduce"];
const NEW: [&str; 2] = ["newInstance", "orderId=CS1"];

#[test]
fn what_send_is_not_given_is_named() {
    let keyed = [&AT[..], &["--v2", "--key", KEY]].concat();
    for (arguments, error) in [
        (
            [&AT[..], &["--key", KEY], &NEW].concat(),
            "access guide is missing: write --v1 or --v2 before the activity",
        ),
        (
            [&AT[..], &["--v2"], &NEW].concat(),
            "access key is missing: set KOOHOOK_BASE_KEY or KOOHOOK_BASE_KEY_FILE, or give --key",
        ),
        (
            [&keyed[..], &["tenantSync"]].concat(),
            "access key is missing: set KOOHOOK_KIT_KEY or KOOHOOK_KIT_KEY_FILE, or give --kit-key",
        ),
        (
            [&keyed[..], &["newInstance", "orderId"]].concat(),
            "orderId is not a member: write name=text, or name:=json",
        ),
        (
            [&AT[..], &["--v1", "--key", KEY, "upgrade", "a:=[1]"]].concat(),
            "a is JSON, and V1 sends text alone: write a=TEXT",
        ),
    ] {
        assert_error(&arguments, error);
    }
}

#[test]
fn an_address_that_cannot_be_called_is_named() {
    for (address, error) in [
        (
            "seller.example/produce",
            "address seller.example/produce has no scheme: write https:// or http:// before it",
        ),
        (
            "http://a/b?c=d",
            "address http://a/b?c=d has a query: leave it out, the signature comes in its place",
        ),
        (
            "http://a/b#c",
            "address http://a/b#c has a fragment: leave # and what follows out; write a # of the \
             path as %23",
        ),
        (
            // A name of no host (RFC 6761).
            "http://seller.invalid/a",
            "host of seller.invalid is unknown: correct the address, or its name in the DNS",
        ),
        (
            "http://127.0.0.1:9/saasproduce",
            "127.0.0.1:9 refused the connection: start the server, or correct the address",
        ),
    ] {
        assert_error(&[&["--address", address, "--v2", "--key", KEY], &NEW[..]].concat(), error);
    }
}

/// http to a port of TLS, https to one without, a certificate of no public authority.
#[test]
fn the_wrong_scheme_and_an_untrusted_certificate_are_named() {
    let tls = Seller::start("tls", &[]);
    let plain = Seller::start("php", &[]);
    let other = |seller: &Seller| seller.address.replace("http://127.0.0.1", "https://localhost");
    for (address, error) in [
        (tls.address.clone(), "speaks TLS, and the address says http: write https:// before it"),
        (
            other(&plain),
            "does not speak TLS: write http:// before the address, or give the port of its TLS \
             proxy",
        ),
        (other(&tls), "has a certificate that is not trusted ("),
    ] {
        let (_, said, code) = send(&["--address", &address, "--key", KEY, "--v2", "newInstance"]);
        assert!(said.contains(error), "{said}");
        assert_eq!(code, Some(1));
        let done = koohook(&["conform", &address, "--key", KEY]);
        assert!(String::from_utf8(done.stderr).unwrap().contains(error));
        assert!(done.stdout.is_empty());
    }
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let faulty = Seller::start("faulty", &[]);
    let (body, said, code) =
        send(&["--address", &faulty.address, "--kit-key", KEY, "--v2", "tenantSync", "flag=1"]);
    assert_eq!(body, "not found\n");
    assert_eq!(
        said,
        "HTTP 404\nBody-Sign: Body-Sign is missing\nFAILED: HTTP status is 404 Not Found: correct \
         the path of the address (koohook's own is /saasproduce), or set the key of this route \
         there: koohook answers 404 without it"
            .replace("Body-Sign: Body-Sign is missing\n", "")
    );
    assert_eq!(code, Some(1));
}

/// The sample binds the body to a map of texts, and signs `"1"` for `1`.
#[test]
fn a_number_under_v2_is_warned_of() {
    let sample = Seller::start("sample", &[]);
    let (body, said, code) = send(&[
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
        said,
        "koohook: testFlag is not a text: a server built on the marketplace's sample reads texts \
         alone and answers 000001; write testFlag=1\nHTTP 200\nremark: Content-Type is not \
         exactly application/json, as the guide writes it\n000001: the server rejects the signature: \
         compare the access key"
    );
    assert_eq!(code, Some(1));
}
