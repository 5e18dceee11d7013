//! Signs an answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::access_key::AccessKey;
use crate::mac::hmac_sha256;

/// The value of the header `Body-Sign`. It covers exactly the bytes that are sent (V1 guide, page
/// "signing the response"). The guide has the space after `signature=`.
pub fn body_sign(key: &AccessKey, body: &[u8]) -> String {
    let digest = hmac_sha256(key.as_str().as_bytes(), &[body]);
    format!("sign_type=\"HMAC-SHA256\", signature= \"{}\"", STANDARD.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A library of another language computed the expected signatures by the guide's formula.
    #[test]
    fn body_sign_covers_the_sent_bytes() {
        let key = AccessKey::parse("11111111-2222-3333-4444-555555555555").unwrap();
        let body = r#"{"resultCode":"000000","resultMsg":"success."}"#;
        let cases = [
            (body.to_owned(), "JlKwXWkh0Ut3KEMWxd0Q8cjpT9/KvMKX/y6SJ8PitkE="),
            (format!("{body}\n"), "eINdBa4mnOtUe9GrvMNPnmpXRFoaIc7+nLLeS9s0hBM="),
        ];
        for (body, signature) in cases {
            let value = format!("sign_type=\"HMAC-SHA256\", signature= \"{signature}\"");
            assert_eq!(body_sign(&key, body.as_bytes()), value);
        }
    }
}
