//! Settings of usage (话单).

use domain::usage::UsageCycle;

use super::error::ConfigError;
use super::source::Source;

/// Reads how often the marketplace collects usage (decision J3).
pub(super) fn cycle(source: &Source<'_>, errors: &mut ConfigError) -> Option<UsageCycle> {
    let words = [("hourly", UsageCycle::Hourly), ("daily", UsageCycle::Daily)];
    errors.keep(source.word("KOOHOOK_USAGE_CYCLE", words))
}
