//! Answers one request. It checks that the request is framed in only one way and that its body may
//! be read.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, RETRY_AFTER, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use super::connection_state::ArrivingRequest;
use super::{Host, MAX_HEADERS};
use crate::endpoint::{Admitted, Endpoint};
use crate::route::closed;
use crate::unverified_bodies::UnverifiedBody;

/// Answers a request. `raw_head` is its request line and headers as received.
pub(super) async fn answer<F: Endpoint>(
    host: &Host<F>,
    request: Request<Incoming>,
    raw_head: Vec<u8>,
    arriving: Arc<ArrivingRequest>,
) -> Response<Bytes> {
    let (head, mut body) = request.into_parts();
    if !is_framed_once(&head, &raw_head) {
        return last(closed(StatusCode::BAD_REQUEST));
    }
    // Free the memory: the call may take long.
    drop(raw_head);
    let Admitted { max_body_len, interface } = match host.endpoint.admit(&head) {
        Ok(admitted) => admitted,
        Err(response) => return unread(&head, body, response, arriving),
    };
    // A body whose declared length is too large is rejected before it arrives.
    let fits = usize::try_from(body.size_hint().lower()).is_ok_and(|len| len <= max_body_len);
    if !fits {
        return unread(&head, body, closed(StatusCode::PAYLOAD_TOO_LARGE), arriving);
    }
    let unverified = Arc::clone(&host.bodies).begin(interface);
    match in_time(read(&mut body, max_body_len, unverified)).await {
        Some(Ok((body, unverified))) => {
            arriving.0.body_read();
            let mut request = Request::from_parts(head, body);
            request.extensions_mut().insert(Arc::new(unverified));
            host.endpoint.answer(request).await
        }
        Some(Err(status)) => {
            // The rest of the body is discarded, so that the caller can read the answer.
            tokio::spawn(in_time(discard(body, arriving)));
            last(closed(status))
        }
        None => last(closed(StatusCode::REQUEST_TIMEOUT)),
    }
}

/// Returns the output of a future if it ends within the time that a body may take.
async fn in_time<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..TICKS {
        if let Ok(output) = timeout(TICK, future.as_mut()).await {
            return Some(output);
        }
    }
    None
}

/// Reads a body and counts its bytes when they arrive. It reserves no more memory than the declared
/// length.
async fn read(
    body: &mut Incoming,
    max_len: usize,
    mut unverified: UnverifiedBody,
) -> Result<(Bytes, UnverifiedBody), StatusCode> {
    let declared = body.size_hint().exact().and_then(|len| usize::try_from(len).ok());
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
        if max_len - bytes.len() < data.len() {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        if !unverified.grow(data.len()) {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        if bytes.capacity() - bytes.len() < data.len() {
            // The capacity doubles each time, up to the declared length.
            let most = declared.unwrap_or(max_len).max(bytes.len() + data.len());
            let wanted = (bytes.len() * 2).max(data.len()).min(most - bytes.len());
            bytes.reserve_exact(wanted.max(data.len()));
        }
        bytes.extend_from_slice(&data);
    }
    Ok((Bytes::from(bytes), unverified))
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
    head: &Parts,
    body: Incoming,
    response: Response<Bytes>,
    arriving: Arc<ArrivingRequest>,
) -> Response<Bytes> {
    if body.is_end_stream() {
        return response;
    }
    let short = body.size_hint().upper().is_some_and(|len| len <= SHORT_LEN);
    // With `Expect: 100-continue`, reading would make the caller send its body.
    if !head.headers.contains_key(EXPECT) {
        tokio::spawn(in_time(discard(body, arriving)));
    }
    if short { response } else { last(response) }
}

/// Discards a body. The connection starts no other request before the body's end, or before its
/// time is over.
async fn discard(mut body: Incoming, _arriving: Arc<ArrivingRequest>) {
    while !body.is_end_stream() && matches!(body.frame().await, Some(Ok(_))) {}
}

/// Marks an answer as the last one of its connection, because the body was not read to its end.
fn last(mut response: Response<Bytes>) -> Response<Bytes> {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// How long a body may take to arrive: 3 s, counted in ticks. A freeze of the process, however
/// long, uses up only one tick, so that bytes that arrived meanwhile are still read.
const TICK: Duration = Duration::from_millis(100);
const TICKS: usize = 30;
/// The host discards a body that it does not use. Up to this length the connection stays open.
/// Above it the connection closes, after the caller had time to read the answer.
const SHORT_LEN: u64 = 64 * 1024;
