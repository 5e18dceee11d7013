//! Finds the contract of a request, only by its request line and headers. Also the constant answers
//! to requests that the marketplace never sends (decisions A1, A3, A4, G1).

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use protocol::message::Activity;
use protocol::query_string;
use protocol::signature::{Contract, Headers, Interface};

use crate::readiness::{Readiness, ReadinessState};

/// The properties of a callback that its path and method determine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Route {
    /// The interface, whose keys sign the call.
    pub interface: Interface,
    /// The contract by which koohook reads the call.
    pub contract: Contract,
    /// A kit call's activity, from the path. A base call names its activity itself.
    pub activity: Option<Activity>,
}

/// Which interfaces have keys. Without keys a route does not exist.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServedInterfaces {
    /// The lifecycle calls.
    pub base: bool,
    /// The joint-operations calls.
    pub kit: bool,
}

impl Route {
    /// Finds the route of a request.
    ///
    /// # Errors
    /// The answer, if the request needs no further work: a constant error.
    #[expect(clippy::result_large_err, reason = "an answer is what this error is")]
    pub fn find(
        head: &Parts,
        base_path: &str,
        served: ServedInterfaces,
    ) -> Result<Self, Response<Bytes>> {
        let path = head.uri.path();
        let below = path.strip_suffix('/').unwrap_or(path).strip_prefix(base_path);
        let route = match below {
            Some("") if served.base => base(&head.method),
            Some(below) if served.kit => kit(below, &head.method),
            Some(_) | None => Err(closed(StatusCode::NOT_FOUND)),
        }?;
        over_limits(head).map_or(Ok(route), |status| Err(closed(status)))
    }

    /// The maximum length of the route's bodies, in bytes.
    pub const fn max_body_len(&self) -> usize {
        match self.interface {
            Interface::Base => 256 * 1024,
            Interface::Kit => 4 * 1024 * 1024,
        }
    }
}

/// The answer to a health check, if the request is one (decisions A4, I5). Every function gives it,
/// without a read or write in the store.
pub(crate) fn health_answer(head: &Parts, readiness: &Readiness) -> Option<Response<Bytes>> {
    let answer = match (head.uri.path(), readiness.state()) {
        ("/" | "/healthz", _) => alive(),
        ("/readyz", ReadinessState::Ready) => constant(StatusCode::OK, READY),
        ("/readyz", ReadinessState::NotReady) => {
            constant(StatusCode::SERVICE_UNAVAILABLE, NOT_READY)
        }
        _ => return None,
    };
    let get = matches!(head.method, Method::GET | Method::HEAD);
    Some(if get { answer } else { not_allowed("GET, HEAD") })
}

/// Every value of the headers that sign a kit call. A value that is not text counts as empty.
pub fn kit_headers(head: &Parts) -> Headers<'_> {
    let values = |name| {
        let values = head.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap_or_default()).collect()
    };
    Headers {
        auth_token: values("authtoken"),
        x_sign: values("x-sign"),
        x_timestamp: values("x-timestamp"),
        x_nonce: values("x-nonce"),
    }
}

/// Marks an answer without a log line in its extensions. The host logs it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unlogged;

/// The constant, unsigned answer of an HTTP status that the marketplace never causes. It is marked
/// as [`Unlogged`].
pub fn closed(status: StatusCode) -> Response<Bytes> {
    let body = match status {
        StatusCode::NOT_FOUND => r#"{"error":"not found"}"#,
        StatusCode::UNAUTHORIZED => r#"{"error":"not authorised"}"#,
        StatusCode::SERVICE_UNAVAILABLE => r#"{"error":"unavailable; try again later"}"#,
        StatusCode::METHOD_NOT_ALLOWED => r#"{"error":"method not allowed"}"#,
        StatusCode::PAYLOAD_TOO_LARGE => r#"{"error":"body too large"}"#,
        StatusCode::URI_TOO_LONG => r#"{"error":"query too long"}"#,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => r#"{"error":"content encoding not supported"}"#,
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => r#"{"error":"header too large"}"#,
        StatusCode::REQUEST_TIMEOUT => r#"{"error":"request too slow"}"#,
        _ => r#"{"error":"bad request"}"#,
    };
    let mut response = constant(status, body);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response.extensions_mut().insert(Unlogged);
    response
}

/// The same answer of a request that its endpoint logs itself.
pub(crate) fn closed_and_logged(status: StatusCode) -> Response<Bytes> {
    let mut response = closed(status);
    response.extensions_mut().remove::<Unlogged>();
    response
}

