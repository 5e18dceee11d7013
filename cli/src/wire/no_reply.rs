//! Why a call has no answer, and what to do.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use http::Uri;
use thiserror::Error;
use ureq::Agent;

use super::{PATIENCE, header_names};

/// The server sent no whole answer. The text states what is wrong, then what to do.
#[derive(Debug, Error)]
#[error("{text}")]
pub struct NoReplyError {
    text: String,
    is_no_server: bool,
}

impl NoReplyError {
    /// Explains the client's error about a request to `uri`.
    pub fn new(uri: &Uri, error: &ureq::Error) -> Self {
        let at = uri.authority().map_or("the server", |authority| authority.as_str());
        explain(at, &uri.to_string(), error)
    }

    /// Whether every other call to this address would fail too: no server listens there, or the scheme
    /// of the address is wrong.
    pub const fn is_no_server(&self) -> bool {
        self.is_no_server
    }

    const fn of_call(text: String) -> Self {
        Self { text, is_no_server: false }
    }

    const fn of_address(text: String) -> Self {
        Self { text, is_no_server: true }
    }
}

fn explain(at: &str, uri: &str, error: &ureq::Error) -> NoReplyError {
    // A user and a password before the host are secrets.
    let at = at.rsplit('@').next().unwrap_or(at);
    let is_https = uri.starts_with("https:");
    match error {
        ureq::Error::Timeout(_) => NoReplyError::of_call(format!(
            "{at} did not answer within {} s, which is the marketplace's limit; read its log to find the \
             slow step",
            PATIENCE.as_secs()
        )),
        ureq::Error::HostNotFound => NoReplyError::of_address(format!(
            "host name of {at} is unknown; correct the address, or the DNS record"
        )),
        ureq::Error::Io(fault) if fault.kind() == ErrorKind::ConnectionRefused => {
            NoReplyError::of_address(format!(
                "{at} refused the connection; start the server, or correct the address"
            ))
        }
        _ if !is_https && (header_names::is_tls() || uses_tls(at)) => NoReplyError::of_address(
            format!("{at} uses TLS, and the address begins with http://; write https://"),
        ),
        _ if is_https => explain_tls(at, &causes(error)),
        _ => NoReplyError::of_call(format!(
            "{at} sent no whole answer ({}); read its log, or write https:// if it uses TLS",
            causes(error)
        )),
    }
}

/// Whether a server that closed a plain HTTP request answers a TLS handshake.
fn uses_tls(at: &str) -> bool {
    let config = Agent::config_builder().timeout_global(Some(PROBE)).max_redirects(0).build();
    match Agent::from(config).get(format!("https://{at}/")).call() {
        Ok(_) | Err(ureq::Error::StatusCode(_)) => true,
        Err(error) => causes(&error).contains("certificate"),
    }
}

fn explain_tls(at: &str, causes: &str) -> NoReplyError {
    if causes.contains("certificate") {
        return NoReplyError::of_address(format!(
            "{at} has a certificate that is not trusted ({causes}); install one from a public \
             authority, with its chain, as the marketplace requires"
        ));
    }
    if causes.contains("InvalidContentType") {
        return NoReplyError::of_address(format!(
            "{at} does not use TLS; write http://, or give the port of its TLS proxy"
        ));
    }
    NoReplyError::of_call(format!(
        "{at} sent no whole answer over TLS ({causes}); read the log of its TLS proxy"
    ))
}

/// The error and its sources as one text.
fn causes(error: &ureq::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// The timeout of the TLS check.
const PROBE: Duration = Duration::from_secs(5);
