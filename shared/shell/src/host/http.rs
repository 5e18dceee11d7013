//! Plain HTTP/1.1: FunctionGraph's HTTP functions, and this machine (decision G6).

mod connection;
mod connection_state;
mod connections;
mod log_throttle;
mod request;
mod watched_stream;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{select, select_all};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{unconstrained, yield_now};
use tokio::time::sleep;

use self::connections::Connections;
use self::log_throttle::LogThrottle;
use super::error::HostError;
use super::header_origin::Origins;
use super::platform::Platform;
use crate::endpoint::Endpoint;
use crate::unverified_bodies::Bodies;

/// Accepts connections.
pub trait Listener: Send {
    /// The type of a connection.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Waits for the next connection.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// The address at the other end of a connection, if it has one.
    fn peer(_stream: &Self::Stream) -> Option<IpAddr> {
        None
    }
}

/// The state that all connections of a host share.
struct Host<F> {
    endpoint: Arc<F>,
    bodies: Arc<Bodies>,
    origins: Arc<Origins>,
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        Self::accept(self).await.map(|(stream, _)| stream)
    }

    fn peer(stream: &TcpStream) -> Option<IpAddr> {
        stream.peer_addr().ok().map(|address| address.ip())
    }
}

impl<F> Clone for Host<F> {
    fn clone(&self) -> Self {
        let Self { endpoint, bodies, origins } = self;
        Self {
            endpoint: Arc::clone(endpoint),
            bodies: Arc::clone(bodies),
            origins: Arc::clone(origins),
        }
    }
}

/// Serves an endpoint at an address until the process gets a signal to stop. At most
/// `max_connections` are open concurrently; fewer if the process may open fewer files.
///
/// # Errors
/// If koohook cannot listen on the address.
pub async fn serve<F: Endpoint>(
    endpoint: Arc<F>,
    listen: &str,
    max_connections: usize,
) -> Result<(), HostError> {
    serve_on(endpoint, bind(listen).await?, max_connections).await
}

/// Listens on an address. With port 0 the system chooses a free port.
///
/// # Errors
/// If the address is not free.
pub async fn bind(listen: &str) -> Result<TcpListener, HostError> {
    TcpListener::bind(listen).await.map_err(HostError::Listen)
}

/// Serves an endpoint on a listener, as [`serve`] does.
///
/// # Errors
/// If the listener's address cannot be read.
pub async fn serve_on<F: Endpoint>(
    endpoint: Arc<F>,
    listener: TcpListener,
    max_connections: usize,
) -> Result<(), HostError> {
    // Catch the signals before the log reports "listening": a supervisor may send one after that.
    let stop = stop_asked();
    tracing::info!(listen = %listener.local_addr()?, "listening");
    let max_connections = within_open_files(max_connections, open_files());
    serve_until(endpoint, listener, max_connections, stop).await;
    Ok(())
}

/// Serves an endpoint until `stop` completes. Then it finishes the open requests.
pub async fn serve_until<F: Endpoint, L: Listener>(
    endpoint: Arc<F>,
    mut listener: L,
    max_connections: usize,
    stop: impl Future<Output = ()>,
) {
    let origins = Arc::new(Origins::new(Platform::here()));
    let host = Host { endpoint, bodies: Arc::default(), origins };
    let connections = Arc::new(Connections::new(max_connections));
    let mut waiting = None;
    {
        let accepting = std::pin::pin!(accept(&host, &mut listener, &connections, &mut waiting));
        // `stop` is polled first, so that many callers cannot delay it.
        select(std::pin::pin!(stop), accepting).await;
    }
    tracing::info!("stopping");
    // The system resets connections in the backlog when the listener closes, so accept them first.
    // Yielding lets the runtime see them.
    yield_now().await;
    let queued =
        std::iter::from_fn(|| unconstrained(listener.accept()).now_or_never().and_then(Result::ok));
    for stream in waiting.into_iter().chain(queued.take(MAX_WAITING)) {
        start::<F, L>(&host, stream, &connections);
    }
    drop(listener);
    let cut_off = connections.stop(STOP_LIMIT).await;
    host.origins.process.unproven.write_all();
    match cut_off {
        (0, 0) => tracing::info!("stopped"),
        (open, requests) => {
            tracing::warn!(
                open,
                requests,
                "stopped; the open connections and requests were cut off"
            )
        }
    }
}

