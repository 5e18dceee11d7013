//! Why no answer came, and what to do about it.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use http::Uri;
use thiserror::Error;
use ureq::Agent;

use super::{PATIENCE, header_names};

/// No whole answer came. The text says what is wrong, then what to do.
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

    /// Whether no other call to this address can be answered: nothing listens there, or the
    /// scheme of the address is wrong.
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
    let is_https = uri.starts_with("https:");
    match error {
        ureq::Error::Timeout(_) => NoReplyError::of_call(format!(
            "{at} did not answer within {} s, and the marketplace waits no longer: look in its \
             log where the call hangs",
            PATIENCE.as_secs()
        )),
        ureq::Error::HostNotFound => NoReplyError::of_address(format!(
            "host of {at} is unknown: correct the address, or its name in the DNS"
        )),
        ureq::Error::Io(fault) if fault.kind() == ErrorKind::ConnectionRefused => {
            NoReplyError::of_address(format!(
                "{at} refused the connection: start the server, or correct the address"
            ))
        }
        _ if !is_https && (header_names::is_tls() || speaks_tls(at)) => NoReplyError::of_address(
            format!("{at} speaks TLS, and the address says http: write https:// before it"),
        ),
        _ if is_https => explain_tls(at, &causes(error)),
        _ => NoReplyError::of_call(format!(
            "{at} sent no whole answer ({}): see its log; if it speaks TLS, write https://",
            causes(error)
        )),
    }
}

/// Whether a server that broke off a plain request answers a TLS handshake.
fn speaks_tls(at: &str) -> bool {
    let config = Agent::config_builder().timeout_global(Some(PROBE)).max_redirects(0).build();
    match Agent::from(config).get(format!("https://{at}/")).call() {
        Ok(_) | Err(ureq::Error::StatusCode(_)) => true,
        Err(error) => causes(&error).contains("certificate"),
    }
}

fn explain_tls(at: &str, causes: &str) -> NoReplyError {
    if causes.contains("certificate") {
        return NoReplyError::of_address(format!(
            "{at} has a certificate that is not trusted ({causes}): install one from a public \
             authority, with its chain, as the marketplace requires"
        ));
    }
    if causes.contains("InvalidContentType") {
        return NoReplyError::of_address(format!(
            "{at} does not speak TLS: write http:// before the address, or give the port of its \
             TLS proxy"
        ));
    }
    NoReplyError::of_call(format!(
        "{at} sent no whole answer over TLS ({causes}): see the log of its TLS proxy"
    ))
}

/// The error and what it was made of, as one text.
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

/// How long a server is asked whether it speaks TLS.
const PROBE: Duration = Duration::from_secs(5);
