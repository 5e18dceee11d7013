//! `koohook check`: each fault of the settings, the store, the product and the order query, with what
//! to do.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use serde_json::Value;

use super::notices::shop::Shop;
use super::{Finished, Folder};

const PRODUCT_SECRET: &str = "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMQ==";
const APP_INFO: &str = r#"{"frontEndUrl":"https://app.example.com"}"#;

/// A server that reads one request, answers it, and returns the request.
fn answering(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let request = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut request, mut buffer) = (String::new(), [0; 4096]);
        while !request.contains("\r\n\r\n") || request.contains("POST") && !request.ends_with('}') {
            match stream.read(&mut buffer) {
                Ok(len) if len > 0 => {
                    request.push_str(&String::from_utf8_lossy(&buffer[..len]));
                    if !request.is_ascii() {
                        break;
                    }
                }
                _ => break,
            }
        }
        stream.write_all(answer.as_bytes()).unwrap();
        request
    });
    (address, request)
}

/// Runs `koohook check` with usable settings and more.
fn check(settings: &[(&str, &str)], arguments: &[&str]) -> Finished {
    check_in(&Folder::with_instances(), settings, arguments)
}

fn check_in(folder: &Folder, settings: &[(&str, &str)], arguments: &[&str]) -> Finished {
    let mut command = folder.command(&[&["check"][..], arguments].concat());
    command
        .env("KOOHOOK_BASE_KEY", "constructed-base-key-0001")
        .env("KOOHOOK_APP_INFO", APP_INFO)
        .env("KOOHOOK_STORE", "sqlite:koohook.db");
    Finished::of(command.envs(settings.iter().copied()).output().unwrap())
}

fn check_product(url: &str) -> Finished {
    check(&[("KOOHOOK_PRODUCT_URL", url), ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET)], &[])
}

/// The line of one check, without its alignment.
fn line(finished: &Finished, name: &str) -> String {
    let lines = finished.out.lines().map(|line| {
        let words: Vec<_> = line.split("  ").filter(|word| !word.is_empty()).collect();
        words.into_iter().map(str::trim).collect::<Vec<_>>().join("|")
    });
    let mut lines = lines.filter(|line| line.starts_with(&format!("{name}|")));
    lines.next().unwrap_or_else(|| panic!("no line {name}:\n{}", finished.out))
}

#[test]
fn a_sound_installation_passes_every_check() {
    let (address, request) = answering("HTTP/1.1 204 No Content\r\n\r\n");
    let finished = check_product(&format!("http://{address}/hooks"));
    finished.check(0, "koohook can serve with these settings", "");
    assert_eq!(line(&finished, "settings"), "settings|ok|base V1, base V2 at /saasproduce");
    for operation in ["open", "read", "write", "agenda"] {
        let name = format!("store {operation}");
        assert_eq!(line(&finished, &name), format!("{name}|ok|ok"));
    }
    assert_eq!(line(&finished, "store complete"), "store complete|ok|the catalogue is complete");
    assert_eq!(line(&finished, "product"), "product|ok|the product accepts test.ping");
    assert_eq!(line(&finished, "notices"), "notices|ok|none waits after a failed attempt");
    let last = finished.out.lines().last().unwrap();
    assert!(last.starts_with("not checked: TLS proxy and Body-Sign"), "{last}");
    let request = request.join().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hooks HTTP/1.1\r\n"), "{head}");
    assert!(
        head.contains("webhook-id: ping_") && head.contains("webhook-signature: v1,"),
        "{head}"
    );
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["type"], "test.ping");
    assert_eq!(body["data"], serde_json::json!({}));
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
}

#[test]
fn a_check_says_to_complete_the_catalogue_of_an_older_version() {
    let folder = Folder::with_instances();
    let file = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    file.execute("DELETE FROM kept WHERE key = 'catalogue'", []).unwrap();
    let finished = check_in(&folder, &[], &[]);
    finished.check(0, "run koohook store reindex", "");
    assert!(line(&finished, "store complete").starts_with("store complete|WARN|"));
    file.execute("DELETE FROM kept", []).unwrap();
    let finished = check_in(&folder, &[], &[]);
    assert!(line(&finished, "store complete").starts_with("store complete|ok|"), "an empty store");
}

#[test]
fn metrics_that_nothing_on_a_machine_reads_are_refused() {
    let problem = "KOOHOOK_METRICS cannot be emf outside AWS Lambda";
    check(&[("KOOHOOK_METRICS", "emf")], &[]).check(1, problem, "");
}

#[test]
fn all_wrong_settings_are_reported_together() {
    let wrong =
        [("KOOHOOK_BASE_KEY", "short"), ("KOOHOOK_BASE_PATH", "/"), ("KOOHOOK_BASE_PAHT", "/x")];
    let finished = check(&wrong, &[]);
    finished.check(1, "failed  KOOHOOK_BASE_PATH must not be /", "");
    assert!(finished.out.contains("failed  KOOHOOK_BASE_KEY"), "{}", finished.out);
    let unknown =
        "WARN    unknown setting KOOHOOK_BASE_PAHT is ignored; you may mean KOOHOOK_BASE_PATH";
    assert!(finished.out.contains(unknown), "{}", finished.out);
    assert!(!finished.out.contains("short\n"), "{}", finished.out);
}

