//! Plain HTTP/1.1: FunctionGraph's HTTP functions, and this machine.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either, select, select_all};
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use marketplace::page::Bundle;
use tokio::net::{TcpListener, TcpStream};

use super::Error;
use crate::door::Door;
use crate::route::closed;
use crate::world::World;

/// How long a request may take to arrive, head and body each.
const ARRIVAL: Duration = Duration::from_secs(3);
/// How long requests under way may take once the host wants to stop.
const FAREWELL: Duration = Duration::from_secs(5);
/// The most headers of a request, and the buffer that they and the request line must fit.
const MAX_HEADERS: usize = 100;
const MAX_HEAD_LEN: usize = 64 * 1024;

/// Serves a door at an address until the process is asked to stop.
///
/// # Errors
/// Where the address cannot be listened on.
pub async fn serve<B: Bundle, W: World>(door: Arc<Door<B, W>>, listen: &str) -> Result<(), Error> {
    let listener = TcpListener::bind(listen).await.map_err(Error::Listen)?;
    tracing::info!(listen = %listener.local_addr()?, "listening");
    serve_until(door, listener, stop_asked()).await;
    Ok(())
}

/// Serves a door until a future comes true; then lets what is under way end.
pub async fn serve_until<B: Bundle, W: World>(
    door: Arc<Door<B, W>>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    while let Some(accepted) = until(listener.accept(), stop.as_mut()).await {
        // Out of descriptors, say: the next accept may do better.
        let Ok((stream, _)) = accepted else { continue };
        let connection = connection(Arc::clone(&door), stream);
        tokio::spawn(graceful.watch(connection));
    }
    let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
}

type Connection<B, W> = http1::Connection<TokioIo<TcpStream>, Visitor<B, W>>;

/// One connection's way to the door.
struct Visitor<B, W>(Arc<Door<B, W>>);

impl<B: Bundle, W: World> Service<Request<Incoming>> for Visitor<B, W> {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let door = Arc::clone(&self.0);
        // A task of its own: a request runs to its end though the caller hung up.
        let answering = tokio::spawn(async move { answer(&door, request).await });
        Box::pin(async move {
            let answered = answering.await;
            let response = answered.unwrap_or_else(|_| closed(StatusCode::INTERNAL_SERVER_ERROR));
            Ok(response.map(Full::new))
        })
    }
}

fn connection<B: Bundle, W: World>(door: Arc<Door<B, W>>, stream: TcpStream) -> Connection<B, W> {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(ARRIVAL)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_LEN)
        // `Body-Sign`, as the marketplace is said to look for it.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), Visitor(door))
}

async fn answer<B: Bundle, W: World>(
    door: &Door<B, W>,
    request: Request<Incoming>,
) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    let max_body_len = match door.route(&head) {
        Ok(route) => route.max_body_len(),
        Err(response) => return response,
    };
    // What says that it will be too long need not arrive first.
    let fits = usize::try_from(body.size_hint().lower()).is_ok_and(|len| len <= max_body_len);
    if !fits {
        return last(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body = Limited::new(body, max_body_len).collect();
    match tokio::time::timeout(ARRIVAL, body).await {
        Ok(Ok(body)) => door.answer(Request::from_parts(head, body.to_bytes())).await,
        Ok(Err(fault)) if fault.is::<LengthLimitError>() => last(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => last(StatusCode::BAD_REQUEST),
        Err(_) => last(StatusCode::REQUEST_TIMEOUT),
    }
}

/// An answer after which the connection is of no use: its body was not read to the end.
fn last(status: StatusCode) -> Response<Bytes> {
    let mut response = closed(status);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// What a future comes to, unless `stop` comes true first.
async fn until<F: Future>(future: F, stop: impl Future<Output = ()> + Unpin) -> Option<F::Output> {
    let future = std::pin::pin!(future);
    match select(future, stop).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}

async fn stop_asked() {
    use tokio::signal::unix::{SignalKind, signal};
    let asked = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    let waits = asked.into_iter().flatten().map(|mut signal| {
        Box::pin(async move {
            signal.recv().await;
        })
    });
    select_all(waits).await;
}
