//! The settings of `koohook dev`, which generates the missing ones.

use std::collections::BTreeMap;

use shell::config::{self, is_set};
use shell::store::StoreSetting;

use super::keys::{self, DevKeys};
use crate::error::CommandError;
use crate::output::outln;

/// The settings that are set, and generated values for the others.
pub struct DevSettings {
    generated: BTreeMap<&'static str, String>,
    keys: Option<DevKeys>,
}

impl DevSettings {
    /// Generates the settings that are missing.
    ///
    /// # Errors
    /// If generated keys cannot be read or written.
    pub fn read() -> Result<Self, CommandError> {
        let mut generated = BTreeMap::new();
        if !is_set("KOOHOOK_STORE") {
            generated.insert("KOOHOOK_STORE", "sqlite:koohook.db".to_owned());
        }
        if !is_set("KOOHOOK_APP_INFO") && !is_set("KOOHOOK_PRODUCT_URL") {
            generated.insert("KOOHOOK_APP_INFO", crate::generated::APP_INFO.to_owned());
        }
        let store = generated.get("KOOHOOK_STORE").cloned().or_else(|| set("KOOHOOK_STORE"));
        let store = store.and_then(|store| StoreSetting::parse(&store).ok());
        let missing: Vec<_> = keys::NAMES.into_iter().filter(|name| is_missing(name)).collect();
        let mut keys = None;
        if !missing.is_empty() {
            let made = DevKeys::beside(store.as_ref())?;
            for name in missing {
                generated.insert(name, made.get(name)?);
            }
            keys = Some(made);
        }
        Ok(Self { generated, keys })
    }

    /// The value of a setting: the variable, or else the generated value.
    pub fn lookup(&self, name: &str) -> Option<String> {
        config::variable(name).or_else(|| self.generated.get(name).cloned())
    }

    /// The generated value of a setting.
    pub fn generated(&self, name: &str) -> Option<&str> {
        self.generated.get(name).map(String::as_str)
    }

    /// The generated keys, if a key is missing.
    pub const fn keys(&self) -> Option<&DevKeys> {
        self.keys.as_ref()
    }

    /// Prints the store and the product that are set, and the generated settings, except the keys: the
    /// export lines contain them.
    pub fn announce(&self, store: &StoreSetting, product: Option<&str>) {
        if self.generated("KOOHOOK_STORE").is_none() {
            outln!("KOOHOOK_STORE is set; koohook dev uses {}", store.place());
        }
        if let Some(host) = product {
            outln!("KOOHOOK_PRODUCT_URL is set; koohook dev sends notices to {host}");
        }
        let plain = self.generated.iter().filter(|(name, _)| !keys::NAMES.contains(name));
        for (name, value) in plain {
            outln!("{name} is not set; koohook dev uses {value}");
        }
    }
}

/// Whether a key must be generated.
fn is_missing(name: &str) -> bool {
    let has_product = name != "KOOHOOK_PRODUCT_SECRET" || is_set("KOOHOOK_PRODUCT_URL");
    has_product && !is_set(name)
}

/// The value of a setting from its variable, or from its file if the file can be read.
pub fn set(name: &'static str) -> Option<String> {
    config::variable(name).or_else(|| config::variable_in_file(name).ok().flatten())
}