#[test]
fn each_fault_of_the_product_has_its_advice() {
    for (answer, expected) in [
        (
            "HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n",
            "401 to test.ping; compare KOOHOOK_PRODUCT_SECRET",
        ),
        (
            "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
            "500 to test.ping; check the product's log",
        ),
        ("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", "404 to test.ping; check the path"),
        (
            "HTTP/1.1 410 No\r\ncontent-length: 0\r\n\r\n",
            "410 to test.ping; correct the product: it must",
        ),
        ("SSH-2.0-x\r\n\r\n", "answer is not http; check the port"),
        ("", "cut off; check the product's log"),
    ] {
        let (address, _request) = answering(answer);
        let finished = check_product(&format!("http://{address}/hooks"));
        finished.check(1, "failed: 1", "");
        let line = line(&finished, "product");
        assert!(line.starts_with("product|failed|") && line.contains(expected), "{line}");
    }
    let (address, _request) = answering("HTTP/1.1 204 No Content\r\n\r\n");
    let finished = check_product(&format!("https://{address}/hooks"));
    let text = line(&finished, "product");
    assert!(text.contains("tls failed; check the port"), "{text}");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let finished = check_product(&format!("http://{free}/hooks"));
    let text = line(&finished, "product");
    assert!(text.contains("connection refused; check that the product runs"), "{text}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let finished = check_product(&format!("http://{}/hooks", silent.local_addr().unwrap()));
    let text = line(&finished, "product");
    assert!(text.contains("timed out; make the product answer 202"), "{text}");
}

#[test]
fn the_clock_of_a_product_is_compared() {
    let answer = "HTTP/1.1 204 No Content\r\ndate: Tue, 15 Nov 1994 08:12:31 GMT\r\n\r\n";
    let (address, _request) = answering(answer);
    let finished = check_product(&format!("http://{address}/hooks"));
    finished.check(1, "failed: 1", "");
    let line = line(&finished, "clock product");
    assert!(line.contains("failed|") && line.contains("synchronise both clocks"), "{line}");
}

#[test]
fn a_rejected_key_of_the_order_query_is_reported() {
    let answer = "HTTP/1.1 401 No\r\ncontent-type: application/json\r\ncontent-length: 27\r\n\r\n\
                  {\"error_code\":\"APIGW.0301\"}";
    let (address, request) = answering(answer);
    let host = format!("http://{address}");
    let keys = [
        ("KOOHOOK_OPENAPI_AK", "constructed-access-key"),
        ("KOOHOOK_OPENAPI_SK", "constructed-secret-key"),
        ("KOOHOOK_OPENAPI_HOST", &host),
    ];
    let finished = check(&keys, &[]);
    finished.check(1, "failed: 1", "");
    let line = line(&finished, "order query");
    assert!(line.contains("correct KOOHOOK_OPENAPI_AK and KOOHOOK_OPENAPI_SK"), "{line}");
    assert!(request.join().unwrap().contains("orderId=MOCKPERIODYEARNEW"));
}

#[test]
fn the_findings_are_json_for_programs() {
    let finished = check(&[], &["-o", "json"]);
    finished.check(0, "", "");
    let findings: Vec<Value> = serde_json::from_str(&finished.out).unwrap();
    let is_well = |finding: &Value| ["ok", "off"].map(Value::from).contains(&finding["level"]);
    assert!(findings.iter().all(is_well), "{findings:?}");
    let off = |name| findings.iter().any(|it| it["name"] == name && it["level"] == "off");
    assert!(off("order query") && off("product"), "{findings:?}");
    assert_eq!(findings[0]["name"], "settings");
}

#[test]
fn a_store_that_does_not_exist_is_not_created() {
    let folder = Folder::new();
    let mut command = folder.command(&["check"]);
    command
        .env("KOOHOOK_BASE_KEY", "constructed-base-key-0001")
        .env("KOOHOOK_APP_INFO", APP_INFO)
        .env("KOOHOOK_STORE", "sqlite:koohook.db");
    let finished = Finished::of(command.output().unwrap());
    finished.check(0, "the file does not exist; koohook serve creates it", "");
    assert!(!folder.0.path().join("koohook.db").exists());
}

/// A product that compares no signature accepts everything from everybody.
#[test]
fn a_product_that_accepts_a_wrong_signature_gets_a_warning() {
    let shop = Shop::after("sqlite:koohook.db", &[]);
    shop.product.answer(204);
    let finished = shop.check();
    finished.check(0, "koohook can serve with these settings", "");
    let line = line(&finished, "product");
    assert_eq!(
        line,
        "product|WARN|the product accepts a message with a wrong signature; verify first \
         (docs/product.md)"
    );
}

#[test]
fn notices_that_fail_are_counted() {
    let purchase: &[&str] = &["newInstance", "orderId=CS1", "orderLineId=CS1-1"];
    let shop = Shop::after("sqlite:koohook.db", &[purchase]);
    let line = line(&shop.check(), "notices");
    assert!(line.starts_with("notices|WARN|1 waits after failed attempts, the oldest"), "{line}");
    assert!(line.ends_with("; see koohook notices list"), "{line}");
}
