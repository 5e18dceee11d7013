//! Settings of the store, and of the seal that encrypts its values.

use domain::app_info_template::Template;
use domain::settings::SettingError;

use super::error::ConfigError;
use super::host::log;
use super::product::template;
use super::source::Source;
use crate::seal::{Clear, Seal, SealKey};
use crate::store::StoreSetting;

/// The settings of a command that works on stored values and serves no calls.
pub struct StoreConfig {
    /// The store.
    pub store: StoreSetting,
    /// The seal of the store.
    pub seal: Seal,
    /// The template of the access data, if it is set.
    pub template: Option<Template>,
    /// The levels of the log, as `tracing` targets.
    pub log: String,
}

impl StoreConfig {
    /// Reads the settings.
    ///
    /// # Errors
    /// The settings that cannot be used.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let source = Source(lookup);
        let mut errors = ConfigError::default();
        let store = store_and_seal(&source, &mut errors);
        let template = errors.keep(template(&source));
        let log = errors.keep(log(&source, COMMAND_LOG));
        let whole = || {
            let (store, seal) = store?;
            Some(Self { store, seal, template: template?, log: log? })
        };
        let whole = whole();
        errors.finish(whole)
    }

    /// Reads the settings that only check the store. A missing seal key is not an error.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn to_check(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let source = Source(lookup);
        let store = store(&source)?;
        let has_key = source.text(SEAL_KEY)?.is_some();
        let seal =
            if has_key { seal(&source, &store)? } else { Seal::new(None, None, Clear::Refused) };
        Ok(Self { seal, store, template: None, log: log(&source, COMMAND_LOG)? })
    }
}

/// Reads the store and its seal. The seal is checked only if the store is valid.
pub(super) fn store_and_seal(
    source: &Source<'_>,
    errors: &mut ConfigError,
) -> Option<(StoreSetting, Seal)> {
    let store = errors.keep(store(source))?;
    let seal = errors.keep(seal(source, &store))?;
    Some((store, seal))
}

fn store(source: &Source<'_>) -> Result<StoreSetting, SettingError> {
    let store = source.parsed("KOOHOOK_STORE", StoreSetting::parse)?;
    store.ok_or_else(|| SettingError::new("KOOHOOK_STORE", "is required"))
}

fn seal(source: &Source<'_>, store: &StoreSetting) -> Result<Seal, SettingError> {
    let current = source.parsed(SEAL_KEY, SealKey::parse)?;
    let previous = source.parsed(SEAL_KEY_PREVIOUS, SealKey::parse_all)?;
    let previous = previous.unwrap_or_default();
    if (source.0)(SEAL_KEY).is_some_and(|text| text.trim().is_empty()) {
        return Err(SettingError::new(SEAL_KEY, "is empty; set 32 bytes in base64, or unset it"));
    }
    if current.is_none() && !previous.is_empty() {
        return Err(SettingError::new(
            SEAL_KEY_PREVIOUS,
            "is set without KOOHOOK_SEAL_KEY; set both, or unset it",
        ));
    }
    let clear = if store.is_local() { Clear::Allowed } else { Clear::Refused };
    if current.is_none() && clear == Clear::Refused {
        return Err(SettingError::new(
            SEAL_KEY,
            "is required for Redis and DynamoDB; generate one with koohook keys secret seal",
        ));
    }
    Ok(Seal::new(current.as_ref(), &previous, clear))
}

/// What a command logs: what is wrong, and what an operator did.
const COMMAND_LOG: &str = "warn,shell::operator_log=info";
const SEAL_KEY: &str = "KOOHOOK_SEAL_KEY";
const SEAL_KEY_PREVIOUS: &str = "KOOHOOK_SEAL_KEY_PREVIOUS";
