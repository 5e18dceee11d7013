//! `dynamodb://TABLE?region=REGION`, and `&endpoint=URL` if it is not Amazon's own.

use crate::aws_address::{amazon, parse_endpoint, parse_region};

/// Which table, in which region, at which endpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DynamodbSetting {
    /// The table's name.
    pub table: String,
    /// The region for which calls are signed.
    pub region: String,
    /// The endpoint that is called: scheme and authority.
    pub endpoint: String,
}

impl DynamodbSetting {
    /// Reads the text after `dynamodb://`.
    ///
    /// # Errors
    /// What is wrong, without the value.
    pub fn parse(rest: &str) -> Result<Self, &'static str> {
        let (table, options) = rest.split_once('?').unwrap_or((rest, ""));
        if !(3..=255).contains(&table.len()) || !table.bytes().all(is_of_a_name) {
            return Err(
                "must have a table's name after dynamodb://: 3 to 255 of a-z A-Z 0-9 _ - .",
            );
        }
        let (mut region, mut endpoint) = (None, None);
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("region", text)) if region.is_none() => region = Some(parse_region(text)?),
                Some(("endpoint", text)) if endpoint.is_none() => {
                    endpoint = Some(parse_endpoint(text)?);
                }
                _ => {
                    return Err(
                        "has an unknown option; only ?region= and &endpoint= are allowed, each once",
                    );
                }
            }
        }
        let region = region.ok_or("must have ?region= after the table's name")?;
        let endpoint = endpoint.unwrap_or_else(|| amazon("dynamodb", &region));
        Ok(Self { table: table.to_owned(), region, endpoint })
    }
}

const fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazon_is_the_default_endpoint() {
        let endpoint = |rest| DynamodbSetting::parse(rest).map(|setting| setting.endpoint);
        let amazon = Ok("https://dynamodb.eu-west-1.amazonaws.com".to_owned());
        assert_eq!(endpoint("koohook?region=eu-west-1"), amazon);
        let china = Ok("https://dynamodb.cn-north-1.amazonaws.com.cn".to_owned());
        assert_eq!(endpoint("koohook?region=cn-north-1"), china);
        let other = Ok("http://[::1]:8000".to_owned());
        assert_eq!(endpoint("koohook?endpoint=http://[::1]:8000/&region=local"), other);
    }
}
