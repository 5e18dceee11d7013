//! Calls of ours over HTTP/1.1: TLS is checked strictly, no redirect is followed, and an answer
//! is read only so far (decision E6).

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::world::{Unanswered, Web};

/// A client that keeps its connections.
#[derive(Clone, Debug)]
pub struct Client {
    connections: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    max_answer_len: usize,
}

impl Client {
    /// A client that reads answers of so many bytes at most. Connects to nobody yet.
    pub fn new(max_answer_len: usize) -> Self {
        // The roots are compiled in: a function's image has none of its own.
        let connector =
            HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        let connections = legacy::Client::builder(TokioExecutor::new()).build(connector);
        Self { connections, max_answer_len }
    }
}

impl Web for Client {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Unanswered> {
        let sent = self.connections.request(request.map(Full::new)).await;
        let response = sent.map_err(|fault| {
            if fault.is_connect() { Unanswered::NotReached } else { Unanswered::CutOff }
        })?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, self.max_answer_len).collect().await;
        let body = body.map_err(|fault| {
            if fault.is::<LengthLimitError>() { Unanswered::TooLong } else { Unanswered::CutOff }
        })?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}
