//! The part of the seller's configuration that pages use.

use protocol::cipher::Strength;
use thiserror::Error;

use crate::app_info_template::Template;
use crate::outbox::Reader;
use crate::secret::Secret;

/// The part of the seller's configuration that pages use.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The template of access data. It serves all instances if there is no product, otherwise
    /// rehearsals and pending V1 purchases.
    pub template: Option<Template>,
    /// The origin of the product's address (scheme, host, port), if a product is configured.
    pub product_origin: Option<String>,
    /// V1's `encryptType`.
    pub strength: Strength,
    /// The answer to `changeInstanceCheck`.
    pub renewal_change: RenewalChange,
    /// Whether the answer to a rehearsed query contains usage (decision D10).
    pub rehearsed_usage: bool,
    /// The kit's private keys, as PEM. Only `applicationSync` uses them, to decrypt client secrets.
    pub private_keys: Option<Secret>,
}

/// Why a page cannot work with this configuration. koohook then does not start. The text names the
/// setting and states what to do; it never contains the value of the setting.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{setting} {wants}")]
pub struct SettingError {
    /// The environment variable.
    pub setting: &'static str,
    /// The fault, and what the setting must be.
    pub wants: String,
}

/// Whether buyers may change the specification when they renew (decision D9).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RenewalChange {
    /// Buyers may change the specification when they renew.
    #[default]
    Allow,
    /// Buyers may not change the specification when they renew.
    Refuse,
}

impl SettingError {
    /// An error about a setting: what is wrong, and what the setting must be.
    pub fn new(setting: &'static str, wants: impl Into<String>) -> Self {
        Self { setting, wants: wants.into() }
    }
}

impl Settings {
    /// The reader of the notices: the product, if its address is set.
    pub const fn reader(&self) -> Reader {
        if self.product_origin.is_some() { Reader::Product } else { Reader::Operator }
    }

    /// The access data for the answer to a rehearsal: the template, or the origin of the product's
    /// address.
    pub fn rehearsal_template(&self) -> Option<Template> {
        let address = || self.product_origin.as_deref().map(Template::of_address);
        self.template.clone().or_else(address)
    }
}
