//! What an operator can do about a product that did not answer.

use crate::world::Unanswered;

/// What an operator can do about a product that did not answer.
pub(super) const fn advice(fault: Unanswered) -> &'static str {
    match fault {
        Unanswered::NameNotFound => "look at the host in KOOHOOK_PRODUCT_URL and the name service",
        Unanswered::NotAllowed => {
            "use https; over http every address of the name must be this machine's, or with KOOHOOK_PRODUCT_HTTP=private in a private network"
        }
        Unanswered::Refused => "look at the product and at the port in KOOHOOK_PRODUCT_URL",
        Unanswered::NotTrusted => {
            "put the certificate of its authority into KOOHOOK_PRODUCT_CA; it needs a subjectAltName of the host, valid dates, and CA:FALSE if it is self-signed"
        }
        Unanswered::Tls => "look at the port in KOOHOOK_PRODUCT_URL: it may not speak TLS",
        Unanswered::NotHttp => "look at the port in KOOHOOK_PRODUCT_URL: it may want https",
        Unanswered::NotReached => "look at routes and firewalls",
        Unanswered::TimedOut => "let the product answer 202 at once, or look at firewalls",
        Unanswered::CutOff => "look at the product's log and at proxies before it",
        Unanswered::TooLong => "let the product answer less than 64 KiB",
    }
}
