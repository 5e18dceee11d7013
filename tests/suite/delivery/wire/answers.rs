//! The meaning of each answer of the product.

use tests::log::Log;
use tests::product::{Mood, ScriptedProduct};

use crate::delivery::*;

/// Each answer to a purchase: the code that koohook answers, and the fault in the product's answer
/// if there is one.
const ANSWERS: &[(u16, &str, &str, Option<&str>)] = &[
    (200, r#"{"appInfo":{"frontEndUrl":"https://a.example"}}"#, "000000", None),
    (201, r#"{"appInfo":{"frontEndUrl":"https://a.example"},"more":1}"#, "000000", None),
    (200, r#"{"refuse":"000100"}"#, "000100", None),
    (200, r#"{"refuse":"000107"}"#, "000107", None),
    (202, "not even json", "000004", None),
    (200, "{}", "000004", None),
    (204, "", "000004", None),
    (200, r#"{"appInfo":null,"refuse":null}"#, "000004", None),
    (200, "ok", "000004", Some("body is not a JSON object")),
    (200, "[]", "000004", Some("body is not a JSON object")),
    (200, r#"{"refuse":"000108"}"#, "000004", Some("refuse is not a code from 000100 to 000107")),
    (200, r#"{"refuse":"000000"}"#, "000004", Some("refuse is not a code from 000100 to 000107")),
    (
        200,
        r#"{"refuse":"000100","appInfo":{"frontEndUrl":"https://a.example"}}"#,
        "000004",
        Some("both appInfo and refuse are set; send only one"),
    ),
    (302, "", "000004", Some("status is not a success")),
    (400, "", "000004", Some("status is not a success")),
    (404, "", "000004", Some("status is not a success")),
    (429, "", "000004", Some("status is not a success")),
    (500, "", "000004", Some("status is not a success")),
];

#[test]
fn every_answer_to_a_purchase_has_its_meaning() {
    for (status, body, code, fault) in ANSWERS {
        let koohook = with_product();
        ScriptedProduct::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, *status, body));
        assert_eq!(buy(&koohook, "CS1").code, *code, "{status} {body}");
        let outbox = outbox(&koohook, &id("CS1"));
        assert_eq!(outbox.waiting.is_empty(), fault.is_none(), "{status} {body}");
        let attempts = outbox.delivery.map(|delivery| delivery.attempts).unwrap_or_default();
        let faults: Vec<_> = attempts.iter().map(|attempt| attempt.fault.as_str()).collect();
        assert_eq!(faults, fault.iter().copied().collect::<Vec<_>>(), "{status} {body}");
        assert!(attempts.iter().all(|attempt| attempt.status == Some(*status)));
    }
}

#[test]
fn the_template_is_used_if_the_product_sends_no_access_data() {
    let template = r#"{"frontEndUrl":"https://app.example.com/{instanceId}"}"#;
    for (status, body, code) in [(200, "{}", "000000"), (204, "", "000000"), (202, "", "000004")] {
        let koohook = with_product_and("KOOHOOK_APP_INFO", template);
        ScriptedProduct::of(koohook.world(), move |_| Mood::Answers(Duration::ZERO, status, body));
        assert_eq!(buy(&koohook, "CS1").code, code, "{status}");
    }
}

#[test]
fn an_answer_410_makes_a_dead_letter_immediately() {
    let koohook = with_product();
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(410, ""));
    assert_eq!(buy(&koohook, "CS1").code, "000004");
    let outbox = outbox(&koohook, &id("CS1"));
    assert_eq!((outbox.waiting.len(), outbox.dead.len(), outbox.blocked), (0, 1, true));
    set_status(&koohook, &id("CS1"), "FREEZE");
    assert_eq!(product.messages().len(), 1, "only the release of an unwanted purchase is sent");
    assert_eq!(release(&koohook, "CS1"), "000000");
    assert_eq!(product.messages().len(), 2);
}

/// koohook stores no text of an answer that may be a secret or a person's name.
#[test]
fn no_attempt_quotes_an_answer() {
    let answers = [
        r#"{"password":"canary","nested":{"canary":1},"error":"canary"}"#,
        "password is canary for canary",
        "<html><title>502 Bad Gateway</title><p>canary canary</p></html>",
        r#"{"appInfo":{"frontEndUrl":"https://a.example","password":"canary"},"refuse":"canary"}"#,
        r#"["canary"]"#,
        "canary",
    ];
    for (answer, status) in answers.into_iter().flat_map(|it| [(it, 200), (it, 500), (it, 410)]) {
        let koohook = with_product();
        ScriptedProduct::of(koohook.world(), move |_| Mood::Refuses(status, answer));
        assert_eq!(buy(&koohook, "CS1").code, "000004");
        let kept = run(koohook.kept(&id("CS1"))).unwrap().to_bytes().unwrap();
        let kept = String::from_utf8(kept).unwrap();
        assert!(!kept.contains("canary"), "{status} {answer}: {kept}");
    }
    let koohook = with_product();
    let page = "<html><head><title>502 Bad Gateway</title></head>nginx/1.27 canary</html>";
    ScriptedProduct::of(koohook.world(), move |_| Mood::Refuses(502, page));
    buy(&koohook, "CS1");
    let attempts = outbox(&koohook, &id("CS1")).delivery.unwrap().attempts;
    assert_eq!(attempts[0].said.as_deref(), Some("bad gateway nginx"));
}

/// The first fault of a new product is often its secret or its answer.
#[test]
fn the_log_says_why_an_answer_was_not_accepted() {
    for (status, answer, level, advice) in [
        (401, "canary", "INFO", "compare KOOHOOK_PRODUCT_SECRET"),
        (404, "canary", "INFO", "check the path in KOOHOOK_PRODUCT_URL"),
        (410, "canary", "ERROR", "koohook notices replay"),
        (200, r#"{"refuse":"canary"}"#, "WARN", "correct the body"),
        (500, "canary", "INFO", "check the product's log"),
    ] {
        let koohook = with_product();
        ScriptedProduct::of(koohook.world(), move |_| Mood::Refuses(status, answer));
        let log = Log::default();
        let guard = log.keep();
        buy(&koohook, "CS1");
        drop(guard);
        let text = log.text();
        let [line] = lines(&log, "notice offered").try_into().expect("one offer");
        assert_eq!((&line["status"], &line["level"]), (&status.into(), &level.into()), "{line}");
        assert!(line["advice"].as_str().unwrap().contains(advice), "{line}");
        assert!(!text.contains("canary"), "{text}");
    }
}
