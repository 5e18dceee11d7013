//! Answers one request. It checks that the request is framed in only one way and that its body may
//! be read.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::{Body, Incoming};

use super::connection_state::ArrivingRequest;
use super::{Host, MAX_HEADERS};
use crate::endpoint::Endpoint;
use crate::host::arrival::{self, Arrival, Rest, arrive};
use crate::route::closed;

/// Answers a request. `raw_head` is its request line and headers as received.
pub(super) async fn answer<F: Endpoint>(
    host: &Host<F>,
    request: Request<Incoming>,
    raw_head: Vec<u8>,
    arriving: Arc<ArrivingRequest>,
) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    if !is_framed_once(&head, &raw_head) {
        return last(closed(StatusCode::BAD_REQUEST));
    }
    // Free the memory: the call may take long.
    drop(raw_head);
    // With `Expect: 100-continue`, reading would make the caller send its body.
    let may_read = !head.headers.contains_key(EXPECT);
    match arrive(&*host.endpoint, &host.bodies, head, body).await {
        Arrival::Whole(request) => {
            arriving.0.body_read();
            host.endpoint.answer(request).await
        }
        Arrival::Rejected(response, Rest::Unread(body)) => {
            unread(body, may_read, response, arriving)
        }
        Arrival::Rejected(response, Rest::Begun(body)) => {
            tokio::spawn(discard(body, arriving));
            last(response)
        }
        Arrival::Rejected(response, Rest::Late) => last(response),
    }
}

/// Whether a request can be read in only one way. A proxy and koohook must see the same requests on
/// one connection (RFC 9112, 6.1 and 3.2).
fn is_framed_once(head: &Parts, raw_head: &[u8]) -> bool {
    let hosts = head.headers.get_all(HOST).iter().count();
    let has_host = hosts == 1 || (hosts == 0 && head.version < Version::HTTP_11);
    let chunked = head.headers.contains_key(TRANSFER_ENCODING);
    has_host && !(chunked && has_length(head, raw_head))
}

/// Whether the request has a `Content-Length`. The library removes that header from a chunked
/// request, so the raw bytes are parsed again. If the raw bytes are not this request's, the answer
/// is `true`.
fn has_length(head: &Parts, raw_head: &[u8]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut raw = httparse::Request::new(&mut headers);
    match raw.parse(raw_head) {
        Ok(httparse::Status::Complete(_)) if raw.method == Some(head.method.as_str()) => raw
            .headers
            .iter()
            .any(|header| header.name.eq_ignore_ascii_case(CONTENT_LENGTH.as_str())),
        _ => true,
    }
}

/// Answers a request whose body is not read.
fn unread(
    body: Incoming,
    may_read: bool,
    response: Response<Bytes>,
    arriving: Arc<ArrivingRequest>,
) -> Response<Bytes> {
    if body.is_end_stream() {
        return response;
    }
    let short = body.size_hint().upper().is_some_and(|len| len <= SHORT_LEN);
    if may_read {
        tokio::spawn(discard(body, arriving));
    }
    if short { response } else { last(response) }
}

/// Discards a body. The connection starts no other request before the body's end, or before its
/// time is over.
async fn discard(body: Incoming, _arriving: Arc<ArrivingRequest>) {
    arrival::discard(body).await;
}

/// Marks an answer as the last one of its connection, because the body was not read to its end.
fn last(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The host discards a body that it does not use. Up to this length the connection stays open.
/// Above it the connection closes, after the caller had time to read the answer.
const SHORT_LEN: u64 = 64 * 1024;
