//! Why a call failed, as one [`Unanswered`]. It is read from the errors inside the client's error.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::iter::successors;

use http_body_util::LengthLimitError;
use hyper_util::client::legacy;

use super::resolver::ResolveError;
use crate::web::Unanswered;

/// When a call failed.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Stage {
    /// The client was connecting over plain HTTP.
    Connecting,
    /// The client was connecting over HTTPS, which includes the TLS handshake.
    ConnectingTls,
    Connected,
}

/// Why there is no status line with headers. `is_https` is whether the address is https.
pub(super) fn of_request(fault: &legacy::Error, is_https: bool) -> Unanswered {
    let stage = match (fault.is_connect(), is_https) {
        (true, false) => Stage::Connecting,
        (true, true) => Stage::ConnectingTls,
        (false, _) => Stage::Connected,
    };
    cause(fault, stage)
}

/// Why an answer's body is incomplete.
pub(super) fn of_body(fault: &(dyn Error + 'static)) -> Unanswered {
    cause(fault, Stage::Connected)
}

fn cause(fault: &(dyn Error + 'static), stage: Stage) -> Unanswered {
    // The error types of the upper layers are more precise than the error of the socket.
    let by_layer = sources(fault).find_map(layer);
    let by_socket = || sources(fault).find_map(|source| socket(source, stage));
    by_layer.or_else(by_socket).unwrap_or(match stage {
        Stage::Connecting | Stage::ConnectingTls => Unanswered::NotReached,
        Stage::Connected => Unanswered::CutOff,
    })
}

/// An error and all errors inside it.
fn sources<'a>(
    fault: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(fault), |fault| inner(*fault))
}

/// The next error. `io::Error::source` skips the error that it wraps.
fn inner<'a>(fault: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match fault.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => fault.source(),
    }
}

fn layer(source: &(dyn Error + 'static)) -> Option<Unanswered> {
    if let Some(unresolved) = source.downcast_ref() {
        return Some(match unresolved {
            ResolveError::NotFound => Unanswered::NameNotFound,
            ResolveError::Outside => Unanswered::NotAllowed,
        });
    }
    if let Some(tls) = source.downcast_ref() {
        return Some(match tls {
            rustls::Error::InvalidCertificate(_) => Unanswered::NotTrusted,
            _ => Unanswered::Tls,
        });
    }
    let is_parse = source.downcast_ref().is_some_and(hyper::Error::is_parse);
    if source.is::<LengthLimitError>() {
        Some(Unanswered::TooLong)
    } else {
        is_parse.then_some(Unanswered::NotHttp)
    }
}

fn socket(source: &(dyn Error + 'static), stage: Stage) -> Option<Unanswered> {
    let kind = source.downcast_ref().map(io::Error::kind)?;
    let is_closed = matches!(
        kind,
        ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
    );
    match (kind, stage) {
        (ErrorKind::ConnectionRefused, _) => Some(Unanswered::Refused),
        (ErrorKind::TimedOut, _) => Some(Unanswered::TimedOut),
        // The other side closed the connection during the handshake: it does not speak TLS.
        (_, Stage::ConnectingTls) if is_closed => Some(Unanswered::Tls),
        // On plain HTTP there is no handshake. A product that closes its socket while the connection
        // waits in the backlog ends the connection before it is ready.
        (_, _) if is_closed => Some(Unanswered::CutOff),
        // A chunk without a valid length.
        (ErrorKind::InvalidData | ErrorKind::InvalidInput, Stage::Connected) => {
            Some(Unanswered::NotHttp)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn io(kind: ErrorKind) -> io::Error {
        io::Error::new(kind, "canary")
    }

    #[test]
    fn a_connection_that_ends_early_is_cut_off_on_http_and_fails_tls_on_https() {
        for kind in [
            ErrorKind::UnexpectedEof,
            ErrorKind::ConnectionReset,
            ErrorKind::ConnectionAborted,
            ErrorKind::BrokenPipe,
        ] {
            assert_eq!(cause(&io(kind), Stage::Connecting), Unanswered::CutOff, "{kind}");
            assert_eq!(cause(&io(kind), Stage::ConnectingTls), Unanswered::Tls, "{kind}");
            assert_eq!(cause(&io(kind), Stage::Connected), Unanswered::CutOff, "{kind}");
        }
    }

    #[test]
    fn a_wrapped_socket_error_has_the_same_cause() {
        let wrapped = io::Error::other(io(ErrorKind::ConnectionReset));
        assert_eq!(cause(&wrapped, Stage::Connecting), Unanswered::CutOff);
        let refused = io::Error::other(io(ErrorKind::ConnectionRefused));
        for stage in [Stage::Connecting, Stage::ConnectingTls] {
            assert_eq!(cause(&refused, stage), Unanswered::Refused);
        }
    }

    #[test]
    fn another_failure_to_connect_is_not_reached() {
        for stage in [Stage::Connecting, Stage::ConnectingTls] {
            assert_eq!(cause(&io(ErrorKind::NetworkUnreachable), stage), Unanswered::NotReached);
        }
    }
}
