//! Settings whose text is in AWS Secrets Manager: `aws-secret:ARN`, or `aws-secret:ARN#member` for a
//! member of a secret that is a JSON object.
//!
//! A program reads them once, at its start, with its own credentials. So only the role of a function
//! whose settings name a secret needs the permission to read it.

use std::collections::BTreeMap;
#[cfg(feature = "dynamodb")]
use std::collections::BTreeSet;
use std::sync::OnceLock;
#[cfg(feature = "dynamodb")]
use std::time::SystemTime;

#[cfg(feature = "dynamodb")]
use futures_util::future::join_all;

use super::names::VARIABLES;
#[cfg(feature = "dynamodb")]
use crate::aws::{AwsCredentials, SecretReader};
#[cfg(feature = "dynamodb")]
use crate::aws_address::{AwsSecretName, parse_endpoint};
#[cfg(feature = "dynamodb")]
use crate::client::Client;

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

/// Reads all secrets at once: the start of a function on Lambda may take ten seconds. Several settings may
/// name members of one secret.
#[cfg(feature = "dynamodb")]
async fn read(named: Vec<String>) -> BTreeMap<String, Result<String, String>> {
    let reader = reader();
    let arns: BTreeSet<_> = named.iter().map(|setting| parts(setting).0).collect();
    let secrets = arns.into_iter().map(async |arn| (arn, secret(&reader, arn).await));
    let secrets: BTreeMap<_, _> = join_all(secrets).await.into_iter().collect();
    let text = |setting: &String| {
        let (arn, member) = parts(setting);
        let secret = secrets.get(arn).cloned()?;
        Some((setting.clone(), secret.and_then(|secret| member_of(secret, member))))
    };
    named.iter().filter_map(text).collect()
}

#[cfg(feature = "dynamodb")]
async fn secret(
    reader: &Result<SecretReader<Client>, String>,
    arn: &str,
) -> Result<String, String> {
    let name = AwsSecretName::parse(arn).ok_or(NO_ARN)?;
    let reader = reader.as_ref().map_err(Clone::clone)?;
    reader.read(&name).await.map_err(|fault| fault.to_string())
}

#[cfg(feature = "dynamodb")]
fn reader() -> Result<SecretReader<Client>, String> {
    let endpoint = std::env::var(ENDPOINT).ok().filter(|text| !text.is_empty());
    let endpoint = endpoint.map(|text| parse_endpoint(&text)).transpose();
    let endpoint = endpoint.map_err(|fault| format!("cannot be read: {ENDPOINT} {fault}"))?;
    let credentials = AwsCredentials::from_env();
    let credentials = credentials.map_err(|fault| format!("cannot be read: {fault}"))?;
    let web = Client::new(MAX_ANSWER_LEN);
    Ok(SecretReader::new(web, credentials, SystemTime::now, endpoint))
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
        let folder = std::env::temp_dir().join(format!("koohook-names-{}", std::process::id()));
        let names = [
            format!("aws-secret:{ARN}"),
            format!("AWS-Secret:{ARN}#base"),
            ARN.to_owned(),
            format!("{ARN}#base"),
            ARN.to_uppercase(),
            format!("{{{{resolve:secretsmanager:{ARN}}}}}"),
        ];
        for name in &names {
            std::fs::write(&folder, format!("{name}\n")).unwrap();
            let file = folder.display().to_string();
            for (variable, text) in [("KOOHOOK_BASE_KEY", name), ("KOOHOOK_BASE_KEY_FILE", &file)] {
                let lookup = |asked: &str| (asked == variable).then(|| text.clone());
                let source = super::super::source::Source(&lookup);
                let fault = source.text("KOOHOOK_BASE_KEY").unwrap_err().to_string();
                assert!(fault.contains("secret"), "{variable}: {fault}");
                assert!(!fault.contains("123456789012"), "{fault}");
            }
        }
        std::fs::remove_file(folder).unwrap();
    }
}
