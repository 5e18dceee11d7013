//! The marketplace's usage interface behind a real socket.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use simulator::usage::{SimulatedInstance, UsageMarketplace, UsageReply, UsageRules};

use crate::running::KEY;

/// The timeout of a test. Every step is much shorter.
const PATIENCE: Duration = Duration::from_secs(90);
/// The most records of a request. So a run has several requests.
const MAX_RECORDS: usize = 250;

/// The simulated marketplace, and how far its requests are.
pub struct Inner {
    /// The marketplace.
    pub marketplace: UsageMarketplace,
    /// How many requests it received.
    received: usize,
    /// How many answers it wrote.
    answered: usize,
    /// The number of the request whose answer is withheld.
    withheld: Option<usize>,
}

/// A marketplace that listens. Its clones are the same marketplace.
#[derive(Clone)]
pub struct UsageServer(Arc<(Mutex<Inner>, Condvar)>);

impl UsageServer {
    /// Knows these instances, and listens on loopback.
    pub fn listen(instances: &[String]) -> (Self, SocketAddr) {
        let mut rules = UsageRules::new(KEY);
        rules.max_records = MAX_RECORDS;
        let mut marketplace = UsageMarketplace::new(rules);
        for id in instances {
            marketplace.know(SimulatedInstance::new(id, now() - 30 * 86_400_000));
        }
        let inner = Inner { marketplace, received: 0, answered: 0, withheld: None };
        let this = Self(Arc::new((Mutex::new(inner), Condvar::new())));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = this.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = server.clone();
                thread::spawn(move || server.serve(stream));
            }
        });
        (this, address)
    }

    /// Withholds the answer to one of the next requests, until [`Self::answer_all`].
    pub fn withhold(&self, next: usize) {
        let mut inner = self.lock();
        inner.withheld = Some(inner.received + next);
    }

    /// Answers every request again.
    pub fn answer_all(&self) {
        self.lock().withheld = None;
        self.0.1.notify_all();
    }

    /// Waits until it has received so many requests more than `before`.
    pub fn wait_for_requests(&self, before: usize, more: usize) {
        self.wait("a request", |inner| inner.received >= before + more);
    }

    /// Waits until it has answered so many requests more than `before`.
    pub fn wait_for_answers(&self, before: usize, more: usize) {
        self.wait("an answer", |inner| inner.answered >= before + more);
    }

    /// How many requests it has received and answered.
    pub fn counts(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.received, inner.answered)
    }

    /// Asks the marketplace.
    pub fn with<T>(&self, ask: impl FnOnce(&mut UsageMarketplace) -> T) -> T {
        ask(&mut self.lock().marketplace)
    }

    fn wait(&self, what: &str, mut is_so: impl FnMut(&Inner) -> bool) {
        let waited = self.0.1.wait_timeout_while(self.lock(), PATIENCE, |inner| !is_so(inner));
        assert!(!waited.unwrap().1.timed_out(), "the marketplace does not see {what}");
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.0.lock().unwrap()
    }

    /// Serves one connection, until koohook closes it or dies.
    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        while let Some(request) = HttpRequest::read(&mut reader) {
            let (status, body) = self.answer(&request);
            let head =
                format!("HTTP/1.1 {status} Answer\r\ncontent-length: {}\r\n\r\n", body.len());
            let written = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat());
            self.lock().answered += 1;
            self.0.1.notify_all();
            written.ok()?;
        }
        Some(())
    }

    fn answer(&self, request: &HttpRequest) -> (u16, String) {
        let HttpRequest { method, path, headers, body } = request;
        let mut inner = self.lock();
        let reply = inner.marketplace.receive(method, path, headers, body, now());
        inner.received += 1;
        let number = inner.received;
        self.0.1.notify_all();
        drop(self.0.1.wait_while(inner, |inner| inner.withheld == Some(number)).unwrap());
        match reply {
            UsageReply::Answer { status, body } => (status, body),
            other => panic!("no fault was ordered: {other:?}"),
        }
    }
}

/// One request.
struct HttpRequest {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl HttpRequest {
    /// `None` if the connection ended before a whole request.
    fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end() {
                "" => break,
                text => lines.push(text.to_owned()),
            }
        }
        let mut first = lines.first()?.split(' ').map(str::to_owned);
        let (method, path) = (first.next()?, first.next()?);
        let headers: Vec<_> =
            lines.iter().skip(1).filter_map(|line| line.split_once(": ")).collect();
        let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
        reader.read_exact(&mut body).ok()?;
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers = headers.iter().map(owned).collect();
        Some(Self { method, path, headers, body })
    }
}

/// The time of day in milliseconds.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
