//! The smallest function with a timer for FunctionGraph. It asks the custom runtime for the next event,
//! and posts a constant. This is the baseline for the start of the relay.

use std::error::Error;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::var("RUNTIME_API_ADDR")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(answer_events(&address))
}

async fn answer_events(address: &str) -> Result<(), Box<dyn Error>> {
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (mut platform, connection) = http1::handshake(stream).await?;
    tokio::spawn(connection);
    loop {
        let next = request("GET", address, "/v1/runtime/invocation/request", "")?;
        let event = platform.send_request(next).await?;
        let id = event.headers().get("x-cff-request-id").ok_or("no request ID")?.to_str()?;
        let path = format!("/v1/runtime/invocation/response/{id}");
        event.into_body().collect().await?;
        let accepted = platform.send_request(request("POST", address, &path, "hello")?).await?;
        accepted.into_body().collect().await?;
    }
}

fn request(
    method: &str,
    address: &str,
    path: &str,
    body: &'static str,
) -> Result<Request<Full<Bytes>>, http::Error> {
    let request = Request::builder().method(method).uri(path).header("host", address);
    request.body(Full::new(Bytes::from_static(body.as_bytes())))
}
