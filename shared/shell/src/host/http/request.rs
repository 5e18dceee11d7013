//! One request: is it framed in one way only, may its body be read, and what is the answer.

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

/// Answers a request; `raw_head` is its head as it travelled.
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
    // The raw head is not kept for as long as the call.
    drop(raw_head);
    let Admitted { max_body_len, interface } = match host.endpoint.admit(&head) {
        Ok(admitted) => admitted,
        Err(response) => return unread(&head, body, response, arriving),
    };
    // A body that declares too great a length is refused before it arrives.
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
            // The rest of a body that is too much is thrown away, so that its caller can read why.
            tokio::spawn(in_time(throw_away(body, arriving)));
            last(closed(status))
        }
        None => last(closed(StatusCode::REQUEST_TIMEOUT)),
    }
}

/// The output of a future, if it ends within the time that a body may take.
async fn in_time<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..TICKS {
        if let Ok(output) = timeout(TICK, future.as_mut()).await {
            return Some(output);
        }
    }
    None
}

/// Reads a body, counting its bytes as they arrive. No more memory than its declared length
/// is reserved ahead.
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
            // Twice as much each time, but never more than was declared.
            let most = declared.unwrap_or(max_len).max(bytes.len() + data.len());
            let wanted = (bytes.len() * 2).max(data.len()).min(most - bytes.len());
            bytes.reserve_exact(wanted.max(data.len()));
        }
        bytes.extend_from_slice(&data);
    }
    Ok((Bytes::from(bytes), unverified))
}

/// Whether a request can be read in one way only: two readers of one connection must see the same
/// requests (RFC 9112, 6.1 and 3.2).
fn is_framed_once(head: &Parts, raw_head: &[u8]) -> bool {
    let hosts = head.headers.get_all(HOST).iter().count();
    let has_host = hosts == 1 || (hosts == 0 && head.version < Version::HTTP_11);
    let chunked = head.headers.contains_key(TRANSFER_ENCODING);
    has_host && !(chunked && has_length(head, raw_head))
}

/// Whether a head names a length. The library takes it away beside chunks, so that the bytes are
/// read again; bytes that are not this head's count as one that does.
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

/// An answer to a request whose body is not read.
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
    // Reading would ask a caller that waits to be asked for its body.
    if !head.headers.contains_key(EXPECT) {
        tokio::spawn(in_time(throw_away(body, arriving)));
    }
    if short { response } else { last(response) }
}

/// The connection begins no other request before the body's end, or the end of its time.
async fn throw_away(mut body: Incoming, _arriving: Arc<ArrivingRequest>) {
    while !body.is_end_stream() && matches!(body.frame().await, Some(Ok(_))) {}
}

/// An answer that ends its connection: the request's body was not read to the end.
fn last(mut response: Response<Bytes>) -> Response<Bytes> {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// How long a body may take to arrive: 3 s, in ticks. However long the process was frozen, that
/// uses up one tick: what arrived meanwhile is still read.
const TICK: Duration = Duration::from_millis(100);
const TICKS: usize = 30;
/// The host discards a body that it does not use. Up to this length it keeps the connection; above
/// it the connection ends, and the body is discarded so that the caller can read the answer.
const SHORT_LEN: u64 = 64 * 1024;
