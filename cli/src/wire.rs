//! Sends one request over HTTP and reads its answer as bytes.

mod header_names;
mod host_names;
mod no_reply;
mod status;

use std::time::{Duration, Instant};

use http::{Request, Response, Uri};
use ureq::Agent;
use ureq::unversioned::transport::{Connector as _, DefaultConnector};

use self::header_names::RecordingConnector;
use self::host_names::HostNames;
pub use self::no_reply::NoReplyError;
pub use self::status::{advice, location};
use crate::error::CommandError;

/// An answer as the server sent it.
pub struct HttpReply {
    /// Status, headers and body.
    pub response: Response<Vec<u8>>,
    /// The name of the header `Body-Sign` with the server's capitals; `None` without the header.
    pub body_sign_name: Option<String>,
    /// From the first byte sent to the last one received.
    pub took: Duration,
}

/// A client that follows no redirect and reads every status as an answer. It opens a new connection for
/// each call: a server may close an idle connection while a call is sent.
pub fn client() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(0)
        .timeout_global(Some(PATIENCE))
        .user_agent(concat!("koohook/", env!("CARGO_PKG_VERSION")))
        .build();
    let connector = DefaultConnector::default().chain(RecordingConnector);
    Agent::with_parts(config, connector, HostNames::default())
}

/// Sends a request and waits for the whole answer.
///
/// # Errors
/// If the server sends no whole answer.
pub fn send(client: &Agent, request: Request<Vec<u8>>) -> Result<HttpReply, NoReplyError> {
    let uri = request.uri().clone();
    header_names::forget();
    let started = Instant::now();
    let received = receive(client, request);
    let took = started.elapsed();
    match received {
        Ok(response) => {
            Ok(HttpReply { response, body_sign_name: header_names::of("body-sign"), took })
        }
        Err(error) => Err(NoReplyError::new(&uri, &error)),
    }
}

fn receive(client: &Agent, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, ureq::Error> {
    let response = if request.body().is_empty() {
        client.run(request.map(|_| ()))?
    } else {
        client.run(request)?
    };
    let (head, mut body) = response.into_parts();
    Ok(Response::from_parts(head, body.read_to_vec()?))
}

/// Whether an address has a path after its host.
pub fn has_path(address: &str) -> bool {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    host.split_once('/').is_some_and(|(_, path)| !path.is_empty())
}

/// Checks a production address before the first call.
///
/// # Errors
/// What is wrong with it, then what to do.
pub fn check_address(address: &str) -> Result<(), CommandError> {
    if !address.starts_with("http://") && !address.starts_with("https://") {
        return Err(format!(
            "address {address} has no scheme; write https:// or http:// before it"
        )
        .into());
    }
    // The parser of URIs drops the fragment: # and the rest of the address.
    if address.contains('#') {
        return Err(format!(
            "address {address} has a fragment; delete # and the text after it, or write # as %23"
        )
        .into());
    }
    // A function's name replaces {function} later. A URI must not contain braces.
    let plain = address.replace("{function}", "function");
    let uri: Uri = plain.parse().map_err(|fault| {
        format!("address {address} is not a URL ({fault}); write it as https://host/path")
    })?;
    if uri.query().is_some() {
        return Err(format!(
            "address {address} has a query; delete the query, because koohook adds the signature there"
        )
        .into());
    }
    Ok(())
}

/// The longest time that the marketplace's client waits (V1 guide, frequently asked questions).
pub const PATIENCE: Duration = Duration::from_secs(20);
