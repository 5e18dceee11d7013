//! What the listener of metrics answers.

use std::sync::Arc;

use domain::secret::Secret;
use http::Request;
use shell::endpoint::Endpoint;
use shell::endpoint::metrics::MetricsEndpoint;
use tests::call::{SETTINGS, run};

use super::with_metrics;

const SECRET: &str = "made-up-metrics-secret";

/// The status of an answer, its body, and the methods that it allows.
fn ask(secret: Option<&str>, method: &str, path: &str, given: Option<&str>) -> (u16, String) {
    let koohook = with_metrics(&SETTINGS);
    let secret = secret.map(|text| Secret::new(text.to_owned()));
    let endpoint = MetricsEndpoint::new(Arc::clone(koohook.endpoint.context()), secret);
    let mut request = Request::builder().method(method).uri(path);
    if let Some(given) = given {
        request = request.header("authorization", given);
    }
    let (head, body) = request.body(bytes::Bytes::from_static(b"ignored")).unwrap().into_parts();
    let admitted = endpoint.admit(&head).expect_err("no body is read");
    let answered = run(endpoint.answer(Request::from_parts(head, body)));
    assert_eq!(admitted.status(), answered.status());
    let body = String::from_utf8(answered.body().to_vec()).unwrap();
    (answered.status().as_u16(), body)
}

#[test]
fn only_get_and_head_of_one_path_are_answered() {
    let (status, body) = ask(None, "GET", "/metrics", None);
    assert_eq!(status, 200);
    assert!(body.contains("# TYPE koohook_build_info gauge\n"), "{body}");
    assert_eq!(ask(None, "HEAD", "/metrics", None).0, 200);
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
        assert_eq!(ask(None, method, "/metrics", None).0, 405, "{method}");
    }
    let (status, body) = ask(None, "GET", "/", None);
    assert_eq!(status, 404);
    for path in ["/metrics/", "//metrics", "/METRICS", "/healthz", "/saasproduce"] {
        assert_eq!(ask(None, "GET", path, None), (404, body.clone()), "{path}");
    }
}

#[test]
fn a_secret_must_be_sent_exactly() {
    let asked = |given: &str| ask(Some(SECRET), "GET", "/metrics", Some(given)).0;
    assert_eq!(ask(Some(SECRET), "GET", "/metrics", None).0, 401);
    for wrong in [
        "Bearer",
        "Bearer ",
        "Bearer made-up-metrics-secre",
        "Bearer made-up-metrics-secrett",
        "Bearer  made-up-metrics-secret",
        "Basic made-up-metrics-secret",
        SECRET,
    ] {
        assert_eq!(asked(wrong), 401, "{wrong}");
    }
    assert_eq!(asked(&format!("Bearer {SECRET}")), 200);
    assert_eq!(asked(&format!("bearer {SECRET}")), 200);
    assert_eq!(ask(Some(SECRET), "GET", "/other", None).0, 404, "a path reveals nothing");
}
