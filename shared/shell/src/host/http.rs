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
use tokio::net::{TcpListener, TcpStream};

use super::Error;
use crate::front::Front;
use crate::route::closed;

/// How long a request may take to arrive, head and body each.
const ARRIVAL: Duration = Duration::from_secs(3);
/// How long requests under way may take once the host wants to stop.
const FAREWELL: Duration = Duration::from_secs(5);
/// The most headers of a request, and the buffer that they and the request line must fit.
const MAX_HEADERS: usize = 100;
const MAX_HEAD_LEN: usize = 64 * 1024;

/// Serves a front at an address until the process is asked to stop.
///
/// # Errors
/// Where the address cannot be listened on.
pub async fn serve<F: Front>(front: Arc<F>, listen: &str) -> Result<(), Error> {
    let listener = TcpListener::bind(listen).await.map_err(Error::Listen)?;
    tracing::info!(listen = %listener.local_addr()?, "listening");
    serve_until(front, listener, stop_asked()).await;
    Ok(())
}

/// Serves a front until a future comes true; then lets what is under way end.
pub async fn serve_until<F: Front>(
    front: Arc<F>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    while let Some(accepted) = until(listener.accept(), stop.as_mut()).await {
        // Out of descriptors, say: the next accept may do better.
        let Ok((stream, _)) = accepted else { continue };
        let connection = connection(Arc::clone(&front), stream);
        tokio::spawn(graceful.watch(connection));
    }
    let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
}

type Connection<F> = http1::Connection<TokioIo<TcpStream>, Visitor<F>>;

/// One connection's way to the front.
struct Visitor<F>(Arc<F>);

impl<F: Front> Service<Request<Incoming>> for Visitor<F> {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let front = Arc::clone(&self.0);
        // A task of its own: a request runs to its end though the caller hung up.
        let answering = tokio::spawn(async move { answer(&*front, request).await });
        Box::pin(async move {
            let answered = answering.await;
            let response = answered.unwrap_or_else(|_| closed(StatusCode::INTERNAL_SERVER_ERROR));
            Ok(response.map(Full::new))
        })
    }
}

fn connection<F: Front>(front: Arc<F>, stream: TcpStream) -> Connection<F> {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(ARRIVAL)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_LEN)
        // `Body-Sign`, as the marketplace is said to look for it.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), Visitor(front))
}

async fn answer<F: Front>(front: &F, request: Request<Incoming>) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    let max_body_len = match front.admit(&head) {
        Ok(max_body_len) => max_body_len,
        Err(response) => return response,
    };
    // What says that it will be too long need not arrive first.
    let fits = usize::try_from(body.size_hint().lower()).is_ok_and(|len| len <= max_body_len);
    if !fits {
        return last(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body = Limited::new(body, max_body_len).collect();
    match tokio::time::timeout(ARRIVAL, body).await {
        Ok(Ok(body)) => front.answer(Request::from_parts(head, body.to_bytes())).await,
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
