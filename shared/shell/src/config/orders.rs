//! Settings of the marketplace's order query.

use domain::settings::SettingError;
use protocol::open_api::OpenApiHost;
use protocol::signature::sdk::{OpenApiCredentials, OpenApiKeyError};

use super::error::ConfigError;
use super::source::Source;
use crate::order_lookup::Orders;

/// The host of the open APIs: China's if it is not set.
pub(super) fn host(source: &Source<'_>, errors: &mut ConfigError) -> Option<OpenApiHost> {
    let host = errors.keep(source.parsed("KOOHOOK_OPENAPI_HOST", OpenApiHost::parse));
    host.map(Option::unwrap_or_default)
}

pub(super) fn orders(
    source: &Source<'_>,
    host: Option<&OpenApiHost>,
    errors: &mut ConfigError,
) -> Option<Option<Orders>> {
    let ak = errors.keep(source.text(AK));
    let sk = errors.keep(source.text(SK));
    let (ak, sk, host) = (ak?, sk?, host?.clone());
    let credentials = match (ak, sk) {
        (None, None) => return Some(None),
        (Some(ak), Some(sk)) => OpenApiCredentials::parse(&ak, &sk).map_err(|error| match error {
            OpenApiKeyError::Ak => SettingError::new(AK, UNPRINTABLE),
            OpenApiKeyError::Sk => SettingError::new(SK, UNPRINTABLE),
        }),
        (Some(_), None) => Err(SettingError::new(SK, "is required if KOOHOOK_OPENAPI_AK is set")),
        (None, Some(_)) => Err(SettingError::new(AK, "is required if KOOHOOK_OPENAPI_SK is set")),
    };
    errors.keep(credentials).map(|credentials| Some(Orders::new(host, credentials)))
}

const AK: &str = "KOOHOOK_OPENAPI_AK";
const SK: &str = "KOOHOOK_OPENAPI_SK";
const UNPRINTABLE: &str = "must have only printable ASCII characters, without blanks and commas";
