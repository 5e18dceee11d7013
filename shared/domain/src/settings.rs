//! What the pages are told of the seller's configuration.

use protocol::cipher::Strength;
use thiserror::Error;

use crate::app_info_template::Template;
use crate::outbox::Reader;
use crate::secret::Secret;

/// What the pages are told of the seller's configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Access data for all instances, or for rehearsals and V1 purchases under way.
    pub template: Option<Template>,
    /// The product's address up to its path, where one is configured.
    pub product_origin: Option<String>,
    /// V1's `encryptType`.
    pub strength: Strength,
    /// What `changeInstanceCheck` answers.
    pub renewal_change: RenewalChange,
    /// The kit's private keys, as PEM: for the one page that opens secrets.
    pub private_keys: Option<Secret>,
}

/// A page cannot work under this configuration: the start is refused. Says the setting and what
/// it wants, never what it is.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{setting} {wants}")]
pub struct SettingError {
    /// The variable.
    pub setting: &'static str,
    /// What it should be.
    pub wants: String,
}

/// Whether buyers may change the specification when they renew (decision D9).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RenewalChange {
    /// They may.
    #[default]
    Allow,
    /// They may not.
    Refuse,
}

impl SettingError {
    /// A setting, and what it should be.
    pub fn new(setting: &'static str, wants: impl Into<String>) -> Self {
        Self { setting, wants: wants.into() }
    }
}

impl Settings {
    /// Who reads the notices.
    pub const fn reader(&self) -> Reader {
        if self.product_origin.is_some() { Reader::Product } else { Reader::Operator }
    }

    /// The access data that rehearsals are answered: the template's, or the product's address.
    pub fn rehearsal_template(&self) -> Option<Template> {
        let address = || self.product_origin.as_deref().map(Template::of_address);
        self.template.clone().or_else(address)
    }
}
