//! A small HTTP server that answers each request with a function.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// A request that a stub received.
pub struct StubRequest {
    /// The path and the query.
    pub target: String,
    /// Names in lower case, and values.
    headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A status, and a body of JSON.
pub type StubAnswer = (u16, String);

impl StubRequest {
    /// The value of a header; empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let target = lines.first()?.split(' ').nth(1)?.to_owned();
        let headers: Vec<_> =
            lines.iter().skip(1).filter_map(|line| line.split_once(": ")).collect();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), (*value).to_owned()))
            .collect();
        let mut request = Self { target, headers, body: Vec::new() };
        let length = request.header("content-length").parse().unwrap_or_default();
        request.body = vec![0; length];
        reader.read_exact(&mut request.body).ok()?;
        Some(request)
    }
}

/// Listens on loopback, and answers every request.
pub fn listen(answer: impl Fn(&StubRequest) -> StubAnswer + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            thread::spawn(move || serve(stream, &*answer));
        }
    });
    address
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&StubRequest) -> StubAnswer) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    while let Some(request) = StubRequest::read(&mut reader) {
        let (status, body) = answer(&request);
        let text = format!("HTTP/1.1 {status} OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).ok()?;
    }
    Some(())
}
