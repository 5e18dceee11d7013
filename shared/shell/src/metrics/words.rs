//! The values of labels: koohook's own words, of which there are few.

use protocol::signature::Rejection;

use crate::failure::Failure;

/// The value of a label that has no known value.
pub(super) const OTHER: &str = "other";

/// Why a call is rejected, in a word.
pub(super) const fn rejection(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::SignatureMissing => "signature-missing",
        Rejection::SignatureMalformed => "signature-malformed",
        Rejection::SignatureWrong => "signature-wrong",
        Rejection::ParameterRepeated => "parameter-repeated",
        Rejection::ParameterMalformed => "parameter-malformed",
        Rejection::TimeStampMalformed | Rejection::TimestampMalformed => "timestamp-malformed",
        Rejection::TimestampOtherUnit { .. } => "timestamp-other-unit",
        Rejection::OutsideTolerance { .. } => "timestamp-outside-tolerance",
        Rejection::NonceMalformed => "nonce-malformed",
        Rejection::Folded => "parameter-folded",
        Rejection::TooManyNodes => "body-too-many-values",
        Rejection::BodyMalformed => "body-malformed",
        Rejection::BodyConflicting => "body-conflicting",
    }
}

/// A failure on koohook's side, in a word.
pub(super) const fn failure(failure: Failure) -> &'static str {
    match failure {
        Failure::StoreUnavailable => "store-unavailable",
        Failure::OutOfTime => "deadline-passed",
        Failure::Contended => "write-contended",
        Failure::Unopened | Failure::SealedElsewhere => "sealed-by-another-key",
        Failure::MarkLost => "store-lost",
        Failure::Value(_) => "value-unusable",
        Failure::List(_) => "list-unusable",
        Failure::Panicked => "panic",
    }
}

/// The HTTP statuses that koohook answers to the product.
pub(super) const fn status(status: u16) -> &'static str {
    match status {
        200 => "200",
        400 => "400",
        401 => "401",
        404 => "404",
        409 => "409",
        410 => "410",
        422 => "422",
        503 => "503",
        _ => OTHER,
    }
}

/// Every word of [`failure`].
pub(super) const FAILURES: [&str; 8] = [
    "store-unavailable",
    "deadline-passed",
    "write-contended",
    "sealed-by-another-key",
    "store-lost",
    "value-unusable",
    "list-unusable",
    "panic",
];
/// The work that can fail.
pub(super) const SOURCES: [&str; 7] =
    ["callback", "app-info", "usage", "usage-info", "delivery", "relay", "usage-sending"];
/// What becomes of usage records.
pub(super) const USAGE_OUTCOMES: [&str; 5] = ["sent", "rejected", "waiting", "late", "dropped"];
/// How runs of the relay end.
pub(super) const RUN_ENDS: [&str; 4] = ["finished", "unfinished", "product-down", "failed"];

/// Which key was used.
pub(super) const fn which(is_current: bool) -> &'static str {
    if is_current { "current" } else { "previous" }
}
