//! What to do about an answer whose HTTP status is not 200.

use http::Response;
use http::header::LOCATION;

/// What to do about an HTTP status; `location` is the address to which the answer redirects.
pub fn advice(status: u16, location: Option<&str>) -> Option<String> {
    let advice = match (status, location) {
        (404, _) => {
            "correct the path of the address (koohook's own is /saasproduce), or set the key of \
             this route there: koohook answers 404 without it"
        }
        (405 | 501, _) => "the server does not serve this guide, or not at this path",
        (301..=308, Some(location)) => {
            return Some(format!(
                "it redirects to {}; the marketplace follows no redirect: give that address",
                location.escape_debug()
            ));
        }
        (301..=308, None) => {
            "give the address that it redirects to; the marketplace follows no redirect"
        }
        (401 | 403, _) => "let the marketplace's calls past the gateway in front of the server",
        (502..=504, _) => "the proxy does not reach the server behind it; start that server",
        (500.., _) => "the server failed: see its log, or correct the path of the address",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// The address to which an answer redirects. Its query is left out: it may repeat the signature of
/// the call.
pub fn location(response: &Response<Vec<u8>>) -> Option<String> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    location.split(['?', '#']).next().map(str::to_owned)
}
