//! koohook's calls over HTTP/1.1. TLS is strict, no redirect is followed, the length of an answer
//! is limited, and each call names koohook (decision E6).

mod cause;
mod resolver;

use bytes::Bytes;
use http::header::{ACCEPT, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

use self::resolver::Resolver;
use crate::guard::{Authorities, Guard};
use crate::web::{Unanswered, Web};

/// A client that reuses its connections.
#[derive(Clone, Debug)]
pub struct Client {
    connections: legacy::Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    max_answer_len: usize,
}

impl Client {
    /// Makes a client that reads answers of at most `max_answer_len` bytes. It does not connect
    /// yet.
    pub fn new(max_answer_len: usize) -> Self {
        Self::guarded(&Guard::default(), max_answer_len)
    }

    /// Makes a client whose connections obey a guard.
    pub fn guarded(guard: &Guard, max_answer_len: usize) -> Self {
        let mut http = HttpConnector::new_with_resolver(Resolver::new(guard.network));
        // The HTTPS connector around this one checks the scheme.
        http.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(&guard.authorities))
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let connections = legacy::Client::builder(TokioExecutor::new()).build(connector);
        Self { connections, max_answer_len }
    }
}

impl Web for Client {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, Unanswered> {
        introduce(request.headers_mut());
        let is_https = request.uri().scheme() == Some(&Scheme::HTTPS);
        let sent = self.connections.request(request.map(Full::new)).await;
        let response = sent.map_err(|fault| cause::of_request(&fault, is_https))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, self.max_answer_len).collect().await;
        let body = body.map_err(|fault| cause::of_body(&*fault))?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

/// The root certificates are compiled in, because a function's image has none.
fn tls(authorities: &Authorities) -> ClientConfig {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    // Each certificate was checked when it was parsed, so this call skips none.
    roots.add_parsable_certificates(authorities.iter().cloned());
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

/// Adds the headers that name koohook and the format that it reads. No signature covers them.
fn introduce(headers: &mut HeaderMap) {
    headers.entry(USER_AGENT).or_insert(NAME);
    headers.entry(ACCEPT).or_insert(JSON);
}

/// Some firewalls reject requests without a user agent.
const NAME: HeaderValue = HeaderValue::from_static(concat!("koohook/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
