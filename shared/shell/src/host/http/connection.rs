//! Serves one connection.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either, select};
use http::header::CONNECTION;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};

use super::connection_state::{ArrivingRequest, ConnectionPhase};
use super::connections::OpenConnection;
use super::request::answer;
use super::watched_stream::WatchedStream;
use super::{Host, MAX_HEAD_LEN, MAX_HEADERS};
use crate::call_origin::{CallOrigin, ServingProcess};
use crate::endpoint::Endpoint;
use crate::host::header_origin::Origins;
use crate::host::rejected_request::{RequestLine, log_rejected, log_status};
use crate::route::closed;

/// The caller at the other end of a connection.
struct Caller<F> {
    host: Host<F>,
    place: Arc<OpenConnection>,
    peer: Option<IpAddr>,
}

impl<F: Endpoint> Service<Request<Incoming>> for Caller<F> {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let origin = Arc::new(self.host.origins.of(request.headers(), self.peer));
        request.extensions_mut().insert(Arc::clone(&origin));
        let line = RequestLine { method: request.method().clone(), uri: request.uri().clone() };
        let raw_head = self.place.state.take_head();
        let (host, place) = (self.host.clone(), Arc::clone(&self.place));
        let under_way = place.connections.begin();
        let arriving = Arc::new(ArrivingRequest(Arc::clone(&place.state)));
        // A separate task: a request is finished even if the caller closes the connection.
        let arrives = Arc::clone(&arriving);
        let answering = tokio::spawn(async move {
            let response = answer(&host, request, raw_head, arrives).await;
            drop(under_way);
            response
        });
        Box::pin(async move {
            let answered = answering.await;
            let mut response =
                answered.unwrap_or_else(|_| closed(StatusCode::INTERNAL_SERVER_ERROR));
            log_rejected(&origin, &line, &response);
            write_rest_later(&origin);
            if place.connections.is_stopping() || place.state.is_to_close() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            drop(arriving);
            Ok(response.map(Full::new))
        })
    }
}

/// Serves a connection until either side ends it.
pub(super) async fn serve<F, S>(
    host: Host<F>,
    stream: S,
    peer: Option<IpAddr>,
    place: OpenConnection,
) where
    F: Endpoint,
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let state = Arc::clone(&place.state);
    let stream = WatchedStream { stream, state: Arc::clone(&state) };
    let origins = Arc::clone(&host.origins);
    let caller = Caller { host, place: Arc::new(place), peer };
    let mut connection = pin!(
        http1::Builder::new()
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD_LEN)
            // A caller may close its side after the request, and wait for the answer.
            .half_close(true)
            // The marketplace reportedly looks for `Body-Sign` in this capitalisation.
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), caller)
    );
    // The connection is polled before the timer, and the runtime polls sockets before timers. So if
    // the platform froze the host past the time limit, a request in the socket is still served.
    if let Either::Left((ended, _)) = select(connection.as_mut(), pin!(state.timed_out())).await {
        if let Err(fault) = ended {
            log_unreadable(&origins, peer, &fault);
        }
        return;
    }
    if state.phase() == ConnectionPhase::Idle {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(LAST_BYTES, connection).await;
    }
}

/// Logs a request that the library has rejected, because it is not HTTP or its head is too long.
fn log_unreadable(origins: &Origins, peer: Option<IpAddr>, fault: &hyper::Error) {
    if fault.is_parse() {
        let status = if fault.is_parse_too_large() {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        } else {
            StatusCode::BAD_REQUEST
        };
        let origin = origins.of(&HeaderMap::new(), peer);
        log_status(&origin, status, None);
        write_rest_later(&origin);
    }
}

/// Starts a task that writes what the limit of lines has left out, if there is something.
fn write_rest_later(origin: &CallOrigin) {
    if let Some(wait) = origin.process.unproven.wait() {
        tokio::spawn(write_rest(Arc::clone(&origin.process), wait));
    }
}

async fn write_rest(process: Arc<ServingProcess>, first_wait: Duration) {
    let mut wait = Some(first_wait);
    while let Some(span) = wait {
        sleep(span).await;
        process.unproven.write_rest();
        wait = process.unproven.wait();
    }
}

/// How long a closing connection may take to send its last answer.
const LAST_BYTES: Duration = Duration::from_secs(3);
