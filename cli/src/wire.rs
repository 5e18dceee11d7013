//! One request over real HTTP and its answer, as bytes.

use std::time::{Duration, Instant};

use http::{Request, Response};
use ureq::Agent;

/// As long as the marketplace's own client waits at most (V1 guide, frequently asked questions).
const PATIENCE: Duration = Duration::from_secs(20);

/// A client that follows nothing and takes every status for an answer.
pub fn client() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(PATIENCE))
        .user_agent(concat!("koohook/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

/// Sends a request; the answer, and how long it took.
///
/// # Errors
/// Where no whole answer came.
pub fn send(
    client: &Agent,
    request: Request<Vec<u8>>,
) -> Result<(Response<Vec<u8>>, Duration), ureq::Error> {
    let started = Instant::now();
    let response = if request.body().is_empty() {
        client.run(request.map(|_| ()))?
    } else {
        client.run(request)?
    };
    let (head, mut body) = response.into_parts();
    let body = body.read_to_vec()?;
    Ok((Response::from_parts(head, body), started.elapsed()))
}
