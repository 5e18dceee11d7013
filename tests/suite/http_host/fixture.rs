//! A host over streams in memory, an endpoint with a gate, and a caller that writes bytes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use protocol::signature::Interface;
use shell::endpoint::{Admitted, Endpoint};
use shell::host::http::{Listener, serve_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::{JoinHandle, unconstrained};
use tokio::time::sleep;

pub const MIB: usize = 1024 * 1024;

/// An endpoint that answers `/slow` only after its gate opens, and `/no` with 404 before it reads
/// the body. It answers every other path immediately. Bodies to `/kit` have the kit's limits.
pub struct GatedEndpoint {
    gate: Semaphore,
    answered: AtomicUsize,
}

impl GatedEndpoint {
    pub fn open() -> Arc<Self> {
        let gate = Self::shut();
        gate.open_all();
        gate
    }

    pub fn shut() -> Arc<Self> {
        Arc::new(Self { gate: Semaphore::new(0), answered: AtomicUsize::new(0) })
    }

    pub fn open_all(&self) {
        self.gate.add_permits(1_000);
    }

    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

impl Endpoint for GatedEndpoint {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        match head.uri.path() {
            "/no" => Err(shell::route::closed(StatusCode::NOT_FOUND)),
            "/kit" => Ok(Admitted { max_body_len: 4 * MIB, interface: Interface::Kit }),
            _ => Ok(Admitted { max_body_len: 256 * 1024, interface: Interface::Base }),
        }
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        if request.uri().path() == "/slow" {
            self.gate.acquire().await.unwrap().forget();
        }
        self.answered.fetch_add(1, Ordering::SeqCst);
        Response::new(Bytes::from_static(b"ok"))
    }
}

/// A running host.
pub struct HostInMemory {
    connections: mpsc::UnboundedSender<io::Result<DuplexStream>>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl HostInMemory {
    pub fn serve(endpoint: Arc<GatedEndpoint>, max_connections: usize) -> Self {
        let (connections, accepted) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            let stop = async { drop(stopped.await) };
            serve_until(endpoint, Accepted(accepted), max_connections, stop).await;
        });
        Self { connections, stop: Some(stop), served }
    }

    /// A new connection, in the queue of connections to accept.
    pub fn connect(&self) -> HostCaller {
        let (ours, theirs) = duplex(8 * MIB);
        self.connections.send(Ok(theirs)).unwrap();
        HostCaller { stream: ours, received: Vec::new() }
    }

    /// Makes the next accept fail.
    pub fn fail(&self, fault: io::Error) {
        self.connections.send(Err(fault)).unwrap();
    }

    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub fn is_done(&self) -> bool {
        self.served.is_finished()
    }

    pub async fn done(self) {
        self.served.await.unwrap();
    }
}

struct Accepted(mpsc::UnboundedReceiver<io::Result<DuplexStream>>);

impl Listener for Accepted {
    type Stream = DuplexStream;

    async fn accept(&mut self) -> io::Result<DuplexStream> {
        match self.0.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }
}

/// The caller's end of a connection.
pub struct HostCaller {
    stream: DuplexStream,
    received: Vec<u8>,
}

/// An answer in its form on the wire.
pub struct HostAnswer {
    pub status: u16,
    head: String,
}

impl HostAnswer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(this, _)| this.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether the answer announces that the connection closes.
    pub fn closes(&self) -> bool {
        self.header("connection") == Some("close")
    }
}

impl HostCaller {
    /// Sends bytes, and lets the host process them.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.write(bytes).await;
        // The test clock advances only when every task waits, so the host has processed the bytes.
        sleep(Duration::from_millis(1)).await;
    }

    async fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Writes bytes to the connection without letting the host run.
    pub fn put(&mut self, bytes: &[u8]) {
        unconstrained(self.write(bytes)).now_or_never().expect("the connection has room");
    }

    /// Closes the sending side. The host can still answer.
    pub async fn shut(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Reads the next answer; `None` if the host closed the connection without one.
    pub async fn answer(&mut self) -> Option<HostAnswer> {
        let end = loop {
            match self.received.windows(4).position(|it| it == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.receive().await?,
            }
        };
        let head = String::from_utf8(self.received.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let wire = HostAnswer { status, head };
        let len: usize = wire.header("content-length").unwrap().parse().unwrap();
        while self.received.len() < len {
            self.receive().await?;
        }
        self.received.drain(..len);
        Some(wire)
    }

    /// Waits until the host closes the connection; `false` if it sends bytes instead.
    pub async fn is_closed(&mut self) -> bool {
        self.received.is_empty() && self.receive().await.is_none()
    }

    async fn receive(&mut self) -> Option<()> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => None,
            Ok(len) => {
                self.received.extend(&buffer[..len]);
                Some(())
            }
        }
    }
}
