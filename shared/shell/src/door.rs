//! From an HTTP request to an HTTP response, on plain `http` types, so that any host can carry
//! it. Every way into a callback leaves through one exit, and that exit signs.

use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use marketplace::key::{AccessKey, Keyring};
use marketplace::message::{Activity, Fields, Reply};
use marketplace::page::{Bundle, Settings};
use marketplace::query;
use marketplace::signature::{
    Contract, Headers, Interface, TimestampUnit, Unverified, Verified, body_sign,
};

use crate::failure::Failure;
use crate::handle::{Call, Trouble};
use crate::line::{End, Line};
use crate::shelf::Shelf;
use crate::vault::Vault;
use crate::world::{Deadline, World};

/// What a door is told of the seller's configuration.
#[derive(Debug)]
pub struct DoorSettings {
    /// The production address's path; calls to any other path are not for us.
    pub base_path: String,
    /// The keys of the base interfaces; without them there are none.
    pub base_keys: Option<Keyring>,
    /// V2's unit of time.
    pub timestamp_unit: TimestampUnit,
    /// Whether answers under V2 are signed, too.
    pub v2_body_sign: bool,
    /// How long a V1 newInstance may take; every other callback has [`BUDGET`].
    pub v1_new_instance: Duration,
    /// What the pages are told.
    pub pages: Settings,
}

/// A bundle of functions at one address.
pub struct Door<B, W> {
    settings: DoorSettings,
    bundle: B,
    vault: Vault,
    world: W,
}

/// What becomes of a request, judged by its head alone.
pub enum Admission {
    /// It is answered already.
    Answered(Response<Bytes>),
    /// It is a callback; its body may be this long.
    Callback {
        /// By which contract.
        contract: Contract,
        /// In bytes.
        max_body_len: usize,
    },
}

/// From receipt to answer (decision G2). The marketplace waits five seconds.
pub const BUDGET: Duration = Duration::from_secs(4);
/// The longest body of a base call.
pub const MAX_BODY_LEN: usize = 256 * 1024;
/// The longest query string.
pub const MAX_QUERY_LEN: usize = 16 * 1024;
/// The most parameters in a query.
pub const MAX_PARAMETERS: usize = 64;
/// The longest header, name and value.
pub const MAX_HEADER_LEN: usize = 16 * 1024;

/// `http` keeps names in lower case; a host that writes HTTP/1 capitalises them again, since the
/// marketplace is said to look for exactly `Body-Sign`.
const BODY_SIGN: HeaderName = HeaderName::from_static("body-sign");

impl<B: Bundle, W: World> Door<B, W> {
    /// A door to a bundle in a world.
    pub fn new(settings: DoorSettings, vault: Vault, world: W) -> Self {
        Self {
            bundle: B::new(&settings.pages),
            settings,
            vault,
            world,
        }
    }

    /// The world behind the door.
    pub const fn world(&self) -> &W {
        &self.world
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let received = self.world.elapsed();
        let (head, body) = request.into_parts();
        match self.admit(&head) {
            Admission::Answered(response) => response,
            Admission::Callback { max_body_len, .. } if body.len() > max_body_len => {
                closed(StatusCode::PAYLOAD_TOO_LARGE)
            }
            Admission::Callback { contract, .. } => {
                let query = head.uri.query().unwrap_or_default();
                let body = if contract == Contract::V1 {
                    &[]
                } else {
                    body.as_ref()
                };
                self.callback(
                    Unverified {
                        interface: Interface::Base,
                        contract,
                        query,
                        headers: Headers::default(),
                        body,
                    },
                    received,
                )
                .await
            }
        }
    }

    /// Judges a request by its head: routes and limits (decisions A1, A3, A4, G1).
    pub fn admit(&self, head: &Parts) -> Admission {
        match self.route(head) {
            Err(response) => Admission::Answered(response),
            Ok(contract) => match over_limits(head) {
                Some(status) => Admission::Answered(closed(status)),
                None => Admission::Callback {
                    contract,
                    max_body_len: MAX_BODY_LEN,
                },
            },
        }
    }

