//! The marketplace's usage interface on loopback. It verifies and counts every record.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use simulator::usage::{SimulatedInstance, UsageMarketplace, UsageReply, UsageRules};
use tests::call::BASE_KEY;
use tokio::net::TcpListener;

use crate::clock::now_millis;
use crate::outcome::Result;

/// A listening marketplace, which ends with this process.
#[derive(Clone)]
pub struct LoopbackMarketplace(Arc<Mutex<Received>>);

/// What the marketplace received.
struct Received {
    marketplace: UsageMarketplace,
    /// How long the marketplace itself needed.
    busy: Duration,
}

impl LoopbackMarketplace {
    /// Knows instances and listens.
    pub fn listen(instances: impl Iterator<Item = String>) -> Result<(Self, SocketAddr)> {
        let mut marketplace = UsageMarketplace::new(UsageRules::new(BASE_KEY));
        let opened = now_millis()? - 60 * 86_400_000;
        instances.for_each(|id| marketplace.know(SimulatedInstance::new(&id, opened)));
        let received = Received { marketplace, busy: Duration::ZERO };
        let this = Self(Arc::new(Mutex::new(received)));
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let server = this.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || runtime.block_on(server.serve(listener)));
        Ok((this, address))
    }

    /// How many requests it received, how many different windows, and how long it was busy.
    pub fn totals(&self) -> Result<(usize, usize, Duration)> {
        let now = now_millis()?;
        let mut received = self.lock();
        received.marketplace.run_background(now);
        let marketplace = &received.marketplace;
        let repeated = marketplace.duplicates().count() + marketplace.rejected_records().count();
        let windows = marketplace.received_records().len() - repeated;
        Ok((marketplace.requests().len(), windows, received.busy))
    }

    async fn serve(self, listener: std::net::TcpListener) -> std::io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            let this = self.clone();
            let answer = service_fn(move |request| this.clone().answer(request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(async move {
                // If a caller hangs up, only its connection ends.
                let _ = connection.await;
            });
        }
    }

    async fn answer(
        self,
        request: Request<Incoming>,
    ) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers: Vec<_> =
            head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let began = Instant::now();
        let now = now_millis().unwrap_or_default();
        let mut received = self.lock();
        let (method, path) = (head.method.as_str(), head.uri.path());
        let reply = received.marketplace.receive(method, path, &headers, &body, now);
        received.busy += began.elapsed();
        let mut response = Response::new(Full::default());
        if let UsageReply::Answer { status, body } = reply {
            *response.body_mut() = Full::new(Bytes::from(body));
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        }
        Ok(response)
    }

    fn lock(&self) -> MutexGuard<'_, Received> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
