//! Settings of usage (话单).

use domain::settings::SettingError;
use domain::usage::UsageCycle;
use protocol::access_key::Keyring;
use protocol::open_api::OpenApiHost;

use super::error::ConfigError;
use super::source::Source;
use crate::order_lookup::Orders;
use crate::usage_sender::{UsageSender, UsageSending};

/// Reads how often the marketplace collects usage (decision J3).
pub(super) fn cycle(source: &Source<'_>, errors: &mut ConfigError) -> Option<UsageCycle> {
    let words = [("hourly", UsageCycle::Hourly), ("daily", UsageCycle::Daily)];
    errors.keep(source.word("KOOHOOK_USAGE_CYCLE", words))
}

/// Reads whether the open API's key also signs usage, and puts together what sends it (decision J3).
/// The parameters are `None` if other settings are wrong.
pub(super) fn sending(
    source: &Source<'_>,
    host: Option<OpenApiHost>,
    keys: Option<Option<Keyring>>,
    orders: Option<&Option<Orders>>,
    errors: &mut ConfigError,
) -> Option<UsageSending> {
    let is_signed = errors.keep(source.word(AKSK, [("off", false), ("also", true)]))?;
    let (host, keys, orders) = (host?, keys?, orders?.as_ref());
    let key = orders.filter(|_| is_signed).map(Orders::key);
    if is_signed && key.is_none() {
        return errors.keep(Err(SettingError::new(AKSK, "requires KOOHOOK_OPENAPI_AK")));
    }
    let sender = |keys| UsageSending::To(Box::new(UsageSender { host, keys, key }));
    Some(keys.map_or(UsageSending::WithoutKey, sender))
}

const AKSK: &str = "KOOHOOK_USAGE_AKSK";
