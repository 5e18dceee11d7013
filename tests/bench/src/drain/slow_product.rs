//! A product that answers each notice after 1 ms, in a process of its own. It counts the notices, and
//! how many of them are different.

use std::cell::RefCell;
use std::collections::HashSet;
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream as Connection};
use tokio::task::LocalSet;

use crate::outcome::Result;

/// How long the product needs for a notice.
const TAKES: Duration = Duration::from_millis(1);

/// The process of the product. It ends when this is dropped.
pub struct SlowProduct {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What the product received.
#[derive(Default)]
struct Received {
    notices: usize,
    different: HashSet<u128>,
}

impl SlowProduct {
    /// Starts the product.
    pub fn start(program: &Path) -> Result<Self> {
        let mut process =
            Command::new(program).arg("slow-product").stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or("the product has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self { process, address: line.trim().parse()? })
    }

    /// How many notices it received, and how many of them are different.
    pub fn counts(&self) -> Result<(usize, usize)> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let body = answer.rsplit("\r\n").next().unwrap_or_default();
        let (received, different) = body.split_once(' ').ok_or("the product does not count")?;
        Ok((received.parse()?, different.parse()?))
    }
}

impl Drop for SlowProduct {
    fn drop(&mut self) {
        // If it has ended already, there is nothing to stop.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the product until its process is ended.
pub fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let received = Rc::new(RefCell::new(Received::default()));
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::task::spawn_local(answer_all(stream, Rc::clone(&received)));
        }
    })
}

async fn answer_all(stream: Connection, received: Rc<RefCell<Received>>) {
    let service = service_fn(|request| answer(request, &received));
    // If a caller hangs up, only its connection ends.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    received: &RefCell<Received>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    if request.method() == Method::GET {
        let counts = received.borrow();
        let text = format!("{} {}", counts.notices, counts.different.len());
        return Ok(Response::new(text.into()));
    }
    let id = request.headers().get("webhook-id").map(|id| short(id.as_bytes()));
    let _ = request.into_body().collect().await;
    {
        let mut received = received.borrow_mut();
        received.notices += 1;
        received.different.extend(id);
    }
    tokio::time::sleep(TAKES).await;
    Ok(Response::new(Full::from("{}")))
}

/// The first 128 bits of the SHA-256 of an ID.
fn short(id: &[u8]) -> u128 {
    use sha2::{Digest, Sha256};
    let digest = <[u8; 32]>::from(Sha256::digest(id));
    digest.first_chunk().copied().map(u128::from_le_bytes).unwrap_or_default()
}
