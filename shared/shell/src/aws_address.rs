//! The addresses of AWS's APIs, and the names of its secrets.

use http::Uri;

/// Reads the name of a region.
///
/// # Errors
/// What is wrong, without the value.
pub fn parse_region(text: &str) -> Result<String, &'static str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > 63 || !text.bytes().all(plain) {
        return Err("must have a region like eu-west-1");
    }
    Ok(text.to_owned())
}

/// Reads an endpoint: scheme and authority. Credentials never leave this machine unencrypted.
///
/// # Errors
/// What is wrong, without the value.
pub fn parse_endpoint(text: &str) -> Result<String, &'static str> {
    const ENDPOINT: &str = "must have an https endpoint without a path (http only on loopback)";
    let uri: Uri = text.parse().map_err(|_| ENDPOINT)?;
    let authority = uri.authority().ok_or(ENDPOINT)?;
    let loopback = matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]");
    let scheme =
        uri.scheme_str().filter(|scheme| *scheme == "https" || loopback).ok_or(ENDPOINT)?;
    let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
    if !matches!(scheme, "https" | "http") || !bare || authority.as_str().contains('@') {
        return Err(ENDPOINT);
    }
    Ok(format!("{scheme}://{authority}"))
}

/// Amazon's own endpoint of an API in a region.
pub fn amazon(api: &str, region: &str) -> String {
    // China's regions are a separate partition, under a separate domain.
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{api}.{region}.{domain}")
}

/// The name of a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AwsSecretName<'a> {
    arn: &'a str,
    region: &'a str,
}

impl<'a> AwsSecretName<'a> {
    /// Reads an ARN: `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`.
    pub fn parse(arn: &'a str) -> Option<Self> {
        let parts: Vec<_> = arn.split(':').collect();
        let ["arn", partition, "secretsmanager", region, account, "secret", name] = *parts else {
            return None;
        };
        let is_plain = !arn.contains(|letter: char| letter.is_whitespace() || letter.is_control());
        let is_whole = partition.starts_with("aws") && !account.is_empty() && !name.is_empty();
        (is_plain && is_whole && parse_region(region).is_ok()).then_some(Self { arn, region })
    }

    /// The whole ARN.
    pub const fn arn(&self) -> &'a str {
        self.arn
    }

    /// The region of the secret.
    pub const fn region(&self) -> &'a str {
        self.region
    }

    /// The URL of the API that has the secret.
    pub fn endpoint(&self) -> String {
        amazon("secretsmanager", self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:koohook-AbCdEf";

    #[test]
    fn the_address_comes_from_the_arn() {
        let name = AwsSecretName::parse(ARN).unwrap();
        assert_eq!(name.region(), "eu-west-1");
        assert_eq!(name.endpoint(), "https://secretsmanager.eu-west-1.amazonaws.com");
        let china = ARN.replace("aws:", "aws-cn:").replace("eu-west-1", "cn-north-1");
        let china = AwsSecretName::parse(&china).unwrap().endpoint();
        assert_eq!(china, "https://secretsmanager.cn-north-1.amazonaws.com.cn");
    }

    /// A region in an ARN becomes the host of a call with credentials.
    #[test]
    fn a_text_that_is_not_an_arn_names_no_secret() {
        for text in [
            "",
            "koohook",
            "arn:aws:s3:eu-west-1:123456789012:secret:koohook",
            "arn:aws:secretsmanager::123456789012:secret:koohook",
            "arn:aws:secretsmanager:evil.example/:123456789012:secret:koohook",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a b",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a:b",
        ] {
            assert_eq!(AwsSecretName::parse(text), None, "{text}");
        }
    }
}
