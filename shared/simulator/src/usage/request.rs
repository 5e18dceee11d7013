//! The head of a request: its route and its headers.

use super::answer::Refusal;

/// One request, as it was received.
#[derive(Clone, Copy)]
pub(super) struct UsageRequest<'a> {
    pub(super) method: &'a str,
    /// The path and the query.
    pub(super) path: &'a str,
    pub(super) headers: &'a [(String, String)],
    pub(super) body: &'a [u8],
}

/// The three headers that prove a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Proof<'a> {
    /// `ts`, as it was sent.
    pub(super) ts: &'a str,
    pub(super) nonce: &'a str,
    pub(super) signature: &'a str,
}

impl<'a> UsageRequest<'a> {
    /// Checks path and method.
    pub(super) fn check_route(&self) -> Result<(), Refusal> {
        let is_known = self.method == "POST" && self.path == PATH;
        if is_known { Ok(()) } else { Err(Refusal::NO_SUCH_API) }
    }

    /// A header that exists exactly once.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        let is_named = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        let mut named = self.headers.iter().filter(is_named);
        let (_, value) = named.next().filter(|_| named.next().is_none())?;
        Some(value.trim())
    }

    /// Reads the three headers and checks their shape.
    ///
    /// Restates *Pushing usage (new)*: `ts` has at most 20 characters and is in milliseconds,
    /// `nonce` has at most 64, and `signature` has at most 1,000.
    pub(super) fn proof(&self) -> Result<Proof<'a>, Refusal> {
        let mandatory = |name| self.header(name).filter(|text| !text.is_empty());
        let content_type = mandatory("content-type").ok_or(Refusal::PARAMETERS)?;
        let ts = mandatory("ts").ok_or(Refusal::PARAMETERS)?;
        let nonce = mandatory("nonce").ok_or(Refusal::PARAMETERS)?;
        let signature = mandatory("signature").ok_or(Refusal::PARAMETERS)?;
        if !is_json(content_type) || !is_shaped(ts, nonce, signature) {
            return Err(Refusal::OTHER);
        }
        Ok(Proof { ts, nonce, signature })
    }
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

fn is_shaped(ts: &str, nonce: &str, signature: &str) -> bool {
    let is_number = ts.len() <= 20 && ts.bytes().all(|byte| byte.is_ascii_digit());
    let is_text = nonce.len() <= 64 && nonce.bytes().all(|byte| byte.is_ascii_graphic());
    is_number && is_text && signature.len() <= 1_000
}

/// The path of *Pushing usage (new)*.
pub const PATH: &str = "/api/mkp-openapi-public/global/v1/isv/usage-data";
