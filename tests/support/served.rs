//! A koohook behind a real socket, and a caller that sends raw bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use http::Response;
use shell::endpoint::callbacks::CallbackEndpoint;
use shell::host::http::serve_until;
use shell::world::World;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::log::Log;

/// An endpoint on a port of this machine. It stops when this value is dropped.
pub struct ServedEndpoint {
    /// The address at which it listens.
    pub address: SocketAddr,
    /// The log of the endpoint's thread.
    pub log: Log,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// An answer in its exact bytes, and parsed.
pub struct RawAnswer {
    /// The status line and the headers, as text.
    pub head: String,
    /// The same answer, parsed.
    pub response: Response<Vec<u8>>,
}

const MAX_CONNECTIONS: usize = 1_024;

/// The longest wait for an answer. A test that waits longer fails.
const PATIENCE: Duration = Duration::from_secs(20);

impl ServedEndpoint {
    /// Serves an endpoint on its own thread.
    pub fn new<W: World>(endpoint: Arc<CallbackEndpoint<W>>) -> Self {
        let log = Log::default();
        let (stop, stopped) = oneshot::channel();
        let (sender, address) = mpsc::channel();
        let kept = log.clone();
        let thread = thread::spawn(move || {
            let _guard = kept.keep();
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                sender.send(listener.local_addr().unwrap()).unwrap();
                serve_until(endpoint, listener, MAX_CONNECTIONS, async { drop(stopped.await) })
                    .await;
            });
        });
        Self { address: address.recv().unwrap(), log, stop: Some(stop), thread: Some(thread) }
    }

    /// A new connection to it.
    pub fn connect(&self) -> RawCaller {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        RawCaller { stream, received: Vec::new() }
    }
}

impl Drop for ServedEndpoint {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One connection.
pub struct RawCaller {
    /// The socket.
    pub stream: TcpStream,
    received: Vec<u8>,
}

impl RawCaller {
    /// Sends bytes. If the server has already closed, the error is ignored: its answer gives the
    /// reason.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next answer, or `None` if the server closed without an answer.
    pub fn answer(&mut self) -> Option<RawAnswer> {
        let end = loop {
            match find(&self.received, b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.receive()?,
            }
        };
        let head: Vec<u8> = self.received.drain(..end).collect();
        let head = String::from_utf8(head).expect("headers are text");
        let mut response = read_head(&head);
        let len = response.headers().get("content-length");
        let len = len.map_or(0, |len| len.to_str().unwrap().parse().unwrap());
        while self.received.len() < len {
            self.receive()?;
        }
        *response.body_mut() = self.received.drain(..len).collect();
        Some(RawAnswer { head, response })
    }

    /// Whether the server has closed, and all its bytes were read.
    pub fn is_closed(&mut self) -> bool {
        self.received.is_empty() && self.receive().is_none()
    }

    fn receive(&mut self) -> Option<()> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => None,
            Ok(len) => {
                self.received.extend(buffer.iter().take(len));
                Some(())
            }
            Err(fault) if fault.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(fault) => panic!("no answer arrived: {fault}"),
        }
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn read_head(head: &str) -> Response<Vec<u8>> {
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let mut response = Response::builder().status(status.expect("a status line"));
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header line");
        response = response.header(name, value);
    }
    response.body(Vec::new()).unwrap()
}
