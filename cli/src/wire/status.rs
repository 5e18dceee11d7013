//! The advice for an answer whose HTTP status is not 200.

use http::Response;
use http::header::LOCATION;

/// The advice for an HTTP status. `location` is the address to which the answer redirects.
pub fn advice(status: u16, location: Option<&str>) -> Option<String> {
    let advice = match (status, location) {
        (404, _) => {
            "correct the path of the address (koohook's own path is /saasproduce); koohook also \
             answers 404 if the key of the route is not set"
        }
        (405 | 501, _) => {
            "the server does not serve this contract, or not at this path; correct the path"
        }
        (301..=308, Some(location)) => {
            return Some(format!(
                "the marketplace follows no redirect; give the address {}",
                location.escape_debug()
            ));
        }
        (301..=308, None) => {
            "the marketplace follows no redirect; give the address of the redirect"
        }
        (401 | 403, _) => {
            "the gateway in front of the server rejects the call; let the marketplace's calls through"
        }
        (502..=504, _) => "the proxy cannot reach the server behind it; start that server",
        (500.., _) => "the server failed; read its log, or correct the path of the address",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// The address to which an answer redirects. The query is left out, because it may contain the
/// signature of the call.
pub fn location(response: &Response<Vec<u8>>) -> Option<String> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    location.split(['?', '#']).next().map(str::to_owned)
}
