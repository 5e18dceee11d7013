//! Settings of the endpoint and its pages.

use std::time::Duration;

use domain::app_info_template::Template;
use domain::secret::Secret;
use domain::settings::{RenewalChange, Settings};
use protocol::cipher::Strength;
use protocol::signature::TimestampUnit;

use super::error::ConfigError;
use super::source::Source;
use super::text::digits;
use crate::context::Product;
use crate::endpoint::callbacks::{BUDGET, CallbackSettings};

pub(super) fn callbacks(
    source: &Source<'_>,
    template: Option<Template>,
    product: Option<&Product>,
    errors: &mut ConfigError,
) -> Option<CallbackSettings> {
    let pages = pages(source, template, product, errors);
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
    errors: &mut ConfigError,
) -> Option<Settings> {
    let strengths = [("1", Strength::Aes256), ("2", Strength::Aes128)];
    let changes = [("allow", RenewalChange::Allow), ("refuse", RenewalChange::Refuse)];
    let strength = errors.keep(source.word("KOOHOOK_ENCRYPT_TYPE", strengths));
    let renewal_change = errors.keep(source.word("KOOHOOK_RENEWAL_CHANGE", changes));
    let private_keys = errors.keep(source.text("KOOHOOK_RSA_PRIVATE_KEY"));
    Some(Settings {
        template,
        product_origin: product.map(|product| origin(&product.address)),
        strength: strength?,
        renewal_change: renewal_change?,
        private_keys: private_keys?.map(Secret::new),
    })
}

/// A path like `/saasproduce` that no other route has.
fn parse_base_path(text: &str) -> Result<String, &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let parts_fine = text.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."));
    let below =
        text.strip_prefix(INSTANCES).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if text.contains("://") {
        Err("wants the path alone, like /saasproduce, without scheme and host")
    } else if text.contains(['?', '#']) {
        Err("wants a path like /saasproduce, without a query")
    } else if text == "/" {
        Err("wants a path like /saasproduce; / answers health checks")
    } else if text.ends_with('/') {
        Err("wants a path like /saasproduce, without a slash at its end")
    } else if TAKEN.contains(&text) || below {
        Err("wants a path like /saasproduce; koohook answers this one itself")
    } else if text.starts_with('/') && text.bytes().all(plain) && parts_fine {
        Ok(text.to_owned())
    } else {
        Err("wants a path like /saasproduce, of letters, digits and / - . _ ~ alone")
    }
}

fn parse_v1_deadline(text: &str) -> Result<Duration, &'static str> {
    let millis = digits(text).filter(|millis| (1_000..=15_000).contains(millis));
    millis.map(Duration::from_millis).ok_or("wants milliseconds from 1000 to 15000, in digits")
}

/// An address up to its path.
fn origin(address: &http::Uri) -> String {
    let authority = address.authority().map(ToString::to_string).unwrap_or_default();
    format!("{}://{authority}", address.scheme_str().unwrap_or_default())
}

/// Paths that koohook answers itself (decision A1).
const TAKEN: [&str; 5] = ["/healthz", "/readyz", "/metrics", "/relay", "/usage"];
/// Below it the product speaks.
const INSTANCES: &str = "/instances";
