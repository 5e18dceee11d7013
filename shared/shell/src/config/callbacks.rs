//! Settings of the endpoint and its pages.

use std::time::Duration;

use domain::app_info_template::Template;
use domain::secret::Secret;
use domain::settings::{RenewalChange, SettingError, Settings};
use protocol::cipher::Strength;
use protocol::signature::TimestampUnit;

use super::error::ConfigError;
use super::source::Source;
use super::text::digits;
use crate::context::Product;
use crate::endpoint::callbacks::{BUDGET, CallbackSettings};
use crate::seal::{RSA_KEY_PLACE, Seal, is_sealed_text};

pub(super) fn callbacks(
    source: &Source<'_>,
    template: Option<Template>,
    product: Option<&Product>,
    seal: Option<&Seal>,
    errors: &mut ConfigError,
) -> Option<CallbackSettings> {
    let private_keys = errors.keep(private_keys(source, seal));
    let pages = pages(source, template, product, private_keys, errors);
    let units =
        [("milliseconds", TimestampUnit::Milliseconds), ("seconds", TimestampUnit::Seconds)];
    let base_path = errors.keep(source.parsed("KOOHOOK_BASE_PATH", parse_base_path));
    let base_keys = source.keyring(["KOOHOOK_BASE_KEY", "KOOHOOK_BASE_KEY_PREVIOUS"], errors);
    let kit_keys = source.keyring(["KOOHOOK_KIT_KEY", "KOOHOOK_KIT_KEY_PREVIOUS"], errors);
    let timestamp_unit = errors.keep(source.word("KOOHOOK_TIMESTAMP_UNIT", units));
    let v2_body_sign =
        errors.keep(source.word("KOOHOOK_V2_BODY_SIGN", [("on", true), ("off", false)]));
    let v1_new_instance =
        errors.keep(source.parsed("KOOHOOK_V1_DEADLINE_MILLIS", parse_v1_deadline));
    Some(CallbackSettings {
        base_path: base_path?.unwrap_or_else(|| "/saasproduce".to_owned()),
        base_keys: base_keys?,
        kit_keys: kit_keys?,
        timestamp_unit: timestamp_unit?,
        v2_body_sign: v2_body_sign?,
        v1_new_instance: v1_new_instance?.unwrap_or(BUDGET),
        pages: pages?,
    })
}

fn pages(
    source: &Source<'_>,
    template: Option<Template>,
    product: Option<&Product>,
    private_keys: Option<Option<Secret>>,
    errors: &mut ConfigError,
) -> Option<Settings> {
    let strengths = [("1", Strength::Aes256), ("2", Strength::Aes128)];
    let changes = [("allow", RenewalChange::Allow), ("refuse", RenewalChange::Refuse)];
    let strength = errors.keep(source.word("KOOHOOK_ENCRYPT_TYPE", strengths));
    let renewal_change = errors.keep(source.word("KOOHOOK_RENEWAL_CHANGE", changes));
    let rehearsed_usage =
        errors.keep(source.word("KOOHOOK_REHEARSED_USAGE", [("off", false), ("on", true)]));
    Some(Settings {
        template,
        product_origin: product.map(|product| origin(&product.address)),
        strength: strength?,
        renewal_change: renewal_change?,
        rehearsed_usage: rehearsed_usage?,
        private_keys: private_keys?,
    })
}

/// Reads the kit's private keys. They may be sealed with the store's key, so that they can lie in a
/// function's package.
fn private_keys(source: &Source<'_>, seal: Option<&Seal>) -> Result<Option<Secret>, SettingError> {
    let text = source.text(RSA_PRIVATE_KEY)?;
    match (text, seal) {
        (Some(text), Some(seal)) if is_sealed_text(&text) => {
            let opened = seal.open_text(RSA_KEY_PLACE, &text);
            let keys = opened.map_err(|_| SettingError::new(RSA_PRIVATE_KEY, SEALED_ELSEWHERE))?;
            Ok(Some(Secret::new(keys)))
        }
        // Without a seal the store or its keys are refused already.
        (text, _) => Ok(text.map(Secret::new)),
    }
}

/// Reads a path like `/saasproduce` that is not another route's.
fn parse_base_path(text: &str) -> Result<String, &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let parts_fine = text.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."));
    let is_product_path =
        text.strip_prefix(INSTANCES).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if text.contains("://") {
        Err("must be only a path like /saasproduce; remove the scheme and the host")
    } else if text.contains(['?', '#']) {
        Err("must be only a path like /saasproduce; remove the ? or # and the text after it")
    } else if text == "/" {
        Err("must not be /, which answers health checks; set a path like /saasproduce")
    } else if text.ends_with('/') {
        Err("must not end with a slash; set a path like /saasproduce")
    } else if RESERVED.contains(&text) || is_product_path {
        Err("is a path that koohook uses itself; set another path like /saasproduce")
    } else if text.starts_with('/') && text.bytes().all(plain) && parts_fine {
        Ok(text.to_owned())
    } else {
        Err("must be a path like /saasproduce, with only letters, digits and / - . _ ~")
    }
}

fn parse_v1_deadline(text: &str) -> Result<Duration, &'static str> {
    let millis = digits(text).filter(|millis| (1_000..=15_000).contains(millis));
    millis
        .map(Duration::from_millis)
        .ok_or("must be a number of milliseconds from 1000 to 15000, in digits")
}

/// The scheme and the authority of an address.
fn origin(address: &http::Uri) -> String {
    let authority = address.authority().map(ToString::to_string).unwrap_or_default();
    format!("{}://{authority}", address.scheme_str().unwrap_or_default())
}

const RSA_PRIVATE_KEY: &str = "KOOHOOK_RSA_PRIVATE_KEY";
const SEALED_ELSEWHERE: &str = "is sealed with another key, or damaged; run koohook keys pack with the KOOHOOK_SEAL_KEY \
     that is set here";
/// Paths that koohook uses itself (decision A1).
const RESERVED: [&str; 5] = ["/healthz", "/readyz", "/metrics", "/relay", "/usage"];
/// The paths of the product's own calls begin with this one.
const INSTANCES: &str = "/instances";
