//! Signs koohook's requests to the marketplace with `SDK-HMAC-SHA256`, the scheme of its API
//! gateway (the guide's pages "API signing").
//!
//! This scheme is different from the schemes of the callbacks: it has another key and another
//! signed text. It signs each part of the request. The gateway accepts the signature for 15
//! minutes.

use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::mac::hmac_sha256;
use crate::query_string;
use crate::time::UnixMillis;

/// A request to the marketplace that is not signed yet.
#[derive(Clone, Copy, Debug)]
pub struct UnsignedRequest<'a> {
    /// The HTTP method: `GET` or `POST`.
    pub method: &'a str,
    /// The path, not encoded.
    pub path: &'a str,
    /// The query's names and values, not encoded, in any order.
    pub query: &'a [(&'a str, &'a str)],
    /// The signed headers without `x-sdk-date`. The gateway requires `host`.
    pub headers: &'a [(&'a str, &'a str)],
    /// Exactly the bytes that are sent.
    pub body: &'a [u8],
}

/// The headers that a signature adds to a request.
#[derive(Clone, Eq, PartialEq)]
pub struct SdkHeaders {
    /// `x-sdk-date`.
    pub x_sdk_date: String,
    /// `authorization`.
    pub authorization: String,
}

/// An access key of the seller's account: the access key (AK) and the secret key (SK) that signs.
#[derive(Clone, Eq, PartialEq)]
pub struct OpenApiCredentials {
    ak: String,
    sk: String,
}

/// Which part of an access key is invalid. The error never contains the text.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum OpenApiKeyError {
    /// The access key.
    #[error("access key must be printable ASCII characters without spaces or commas")]
    Ak,
    /// The secret key.
    #[error("secret key must be printable ASCII characters without spaces or commas")]
    Sk,
}

impl OpenApiCredentials {
    /// Reads an access key as the file from the console contains it.
    ///
    /// # Errors
    /// If a part is empty, or contains a character that a header must not contain.
    pub fn parse(ak: &str, sk: &str) -> Result<Self, OpenApiKeyError> {
        let plain = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
        };
        match (plain(ak), plain(sk)) {
            (true, true) => Ok(Self { ak: ak.to_owned(), sk: sk.to_owned() }),
            (false, _) => Err(OpenApiKeyError::Ak),
            (true, false) => Err(OpenApiKeyError::Sk),
        }
    }
}

impl fmt::Debug for OpenApiCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OpenApiCredentials([redacted])")
    }
}

impl fmt::Debug for SdkHeaders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The gateway accepts the same authorization for 15 minutes, so it must not reach a log.
        formatter
            .debug_struct("SdkHeaders")
            .field("x_sdk_date", &self.x_sdk_date)
            .finish_non_exhaustive()
    }
}

impl UnsignedRequest<'_> {
    /// Signs the request with the current time.
    pub fn sign(&self, credentials: &OpenApiCredentials, now: UnixMillis) -> SdkHeaders {
        let x_sdk_date = now.to_sdk_date();
        let text = format!("{ALGORITHM}\n{x_sdk_date}\n{}", self.canonical_digest(now));
        let signature = hex::encode(hmac_sha256(credentials.sk.as_bytes(), &[text.as_bytes()]));
        let authorization = format!(
            "{ALGORITHM} Access={}, SignedHeaders={}, Signature={signature}",
            credentials.ak,
            names(&self.signed_headers(now)),
        );
        SdkHeaders { x_sdk_date, authorization }
    }

    /// The canonical request. Its digest is signed. It contains no secret. If the gateway rejects a
    /// signature, compare this text with the gateway's.
    pub fn canonical(&self, now: UnixMillis) -> String {
        let headers = self.signed_headers(now);
        let lines: String =
            headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let body_digest = hex::encode(Sha256::digest(self.body));
        [
            self.method,
            &canonical_path(self.path),
            &query_text(self.query),
            &lines,
            &names(&headers),
            &body_digest,
        ]
        .join("\n")
    }

    /// SHA-256 of the canonical request in hex. The signature covers this digest and the date.
    pub fn canonical_digest(&self, now: UnixMillis) -> String {
        hex::encode(Sha256::digest(self.canonical(now)))
    }

    fn signed_headers(&self, now: UnixMillis) -> Vec<(String, String)> {
        let of_request = self.headers.iter();
        let mut headers: Vec<_> = of_request
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        headers.push(("x-sdk-date".to_owned(), now.to_sdk_date()));
        headers.sort();
        headers
    }
}