/// Serves an endpoint until this future is dropped.
pub(super) async fn serve_forever<F: Endpoint>(
    endpoint: Arc<F>,
    mut listener: TcpListener,
    max_connections: usize,
) {
    let origins = Arc::new(Origins::new(Platform::here()));
    let host = Host { endpoint, bodies: Arc::default(), origins };
    let connections = Arc::new(Connections::new(max_connections));
    accept(&host, &mut listener, &connections, &mut None).await;
}

/// Accepts connections forever. `waiting` contains a connection that waits for room, so that a stop
/// can still serve it.
async fn accept<F: Endpoint, L: Listener>(
    host: &Host<F>,
    listener: &mut L,
    connections: &Arc<Connections>,
    waiting: &mut Option<L::Stream>,
) {
    let failing = LogThrottle::default();
    loop {
        match listener.accept().await {
            Ok(stream) => {
                *waiting = Some(stream);
                connections.room().await;
                if let Some(stream) = waiting.take() {
                    start::<F, L>(host, stream, connections);
                }
            }
            // The caller closed the connection before koohook accepted it.
            Err(fault) if fault.kind() == io::ErrorKind::ConnectionAborted => (),
            Err(fault) => {
                if failing.is_due() {
                    tracing::error!(
                        fault = %fault,
                        "cannot accept connections; raise the limit of open files (ulimit -n)"
                    );
                }
                if !connections.close_one().await {
                    sleep(REST).await;
                }
            }
        }
    }
}

/// Starts to serve a connection.
fn start<F: Endpoint, L: Listener>(
    host: &Host<F>,
    stream: L::Stream,
    connections: &Arc<Connections>,
) {
    let peer = L::peer(&stream);
    tokio::spawn(connection::serve(host.clone(), stream, peer, connections.open()));
}

/// The number of connections that the limit of open files allows.
fn within_open_files(max_connections: usize, open_files: Option<usize>) -> usize {
    let most = open_files.map(|files| files.saturating_sub(FILES_LEFT).max(files / 2).max(1));
    most.map_or(max_connections, |most| max_connections.min(most))
}

fn open_files() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.and_then(|files| usize::try_from(files).ok())
}

/// Starts to catch the signals that stop a process. The future completes with the first of them.
fn stop_asked() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let asked = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    let waits = asked.into_iter().flatten().map(|mut signal| {
        Box::pin(async move {
            signal.recv().await;
        })
    });
    let first = select_all(waits);
    async move { drop(first.await) }
}

/// How long open requests may continue after the host was asked to stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How long the host pauses after it failed to accept a connection.
const REST: Duration = Duration::from_millis(100);
/// How many connections of the backlog are accepted before the listener closes.
const MAX_WAITING: usize = 1_024;
/// The maximum number of headers, and the maximum length of the request line with all headers.
const MAX_HEADERS: usize = 100;
const MAX_HEAD_LEN: usize = 64 * 1024;
/// How many open files are reserved for the store and the calls to the product.
const FILES_LEFT: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_limit_reserves_open_files_for_the_store() {
        let cases = [(1_024, None, 1_024), (1_024, Some(1_024), 992), (1_024, Some(65_536), 1_024)];
        let few =
            [(1_024, Some(64), 32), (1_024, Some(40), 20), (1_024, Some(1), 1), (8, Some(64), 8)];
        for (max, files, expected) in cases.into_iter().chain(few) {
            assert_eq!(within_open_files(max, files), expected, "{max} {files:?}");
        }
    }
}
