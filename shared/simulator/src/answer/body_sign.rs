//! The signature of an answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Response;

use super::{AnswerError, Remark, only};
use crate::mac;

/// Checks the header `Body-Sign` in the form of koohook. The signature covers the exact bytes of
/// the body, and its key is only the access key.
///
/// The only accepted form is `sign_type="HMAC-SHA256", signature= "…"`, with a space before the
/// second value, as on the signature page.
///
/// Restates *Signing the response body* of access guide 1.0.
///
/// # Errors
///
/// The fault, or the remark that [`judge_body_sign`] makes.
pub fn verify_body_sign(response: &Response<Vec<u8>>, access_key: &str) -> Result<(), AnswerError> {
    judge_body_sign(response, access_key)?.map_or(Ok(()), |remark| Err(remark.into()))
}

/// Checks the header `Body-Sign` with any blanks after its comma and its equals signs.
///
/// The signature page has a space before the second value, and the frequently asked questions have
/// no space. The marketplace accepts both.
///
/// # Errors
///
/// [`AnswerError::BodySignMissing`], [`AnswerError::BodySignForm`] or [`AnswerError::BodySign`].
pub fn judge_body_sign(
    response: &Response<Vec<u8>>,
    access_key: &str,
) -> Result<Option<Remark>, AnswerError> {
    if !response.headers().contains_key(NAME) {
        return Err(AnswerError::BodySignMissing);
    }
    let text = only(response.headers(), NAME).ok_or(AnswerError::BodySignForm)?;
    let signature = signature(text).ok_or(AnswerError::BodySignForm)?;
    let expected = STANDARD.encode(mac::hmac_sha256(access_key.as_bytes(), response.body()));
    if signature != expected {
        return Err(AnswerError::BodySign);
    }
    let documented = format!(r#"sign_type="HMAC-SHA256", signature= "{signature}""#);
    Ok((text != documented).then_some(Remark::BodySignBlanks))
}

/// The signature in the header: its second value.
fn signature(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("sign_type=")?.trim_start_matches(BLANKS);
    let rest = rest.strip_prefix(r#""HMAC-SHA256","#)?.trim_start_matches(BLANKS);
    let rest = rest.strip_prefix("signature=")?.trim_start_matches(BLANKS);
    rest.strip_prefix('"')?.strip_suffix('"')
}

/// The blanks of a header (RFC 9110).
const BLANKS: [char; 2] = [' ', '\t'];
const NAME: &str = "body-sign";
