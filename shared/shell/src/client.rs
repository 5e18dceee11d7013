//! Calls of ours over HTTP/1.1: TLS is checked strictly, no redirect is followed, an answer is read
//! only so far, and each call says who calls (decision E6).

mod cause;
mod resolver;

use bytes::Bytes;
use http::header::{ACCEPT, USER_AGENT};
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

/// A client that keeps its connections.
#[derive(Clone, Debug)]
pub struct Client {
    connections: legacy::Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    max_answer_len: usize,
}

impl Client {
    /// A client that reads answers of so many bytes at most. Does not connect yet.
    pub fn new(max_answer_len: usize) -> Self {
        Self::guarded(&Guard::default(), max_answer_len)
    }

    /// The same, for connections that must keep to a guard.
    pub fn guarded(guard: &Guard, max_answer_len: usize) -> Self {
        let mut http = HttpConnector::new_with_resolver(Resolver::new(guard.network));
        // The connector around this one judges the scheme.
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
        let sent = self.connections.request(request.map(Full::new)).await;
        let response = sent.map_err(|fault| cause::of_request(&fault))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, self.max_answer_len).collect().await;
        let body = body.map_err(|fault| cause::of_body(&*fault))?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

/// The roots are compiled in: a function's image has none of its own.
fn tls(authorities: &Authorities) -> ClientConfig {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    // Each was added to a store of its own when it was read.
    roots.add_parsable_certificates(authorities.iter().cloned());
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

/// Says who calls and what it reads. No signature covers either.
fn introduce(headers: &mut HeaderMap) {
    headers.entry(USER_AGENT).or_insert(NAME);
    headers.entry(ACCEPT).or_insert(JSON);
}

/// Firewalls refuse requests that do not name their client.
const NAME: HeaderValue = HeaderValue::from_static(concat!("koohook/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
