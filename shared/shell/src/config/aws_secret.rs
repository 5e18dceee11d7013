//! Settings whose text is in AWS Secrets Manager: `aws-secret:ARN`, or `aws-secret:ARN#member` for a
//! member of a secret that is a JSON object.
//!
//! A program reads them once, at its start, with its own credentials. So only the role of a function
//! whose settings name a secret needs the permission to read it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::names::VARIABLES;
#[cfg(feature = "dynamodb")]
use crate::aws_address::AwsSecretName;

/// The texts of the secrets that settings name, or why there is none. Each is read once.
static READ: OnceLock<BTreeMap<String, Result<String, String>>> = OnceLock::new();

/// Whether the text of a setting names a secret.
pub(super) fn is_named(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The text of a secret that was read.
pub(super) fn text_of(setting: &str) -> Option<String> {
    READ.get()?.get(setting)?.clone().ok()
}

/// Why a setting that names a secret has no text, and what to do.
pub(super) fn why_unread(setting: &str) -> String {
    let read = READ.get().and_then(|read| read.get(setting));
    let fault = read.and_then(|read| read.clone().err());
    format!("names a secret of AWS that {}", fault.as_deref().unwrap_or(UNREAD))
}

/// Reads every secret that a setting of the process's environment names. Later, the settings have the
/// texts of the secrets. A secret that cannot be read is an error of its setting.
pub async fn read_aws_secrets() {
    let named =
        VARIABLES.iter().filter_map(|name| std::env::var(name).ok()).filter(|text| is_named(text));
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        return;
    }
    // A second start in one process, as tests have it, keeps what the first one has read.
    let _ = READ.set(read(named).await);
}

#[cfg(feature = "dynamodb")]
async fn read(named: Vec<String>) -> BTreeMap<String, Result<String, String>> {
    let reader = reader();
    let mut secrets: BTreeMap<String, Result<String, String>> = BTreeMap::new();
    let mut texts = BTreeMap::new();
    for setting in named {
        let (arn, member) = parts(&setting);
        let Some(name) = AwsSecretName::parse(arn) else {
            texts.insert(setting, Err(NO_ARN.to_owned()));
            continue;
        };
        if !secrets.contains_key(arn) {
            let read = match &reader {
                Ok(reader) => reader.read(&name).await.map_err(|fault| fault.to_string()),
                Err(fault) => Err(fault.clone()),
            };
            secrets.insert(arn.to_owned(), read);
        }
        let text = secrets.get(arn).cloned().unwrap_or_else(|| Err(UNREAD.to_owned()));
        let text = text.and_then(|secret| member_of(secret, member));
        texts.insert(setting, text);
    }
    texts
}

#[cfg(feature = "dynamodb")]
fn reader() -> Result<crate::aws::SecretReader<crate::client::Client>, String> {
    use crate::aws::{AwsCredentials, SecretReader};
    let endpoint = std::env::var(ENDPOINT).ok().filter(|text| !text.is_empty());
    let endpoint = endpoint.map(|text| crate::aws_address::parse_endpoint(&text)).transpose();
    let endpoint = endpoint.map_err(|fault| format!("cannot be read: {ENDPOINT} {fault}"))?;
    let credentials = AwsCredentials::from_env();
    let credentials = credentials.map_err(|fault| format!("cannot be read: {fault}"))?;
    let web = crate::client::Client::new(MAX_ANSWER_LEN);
    Ok(SecretReader::new(web, credentials, std::time::SystemTime::now, endpoint))
}

/// A program without the client that signs AWS's calls cannot read a secret.
#[cfg(not(feature = "dynamodb"))]
async fn read(named: Vec<String>) -> BTreeMap<String, Result<String, String>> {
    let fault = "this program cannot read; build it with --features dynamodb, or set the value";
    named.into_iter().map(|setting| (setting, Err(fault.to_owned()))).collect()
}

/// The ARN in a setting, and the member.
#[cfg(feature = "dynamodb")]
fn parts(setting: &str) -> (&str, Option<&str>) {
    let name = setting.strip_prefix(PREFIX).unwrap_or(setting);
    name.split_once('#').map_or((name, None), |(arn, member)| (arn, Some(member)))
}

/// The text of a secret or of its member, without line ends behind it: a secret that was made from a
/// file often has one.
#[cfg(feature = "dynamodb")]
fn member_of(secret: String, member: Option<&str>) -> Result<String, String> {
    let text = match member {
        None => secret,
        Some(member) => {
            let object: serde_json::Value =
                serde_json::from_str(&secret).map_err(|_| NO_OBJECT.to_owned())?;
            match object.get(member) {
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(_) => {
                    return Err("has a member that is not a text; quote its value".to_owned());
                }
                None => return Err("has no such member; add it, or correct its name".to_owned()),
            }
        }
    };
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// What stands before the ARN.
const PREFIX: &str = "aws-secret:";
/// AWS's own variable for another endpoint of Secrets Manager.
#[cfg(feature = "dynamodb")]
const ENDPOINT: &str = "AWS_ENDPOINT_URL_SECRETS_MANAGER";
/// A secret has at most 65,536 bytes; JSON may double them.
#[cfg(feature = "dynamodb")]
const MAX_ANSWER_LEN: usize = 256 * 1_024;
#[cfg(feature = "dynamodb")]
const NO_ARN: &str =
    "has no ARN like arn:aws:secretsmanager:eu-west-1:123456789012:secret:NAME; correct it";
#[cfg(feature = "dynamodb")]
const NO_OBJECT: &str = "is not a JSON object; leave out #member, or store an object";
const UNREAD: &str = "was not read; set the value itself";

#[cfg(all(test, feature = "dynamodb"))]
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

    #[test]
    fn a_setting_names_a_secret_or_its_member() {
        assert_eq!(parts(&format!("aws-secret:{ARN}")), (ARN, None));
        assert_eq!(parts(&format!("aws-secret:{ARN}#base_key")), (ARN, Some("base_key")));
    }

    #[test]
    fn the_text_is_the_secret_or_its_member() {
        let of = |secret: &str, member| member_of(secret.to_owned(), member);
        assert_eq!(of("made-up\r\n", None).unwrap(), "made-up");
        assert_eq!(of(r#"{"a":"made-up\n","b":7}"#, Some("a")).unwrap(), "made-up");
        for (secret, member) in
            [("made-up", "a"), (r#"{"b":"x"}"#, "a"), (r#"{"a":7}"#, "a"), ("[]", "a")]
        {
            let fault = of(secret, Some(member)).unwrap_err();
            assert!(!fault.contains("made-up") && fault.contains("; "), "{fault}");
        }
    }

    #[test]
    fn a_setting_never_is_the_name_of_its_secret() {
        let lookup = |name: &str| (name == "KOOHOOK_BASE_KEY").then(|| format!("aws-secret:{ARN}"));
        let fault = super::super::source::Source(&lookup).text("KOOHOOK_BASE_KEY").unwrap_err();
        assert!(fault.to_string().contains("names a secret of AWS"), "{fault}");
        assert!(!fault.to_string().contains("123456789012"), "{fault}");
    }
}
