//! Why a call came to nothing, in one word: read from the errors beneath the client's own.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::iter::successors;

use http_body_util::LengthLimitError;
use hyper_util::client::legacy;

use super::resolver::ResolveError;
use crate::web::Unanswered;

/// How far a call had come.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Stage {
    Connecting,
    Connected,
}

/// Why there is no answer's head.
pub(super) fn of_request(fault: &legacy::Error) -> Unanswered {
    let stage = if fault.is_connect() { Stage::Connecting } else { Stage::Connected };
    cause(fault, stage)
}

/// Why an answer's body is not whole.
pub(super) fn of_body(fault: &(dyn Error + 'static)) -> Unanswered {
    cause(fault, Stage::Connected)
}

fn cause(fault: &(dyn Error + 'static), stage: Stage) -> Unanswered {
    // What a layer says by its own type is surer than what a socket says.
    let by_layer = sources(fault).find_map(layer);
    let by_socket = || sources(fault).find_map(|source| socket(source, stage));
    by_layer.or_else(by_socket).unwrap_or(match stage {
        Stage::Connecting => Unanswered::NotReached,
        Stage::Connected => Unanswered::CutOff,
    })
}

/// An error and those beneath it.
fn sources<'a>(
    fault: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(fault), |fault| beneath(*fault))
}

/// The next error. `io::Error::source` leaves out the error that it wraps.
fn beneath<'a>(fault: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
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
    match (kind, stage) {
        (ErrorKind::ConnectionRefused, _) => Some(Unanswered::Refused),
        (ErrorKind::TimedOut, _) => Some(Unanswered::TimedOut),
        // A connection that exists and ends before it is ready: the other side does not speak TLS.
        (
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe,
            Stage::Connecting,
        ) => Some(Unanswered::Tls),
        // Chunks without lengths.
        (ErrorKind::InvalidData | ErrorKind::InvalidInput, Stage::Connected) => {
            Some(Unanswered::NotHttp)
        }
        _ => None,
    }
}