    #[expect(clippy::result_large_err, reason = "an answer is what this error is")]
    fn route(&self, head: &Parts) -> Result<Contract, Response<Bytes>> {
        let path = head.uri.path();
        if matches!(path, "/" | "/healthz") {
            return Err(match head.method {
                Method::GET | Method::HEAD => constant(StatusCode::OK, r#"{"status":"ok"}"#),
                _ => not_allowed("GET, HEAD"),
            });
        }
        let base = path.strip_suffix('/').unwrap_or(path) == self.settings.base_path;
        match (&head.method, base && self.settings.base_keys.is_some()) {
            (_, false) => Err(closed(StatusCode::NOT_FOUND)),
            (&Method::GET, true) => Ok(Contract::V1),
            (&Method::POST, true) => Ok(Contract::V2),
            (_, true) => Err(not_allowed("GET, POST")),
        }
    }

    /// The one exit. It starts with the route's current key and learns the one that matched; a
    /// panic below it is an answer like any other.
    async fn callback(&self, call: Unverified<'_>, received: Duration) -> Response<Bytes> {
        let Some(keys) = &self.settings.base_keys else {
            return closed(StatusCode::NOT_FOUND);
        };
        let contract = call.contract;
        let matched = OnceLock::new();
        let steps = self.steps(call, keys, received, &matched);
        let (reply, end, line) = match AssertUnwindSafe(steps).catch_unwind().await {
            Ok(done) => done,
            Err(_) => {
                let trouble = Trouble::Failed(Failure::Panicked);
                (
                    Reply::of(trouble.into()),
                    End::Troubled(trouble),
                    Line::default(),
                )
            }
        };
        let took = self.world.elapsed().saturating_sub(received);
        line.write(contract, reply.code, end, took);
        let key = matched.get().unwrap_or(&keys.current);
        let body = reply.write(contract, key, self.settings.pages.strength);
        self.signed(contract, key, body)
    }

    async fn steps(
        &self,
        call: Unverified<'_>,
        keys: &Keyring,
        received: Duration,
        matched: &OnceLock<AccessKey>,
    ) -> (Reply, End, Line) {
        let unit = self.settings.timestamp_unit;
        let verified = match call.verify(keys, unit, self.world.now()) {
            Ok(verified) => verified,
            Err(rejection) => {
                return (
                    Reply::of(rejection.into()),
                    End::Rejected(rejection),
                    Line::default(),
                );
            }
        };
        // The cell is empty: this is the only place that fills it.
        let _ = matched.set(verified.key().clone());
        let activity = Fields::of(&verified).activity();
        let call = Call {
            shelf: Shelf {
                world: &self.world,
                vault: &self.vault,
                reader: self.settings.pages.reader(),
                deadline: Deadline::after(received, self.budget(&verified, activity)),
            },
            verified: &verified,
            line: Line::verified(activity, verified.form()),
        };
        let handled = self.bundle.pick(activity, call).await;
        match handled.reply {
            Ok(reply) => (reply, End::Replied, handled.line),
            Err(trouble) => (
                Reply::of(trouble.into()),
                End::Troubled(trouble),
                handled.line,
            ),
        }
    }

    fn budget(&self, verified: &Verified, activity: Option<Activity>) -> Duration {
        match (verified.contract(), activity) {
            (Contract::V1, Some(Activity::NewInstance)) => self.settings.v1_new_instance,
            (Contract::V1 | Contract::V2, _) => BUDGET,
        }
    }

    fn signed(&self, contract: Contract, key: &AccessKey, body: Vec<u8>) -> Response<Bytes> {
        let signing = contract == Contract::V1 || self.settings.v2_body_sign;
        let signature = signing.then(|| HeaderValue::try_from(body_sign(key, &body)));
        let mut response = json(StatusCode::OK, Bytes::from(body));
        if let Some(Ok(signature)) = signature {
            response.headers_mut().insert(BODY_SIGN, signature);
        }
        response
    }
}

/// The answer of a status that the marketplace never causes: a constant, unsigned.
pub fn closed(status: StatusCode) -> Response<Bytes> {
    let body = match status {
        StatusCode::NOT_FOUND => r#"{"error":"not found"}"#,
        StatusCode::METHOD_NOT_ALLOWED => r#"{"error":"method not allowed"}"#,
        StatusCode::PAYLOAD_TOO_LARGE => r#"{"error":"body too large"}"#,
        StatusCode::URI_TOO_LONG => r#"{"error":"query too long"}"#,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => r#"{"error":"content encoding not supported"}"#,
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => r#"{"error":"header too large"}"#,
        StatusCode::REQUEST_TIMEOUT => r#"{"error":"request too slow"}"#,
        _ => r#"{"error":"bad request"}"#,
    };
    constant(status, body)
}

fn over_limits(head: &Parts) -> Option<StatusCode> {
    let query = head.uri.query().unwrap_or_default();
    let identity = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if head
        .headers
        .iter()
        .any(|(name, value)| name.as_str().len() + value.len() > MAX_HEADER_LEN)
    {
        Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    } else if query.len() > MAX_QUERY_LEN || query::pieces(query).count() > MAX_PARAMETERS {
        Some(StatusCode::URI_TOO_LONG)
    } else if !head.headers.get_all(CONTENT_ENCODING).iter().all(identity) {
        Some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    } else {
        None
    }
}

fn not_allowed(methods: &'static str) -> Response<Bytes> {
    let mut response = closed(StatusCode::METHOD_NOT_ALLOWED);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(methods));
    response
}

fn constant(status: StatusCode, body: &'static str) -> Response<Bytes> {
    json(status, Bytes::from_static(body.as_bytes()))
}

/// Bare `application/json`: the marketplace compares the header as text.
fn json(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
