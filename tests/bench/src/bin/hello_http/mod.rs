//! The HTTP server of the smallest functions.
//!
//! The server's settings repeat those of `shell::host::http`. That host's own limits of time and
//! memory are left out.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

/// As long as the answer of `receive` to a purchase.
const BODY: &str = concat!(
    r#"{"resultCode":"000000","resultMsg":"success.","#,
    r#""instanceId":"00000000-0000-5000-8000-000000000000"}"#
);
const BODY_SIGN: &str = concat!(
    r#"sign_type="HMAC-SHA256", "#,
    r#"signature= "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=""#
);

/// Listens on the address in `KOOHOOK_LISTEN`, and gives every call the same answer.
pub async fn listen() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind(std::env::var("KOOHOOK_LISTEN")?).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream));
    }
}

async fn serve(stream: TcpStream) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(3))
        .max_headers(100)
        .max_buf_size(64 * 1024)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    // If a caller hangs up, only its connection ends.
    let _ = connection.await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(BODY.as_bytes())));
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("body-sign", HeaderValue::from_static(BODY_SIGN));
    Ok(response)
}
