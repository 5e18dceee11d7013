//! Reads the environment into [`Config`], once per start. An error names the setting, and never its
//! value. A start reports all wrong settings together (decision I6).
//!
//! A setting's text comes from the `environment`, a `file` or a secret of AWS (`aws_secret`). `source` and
//! `text` reject texts that no setting may have. Then each subject parses its own settings: `callbacks`,
//! `product`, `orders`, `usage`, `store`, `host`, `metrics`, `alarms`; `listener`: what `host` and
//! `metrics` share. `names` lists all settings.

mod alarms;
mod aws_secret;
mod callbacks;
mod environment;
mod error;
mod file;
mod host;
mod listener;
mod metrics;
mod names;
mod orders;
mod product;
mod source;
mod store;
mod text;
mod usage;

use domain::app_info_template::Template;
use domain::secret::Secret;
use protocol::access_key::Keyring;

pub use self::alarms::AlarmConfig;
pub use self::aws_secret::read_aws_secrets;
pub use self::environment::{is_set, variable, variable_in_file};
pub use self::error::ConfigError;
use self::host::HostConfig;
pub use self::listener::parse_relay_secret;
pub use self::names::{VARIABLES, unknown_settings};
use self::product::require_access;
use self::source::Source;
pub use self::store::StoreConfig;
use crate::context::{ContextSettings, Product};
use crate::endpoint::callbacks::CallbackSettings;
use crate::order_lookup::Orders;
use crate::store::StoreSetting;
use crate::usage_sender::UsageSending;

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
        let (template, product) = template_and_product(&source, &mut errors);
        let seal = store.as_ref().map(|(_, seal)| seal);
        let known = product.as_ref().and_then(Option::as_ref);
        let endpoint =
            callbacks::callbacks(&source, template.clone().flatten(), known, seal, &mut errors);
        let base_keys = endpoint.as_ref().map(|endpoint| endpoint.base_keys.clone());
        let (orders, usage) = open_apis(&source, base_keys, &mut errors);
        let usage_cycle = usage::cycle(&source, &mut errors);
        let host = host::host(&source, &mut errors);
        let alarms = alarms::robot(&source, &mut errors);
        let whole = || {
            let (store, seal) = store?;
            let (template, product, orders) = (template?, product?, orders?);
            let (usage_cycle, usage, alarms) = (usage_cycle?, usage?, alarms?);
            let HostConfig { relay_secret, listen, max_connections, log, metrics } = host?;
            let context = ContextSettings {
                seal,
                template,
                product,
                orders,
                usage_cycle,
                usage,
                reads_figures: metrics.is_on() || alarms.is_some(),
                metrics,
                alarms,
            };
            let endpoint = endpoint?;
            Some(Self { endpoint, context, relay_secret, store, listen, max_connections, log })
        };
        let whole = whole();
        errors.finish(whole)
    }
}

/// Reads from where buyers get their access data: the template, the product, or both.
fn template_and_product(
    source: &Source<'_>,
    errors: &mut ConfigError,
) -> (Option<Option<Template>>, Option<Option<Product>>) {
    let template = errors.keep(product::template(source));
    let product = product::product(source, errors);
    if let (Some(template), Some(product)) = (&template, &product) {
        errors.keep(require_access(template.as_ref(), product.as_ref()));
    }
    (template, product)
}

/// Reads how koohook calls the marketplace's open APIs. The keys are `None` if other settings are wrong.
fn open_apis(
    source: &Source<'_>,
    base_keys: Option<Option<Keyring>>,
    errors: &mut ConfigError,
) -> (Option<Option<Orders>>, Option<UsageSending>) {
    let host = orders::host(source, errors);
    let orders = orders::orders(source, host.as_ref(), errors);
    let usage = usage::sending(source, host, base_keys, orders.as_ref(), errors);
    (orders, usage)
}