/// The query in the form that is signed and should be sent. The pairs are sorted by name and then
/// by value, and encoded afterwards. The marketplace's own libraries sort in the same way.
pub fn query_text(query: &[(&str, &str)]) -> String {
    let mut pairs = query.to_vec();
    pairs.sort_unstable();
    let encode =
        |(name, value)| format!("{}={}", query_string::encode(name), query_string::encode(value));
    pairs.into_iter().map(encode).collect::<Vec<_>>().join("&")
}

/// The path in the form that is signed. It always ends with a slash. The sent path has no such
/// slash.
fn canonical_path(path: &str) -> String {
    let parts: Vec<_> =
        path.split('/').map(|part| query_string::encode(part).to_string()).collect();
    let mut encoded = parts.join("/");
    if !encoded.ends_with('/') {
        encoded.push('/');
    }
    encoded
}

fn names(headers: &[(String, String)]) -> String {
    headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";")
}

const ALGORITHM: &str = "SDK-HMAC-SHA256";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_sorted_and_then_encoded() {
        let cases: [(&[(&str, &str)], &str); 6] = [
            (&[], ""),
            (&[("b", "2"), ("a", "1"), ("b", "1"), ("B", "")], "B=&a=1&b=1&b=2"),
            (&[("a", "x y"), ("a", "~-._")], "a=x%20y&a=~-._"),
            (&[("a", "+/=&%*'")], "a=%2B%2F%3D%26%25%2A%27"),
            // Sorted before encoding: `~` is 7E and `é` begins with C3. After encoding, `é` begins
            // with `%`.
            (&[("é", "测"), ("~", "")], "~=&%C3%A9=%E6%B5%8B"),
            (&[("ab", "1"), ("a", "2"), ("a b", "3")], "a=2&a%20b=3&ab=1"),
        ];
        for (query, text) in cases {
            assert_eq!(query_text(query), text);
        }
    }

    #[test]
    fn a_signed_path_ends_with_a_slash() {
        let cases = [
            ("", "/"),
            ("/", "/"),
            ("/a", "/a/"),
            ("/a/", "/a/"),
            ("/a b/~测", "/a%20b/~%E6%B5%8B/"),
        ];
        for (path, signed) in cases {
            assert_eq!(canonical_path(path), signed);
        }
    }

    #[test]
    fn header_names_are_lower_case_and_sorted() {
        let outgoing = UnsignedRequest {
            method: "GET",
            path: "/",
            query: &[],
            headers: &[("X-Stage", " RELEASE\t"), ("Host", "a.example")],
            body: b"",
        };
        let canonical = outgoing.canonical(UnixMillis::new(1_595_835_431_903));
        let headers = "host:a.example\nx-sdk-date:20200727T073711Z\nx-stage:RELEASE\n";
        assert!(canonical.contains(&format!("\n{headers}\nhost;x-sdk-date;x-stage\n")));
    }

    #[test]
    fn a_key_that_does_not_fit_into_a_header_is_rejected() {
        let cases = [
            ("", "sk", Err(OpenApiKeyError::Ak)),
            ("ak", "", Err(OpenApiKeyError::Sk)),
            ("a k", "sk", Err(OpenApiKeyError::Ak)),
            ("ak,", "sk", Err(OpenApiKeyError::Ak)),
            ("ak", "sk\n", Err(OpenApiKeyError::Sk)),
            ("鍵", "", Err(OpenApiKeyError::Ak)),
        ];
        for (ak, sk, expected) in cases {
            assert_eq!(OpenApiCredentials::parse(ak, sk), expected, "{ak:?} {sk:?}");
        }
    }

    #[test]
    fn debug_output_contains_no_secret() {
        let credentials = OpenApiCredentials::parse("canary-ak", "canary-sk").unwrap();
        let outgoing =
            UnsignedRequest { method: "GET", path: "/", query: &[], headers: &[], body: b"" };
        let signed = outgoing.sign(&credentials, UnixMillis::new(0));
        assert!(signed.authorization.contains("Access=canary-ak, SignedHeaders=x-sdk-date, "));
        let shown = format!("{credentials:?} {signed:?}");
        assert_eq!(
            shown,
            "OpenApiCredentials([redacted]) SdkHeaders { x_sdk_date: \"19700101T000000Z\", .. }"
        );
    }
}
