//! Advice for an operator if the product did not answer, or did not accept a notice.

use crate::world::Unanswered;

/// Advice for an operator if a notice was given up.
pub(crate) const GIVEN_UP: &str = "repair the product, then run koohook notices replay";

/// Advice for an operator if the product answered 401 after it had accepted other notices.
pub(super) const ONE_REFUSED: &str = "the product refused this notice, and accepted others with the same secret since koohook started; check the product's log, and whether its secret was changed";

/// Advice for an operator if the product did not answer.
pub(super) const fn advice(fault: Unanswered) -> &'static str {
    match fault {
        Unanswered::NameNotFound => "check the host in KOOHOOK_PRODUCT_URL and the DNS",
        Unanswered::NotAllowed => {
            "use https; over http every address of the host must be on this machine, or in a private network if KOOHOOK_PRODUCT_HTTP=private"
        }
        Unanswered::Refused => {
            "check that the product runs, and check the port in KOOHOOK_PRODUCT_URL"
        }
        Unanswered::NotTrusted => {
            "set KOOHOOK_PRODUCT_CA to the certificate of the product's authority; the product's certificate needs the host in subjectAltName, valid dates, and CA:FALSE if it is self-signed"
        }
        Unanswered::Tls => "check the port in KOOHOOK_PRODUCT_URL; it may not speak TLS",
        Unanswered::NotHttp => "check the port in KOOHOOK_PRODUCT_URL; it may need https",
        Unanswered::NotReached => "check routes and firewalls",
        Unanswered::TimedOut => "make the product answer 202 immediately, or check firewalls",
        Unanswered::CutOff => "check the product's log and the proxies in front of it",
        Unanswered::TooLong => "make the product's answers shorter than 64 KiB",
    }
}

/// Advice for an operator if the product answered and did not accept the notice.
pub(super) const fn advice_on_status(status: u16) -> &'static str {
    match status {
        200..=299 => "correct the body of the product's answer; docs/product.md describes it",
        300..=399 => "set KOOHOOK_PRODUCT_URL to the final address; koohook follows no redirect",
        401 => "compare KOOHOOK_PRODUCT_SECRET with the product's secret",
        404 | 405 => "check the path in KOOHOOK_PRODUCT_URL",
        410 => "correct the product, then run koohook notices replay: 410 makes a dead letter",
        _ => "check the product's log",
    }
}
