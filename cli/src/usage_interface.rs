//! The marketplace's usage interface on this machine, over real HTTP. `koohook demo` and `koohook dev`
//! start it, so that usage with generated keys never reaches the real marketplace.
//!
//! - `breakable`: connections that break if the marketplace's answer must be lost.

mod breakable;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use protocol::signature::Interface;
use shell::endpoint::{Admitted, Endpoint};
use simulator::usage::{UsageMarketplace, UsageReply, UsageRules};

use self::breakable::BreakSwitch;
pub use self::breakable::BreakableListener;
use crate::generated;

/// A simulated marketplace that receives usage.
pub struct UsageInterface {
    marketplace: Mutex<UsageMarketplace>,
    switch: Arc<BreakSwitch>,
}

impl UsageInterface {
    /// A marketplace that knows this base key, and no instance.
    pub fn new(key: &str) -> Self {
        let marketplace = UsageMarketplace::new(UsageRules::new(key));
        Self { marketplace: Mutex::new(marketplace), switch: Arc::default() }
    }

    /// The listener through which koohook must reach it: it loses the answers that must be lost.
    pub fn listener(&self, listener: tokio::net::TcpListener) -> BreakableListener {
        BreakableListener { listener, switch: Arc::clone(&self.switch) }
    }

    /// Asks or changes the marketplace.
    pub fn with<T>(&self, ask: impl FnOnce(&mut UsageMarketplace) -> T) -> T {
        ask(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, UsageMarketplace> {
        self.marketplace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Endpoint for UsageInterface {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        if head.method == Method::POST {
            Ok(Admitted { max_body_len: 4 << 20, interface: Interface::Kit })
        } else {
            Err(answer(StatusCode::NOT_FOUND, Bytes::new()))
        }
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let (method, headers) = (head.method.as_str(), texts(&head.headers));
        let now = generated::now_millis();
        match self.lock().receive(method, path, &headers, &body, now) {
            UsageReply::Answer { status, body } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                answer(status, Bytes::from(body))
            }
            UsageReply::Slow { .. } | UsageReply::Lost => {
                self.switch.break_next_write();
                answer(StatusCode::OK, Bytes::new())
            }
        }
    }
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let texts = headers.iter().filter_map(|(name, value)| Some((name, value.to_str().ok()?)));
    texts.map(|(name, value)| (name.to_string(), value.to_owned())).collect()
}

fn answer(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
