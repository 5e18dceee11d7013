//! Reads the environment into [`Config`], once per start. An error names the setting, and never its
//! value. A start reports all wrong settings together (decision I6).
//!
//! A setting's text comes from the `environment` or a `file`. `source` and `text` reject texts that
//! no setting may have. Then each subject parses its own settings: `callbacks`, `product`,
//! `orders`, `usage`, `store`, `host`, `metrics`. `names` lists all settings.

mod callbacks;
mod environment;
mod error;
mod file;
mod host;
mod metrics;
mod names;
mod orders;
mod product;
mod source;
mod store;
mod text;
mod usage;

use domain::secret::Secret;

pub use self::environment::{is_set, variable, variable_in_file};
pub use self::error::ConfigError;
use self::host::HostConfig;
pub use self::names::{VARIABLES, unknown_settings};
use self::product::require_access;
use self::source::Source;
pub use self::store::StoreConfig;
use crate::context::ContextSettings;
use crate::endpoint::callbacks::CallbackSettings;
use crate::store::StoreSetting;

/// All settings of a start.
pub struct Config {
    /// Settings of the endpoint and its pages.
    pub endpoint: CallbackSettings,
    /// Settings of the store's seal and the product.
    pub context: ContextSettings,
    /// The secret that an HTTP timer sends to start the relay.
    pub relay_secret: Option<Secret>,
    /// The store.
    pub store: StoreSetting,
    /// The address at which a plain HTTP host listens.
    pub listen: String,
    /// How many connections a plain HTTP host keeps open concurrently.
    pub max_connections: usize,
    /// The levels of the log, as `tracing` targets.
    pub log: String,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// The settings that cannot be used.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&variable)
    }

    /// Reads settings with a lookup by name.
    ///
    /// # Errors
    /// The settings that cannot be used.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let source = Source(lookup);
        let mut errors = ConfigError::default();
        let store = store::store_and_seal(&source, &mut errors);
        let template = errors.keep(product::template(&source));
        let product = product::product(&source, &mut errors);
        if let (Some(template), Some(product)) = (&template, &product) {
            errors.keep(require_access(template.as_ref(), product.as_ref()));
        }
        let known = product.as_ref().and_then(Option::as_ref);
        let endpoint =
            callbacks::callbacks(&source, template.clone().flatten(), known, &mut errors);
        let open_api = orders::host(&source, &mut errors);
        let orders = orders::orders(&source, open_api.as_ref(), &mut errors);
        let usage_cycle = usage::cycle(&source, &mut errors);
        let base_keys = endpoint.as_ref().map(|endpoint| endpoint.base_keys.clone());
        let usage = usage::sending(&source, open_api, base_keys, orders.as_ref(), &mut errors);
        let host = host::host(&source, &mut errors);
        let listen = host.as_ref().map(|host| host.listen.as_str());
        let metrics = metrics::metrics(&source, listen, &mut errors);
        let whole = || {
            let (store, seal) = store?;
            let (template, product, orders) = (template?, product?, orders?);
            let (usage_cycle, usage, metrics) = (usage_cycle?, usage?, metrics?);
            let reads_figures = metrics.is_on();
            let context = ContextSettings {
                seal,
                template,
                product,
                orders,
                usage_cycle,
                usage,
                metrics,
                reads_figures,
            };
            let HostConfig { relay_secret, listen, max_connections, log } = host?;
            let endpoint = endpoint?;
            Some(Self { endpoint, context, relay_secret, store, listen, max_connections, log })
        };
        let whole = whole();
        errors.finish(whole)
    }
}
