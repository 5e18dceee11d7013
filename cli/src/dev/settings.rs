//! The settings of `koohook dev`: it makes up what is missing.

use std::collections::BTreeMap;

use shell::config;
use shell::store::StoreSetting;

use super::keys::{self, DevKeys};
use crate::error::CommandError;
use crate::output::outln;

/// The settings of `koohook dev`: those that are set, and made-up ones for those that are not.
pub struct DevSettings {
    made_up: BTreeMap<&'static str, String>,
    keys: Option<DevKeys>,
}

impl DevSettings {
    /// Makes up the settings that are missing.
    ///
    /// # Errors
    /// If made-up keys cannot be read or written.
    pub fn read() -> Result<Self, CommandError> {
        let mut made_up = BTreeMap::new();
        if !is_set("KOOHOOK_STORE") {
            made_up.insert("KOOHOOK_STORE", "sqlite:koohook.db".to_owned());
        }
        if !is_set("KOOHOOK_APP_INFO") && !is_set("KOOHOOK_PRODUCT_URL") {
            made_up.insert("KOOHOOK_APP_INFO", crate::made_up::APP_INFO.to_owned());
        }
        let store = made_up.get("KOOHOOK_STORE").cloned().or_else(|| set("KOOHOOK_STORE"));
        let store = store.and_then(|store| StoreSetting::parse(&store).ok());
        let missing: Vec<_> = keys::NAMES.into_iter().filter(|name| is_wanted(name)).collect();
        let mut keys = None;
        if !missing.is_empty() {
            let made = DevKeys::beside(store.as_ref())?;
            for name in missing {
                made_up.insert(name, made.get(name)?);
            }
            keys = Some(made);
        }
        Ok(Self { made_up, keys })
    }

    /// A setting: as it is set, or else as it was made up.
    pub fn lookup(&self, name: &str) -> Option<String> {
        config::variable(name).or_else(|| self.made_up.get(name).cloned())
    }

    /// A setting that was made up.
    pub fn made_up(&self, name: &str) -> Option<&str> {
        self.made_up.get(name).map(String::as_str)
    }

    /// The made-up keys, if a key is missing.
    pub const fn keys(&self) -> Option<&DevKeys> {
        self.keys.as_ref()
    }

    /// Prints what was made up. The keys are not printed here: the lines to paste have them.
    pub fn announce(&self) {
        let plain = self.made_up.iter().filter(|(name, _)| !keys::NAMES.contains(name));
        for (name, value) in plain {
            outln!("{name} is not set: {value}");
        }
    }
}

/// Whether a key is to be made up.
fn is_wanted(name: &str) -> bool {
    let has_product = name != "KOOHOOK_PRODUCT_SECRET" || is_set("KOOHOOK_PRODUCT_URL");
    has_product && !is_set(name)
}

/// A setting that is set, by itself or by a file that can be read.
pub fn set(name: &str) -> Option<String> {
    let by_file = || {
        let text = std::fs::read_to_string(std::env::var_os(format!("{name}_FILE"))?).ok()?;
        Some(text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']).to_owned())
    };
    config::variable(name).or_else(by_file)
}

/// Whether a setting is set, by itself or by a file.
pub fn is_set(name: &str) -> bool {
    [name, &format!("{name}_FILE")].into_iter().any(|name| std::env::var_os(name).is_some())
}