/// `application/json` without a parameter: the marketplace compares the whole header.
pub(crate) fn json(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[expect(clippy::result_large_err, reason = "an answer is what this error is")]
fn base(method: &Method) -> Result<Route, Response<Bytes>> {
    let route = |contract| Route { interface: Interface::Base, contract, activity: None };
    match *method {
        Method::GET => Ok(route(Contract::V1)),
        Method::POST => Ok(route(Contract::V2)),
        _ => Err(not_allowed("GET, POST")),
    }
}

#[expect(clippy::result_large_err, reason = "an answer is what this error is")]
fn kit(below: &str, method: &Method) -> Result<Route, Response<Bytes>> {
    let not_found = || closed(StatusCode::NOT_FOUND);
    let name = below.strip_prefix("/produceAPI/").ok_or_else(not_found)?;
    let (contract, name) = match name.strip_prefix("v2/") {
        Some(name) => (Contract::V2, name),
        None => (Contract::V1, name),
    };
    let activity = Activity::named(Interface::Kit, contract, name).ok_or_else(not_found)?;
    match *method {
        Method::POST => Ok(Route { interface: Interface::Kit, contract, activity: Some(activity) }),
        _ => Err(not_allowed("POST")),
    }
}

fn over_limits(head: &Parts) -> Option<StatusCode> {
    let query = head.uri.query().unwrap_or_default();
    if head.headers.iter().any(|(name, value)| name.as_str().len() + value.len() > MAX_HEADER_LEN) {
        Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    } else if query.len() > MAX_QUERY_LEN || query_string::pieces(query).count() > MAX_PARAMETERS {
        Some(StatusCode::URI_TOO_LONG)
    } else if head.headers.get_all(CONTENT_ENCODING).iter().any(is_coded) {
        Some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    } else {
        None
    }
}

/// Whether a `Content-Encoding` names a coding. Some callers write a character set there, like
/// `UTF-8`. Such a body is not encoded, and its signature covers its unchanged bytes.
fn is_coded(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    text.split(',')
        .any(|word| CODINGS.iter().any(|coding| word.trim().eq_ignore_ascii_case(coding)))
}

fn alive() -> Response<Bytes> {
    constant(StatusCode::OK, r#"{"status":"ok"}"#)
}

pub(crate) fn not_allowed(methods: &'static str) -> Response<Bytes> {
    let mut response = closed(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

fn constant(status: StatusCode, body: &'static str) -> Response<Bytes> {
    json(status, Bytes::from_static(body.as_bytes()))
}

/// The bodies of `/readyz`.
const READY: &str = r#"{"status":"ready"}"#;
const NOT_READY: &str = r#"{"status":"not ready"}"#;
/// The longest query string.
pub const MAX_QUERY_LEN: usize = 16 * 1024;
/// The most parameters in a query.
pub const MAX_PARAMETERS: usize = 64;
/// The longest header, name and value.
pub const MAX_HEADER_LEN: usize = 16 * 1024;
/// The registered codings (IANA, HTTP Content Coding Registry), `identity` excepted.
const CODINGS: [&str; 12] = [
    "aes128gcm",
    "br",
    "compress",
    "dcb",
    "dcz",
    "deflate",
    "exi",
    "gzip",
    "pack200-gzip",
    "x-compress",
    "x-gzip",
    "zstd",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: &str, target: &str, served: ServedInterfaces) -> Result<Route, u16> {
        let request = http::Request::builder().method(method).uri(target).body(()).unwrap();
        let (head, ()) = request.into_parts();
        Route::find(&head, "/saasproduce", served).map_err(|response| response.status().as_u16())
    }

    #[test]
    fn only_exact_paths_and_methods_have_a_route() {
        let both = ServedInterfaces { base: true, kit: true };
        let kit = |contract, activity| {
            Ok(Route { interface: Interface::Kit, contract, activity: Some(activity) })
        };
        let base = |contract| Ok(Route { interface: Interface::Base, contract, activity: None });
        let cases = [
            ("GET", "/saasproduce?x=1", base(Contract::V1)),
            ("POST", "/saasproduce/", base(Contract::V2)),
            ("PUT", "/saasproduce", Err(405)),
            ("POST", "/saasproduce/produceAPI/tenantSync", kit(Contract::V1, Activity::TenantSync)),
            ("POST", "/saasproduce/produceAPI/v2/authSync/", kit(Contract::V2, Activity::AuthSync)),
            ("GET", "/saasproduce/produceAPI/tenantSync", Err(405)),
            ("POST", "/saasproduce/produceAPI/newInstance", Err(404)),
            ("POST", "/saasproduce/produceapi/tenantSync", Err(404)),
            ("POST", "/saasproduce/produceAPI/v2/v2/tenantSync", Err(404)),
            ("POST", "/saasproduceX", Err(404)),
            ("POST", "//saasproduce", Err(404)),
        ];
        for (method, target, expected) in cases {
            assert_eq!(find(method, target, both), expected, "{method} {target}");
        }
    }

    #[test]
    fn a_route_without_keys_does_not_exist() {
        let none = ServedInterfaces { base: false, kit: false };
        assert_eq!(find("GET", "/saasproduce", none), Err(404));
        assert_eq!(find("POST", "/saasproduce/produceAPI/tenantSync", none), Err(404));
    }

    fn health(method: &str, target: &str, readiness: &Readiness) -> Option<u16> {
        let request = http::Request::builder().method(method).uri(target).body(()).unwrap();
        let (head, ()) = request.into_parts();
        health_answer(&head, readiness).map(|response| response.status().as_u16())
    }

    #[test]
    fn health_checks_are_answered_on_exact_paths_and_methods() {
        let readiness = Readiness::default();
        let ask = |method, target| health(method, target, &readiness);
        assert_eq!([ask("GET", "/"), ask("HEAD", "/healthz")], [Some(200); 2]);
        assert_eq!([ask("DELETE", "/"), ask("POST", "/healthz")], [Some(405); 2]);
        assert_eq!([ask("GET", "/healthz/"), ask("GET", "/saasproduce")], [None; 2]);
        assert_eq!(ask("GET", "/readyz"), None, "a process that does not probe has no such path");
        readiness.begin();
        assert_eq!([ask("GET", "/readyz"), ask("HEAD", "/readyz")], [Some(503); 2]);
        assert_eq!([ask("POST", "/readyz"), ask("GET", "/readyz/")], [Some(405), None]);
    }
}
