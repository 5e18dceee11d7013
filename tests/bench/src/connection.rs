//! A kept-alive HTTP connection to a measured server.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use http::{Request, Response};

use crate::outcome::Result;

/// A connection with at most one request in progress.
pub struct KeptConnection {
    stream: TcpStream,
    received: Vec<u8>,
    sent_at: Instant,
}

impl KeptConnection {
    /// Connects to a server.
    ///
    /// # Errors
    /// If nothing listens on the address.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        // If nothing listens, the system may connect the port to itself.
        if stream.local_addr()? == address {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { stream, received: Vec::new(), sent_at: Instant::now() })
    }

    /// Sends a request in its form on the wire.
    pub fn send(&mut self, request: &[u8]) -> Result<()> {
        self.sent_at = Instant::now();
        Ok(self.stream.write_all(request)?)
    }

    /// Reads one answer and returns its milliseconds.
    pub fn read_answer(&mut self) -> Result<f64> {
        let mut chunk = [0; 4_096];
        self.received.clear();
        while !is_whole(&self.received)? {
            let read = self.stream.read(&mut chunk)?;
            let chunk = chunk.get(..read).filter(|chunk| !chunk.is_empty());
            self.received.extend_from_slice(chunk.ok_or("connection closed")?);
        }
        Ok(self.sent_at.elapsed().as_secs_f64() * 1_000.0)
    }

    /// The bytes of the last answer.
    pub fn answer(&self) -> &[u8] {
        &self.received
    }

    /// Sends a request, and returns its answer.
    pub fn call(&mut self, request: &Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        self.send(&on_the_wire(request))?;
        self.read_answer()?;
        parse(&self.received)
    }
}

/// A request in its form on the wire.
pub fn on_the_wire(request: &Request<Vec<u8>>) -> Vec<u8> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut bytes = format!(
        "{} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n",
        request.method(),
        request.body().len()
    )
    .into_bytes();
    for (name, value) in request.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(request.body());
    bytes
}

/// Parses the bytes of one answer.
pub fn parse(received: &[u8]) -> Result<Response<Vec<u8>>> {
    let (head, body) = str::from_utf8(received)?.split_once("\r\n\r\n").ok_or("no head")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or("no status")?;
    let mut response = Response::builder().status(status);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        response = response.header(name, value);
    }
    Ok(response.body(body.as_bytes().to_vec())?)
}

/// Whether the answer is complete according to its `Content-Length`.
fn is_whole(received: &[u8]) -> Result<bool> {
    let Some((head, body)) = str::from_utf8(received)?.split_once("\r\n\r\n") else {
        return Ok(false);
    };
    let mut headers = head.split("\r\n").filter_map(|line| line.split_once(": "));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Ok(body.len() >= length.ok_or("no length")?.1.parse()?)
}
