//! Where a listener listens, and the secret that its callers send.

use std::net::SocketAddr;

use domain::secret::Secret;
use protocol::access_key::AccessKey;

/// Reads an address and a port. A name other than `localhost` is rejected, because it may have
/// several addresses.
pub(super) fn parse_listen(text: &str) -> Result<String, &'static str> {
    let is_local = text.strip_prefix("localhost:").is_some_and(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    });
    let is_address = text.parse::<SocketAddr>().is_ok() || is_local;
    let fits = is_address.then(|| text.to_owned());
    fits.ok_or("must be an IP address and a port, like 127.0.0.1:8000 or 0.0.0.0:8000")
}

/// Reads the secret that starts the relay over HTTP.
///
/// # Errors
/// What is wrong with the text, and what to do.
pub fn parse_relay_secret(text: &str) -> Result<Secret, String> {
    parse_listener_secret(text, "relay")
}

/// Reads a secret that a caller of this process sends in a header. `purpose` is its name for `koohook
/// keys secret`.
pub(super) fn parse_listener_secret(text: &str, purpose: &str) -> Result<Secret, String> {
    // The rules of an access key. The secret must also be a valid header value.
    let strong = AccessKey::parse(text).is_ok();
    let fits = strong && text.bytes().all(|byte| byte.is_ascii_graphic());
    let secret = Some(text).filter(|_| fits).map(|text| Secret::new(text.to_owned()));
    secret.ok_or_else(|| {
        format!(
            "must have at least 16 printable characters and not be a placeholder; generate one with \
             koohook keys secret {purpose}"
        )
    })
}
