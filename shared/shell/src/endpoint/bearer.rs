//! A secret in `Authorization: Bearer`.

use domain::secret::Secret;
use http::header::AUTHORIZATION;
use http::request::Parts;
use protocol::mac::same_text;

/// Whether a request has a secret. The duration of the comparison does not depend on the text.
pub(super) fn has_secret(head: &Parts, secret: &Secret) -> bool {
    let given = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.split_once(' '));
    let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let given = given.map_or("", |(_, secret)| secret);
    same_text(given, secret.reveal())
}
