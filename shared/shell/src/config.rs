//! Environment → [`Config`], once per start. What is wrong is refused with the setting's name
//! and never with its value.

use std::fs;
use std::time::Duration;

use marketplace::app_info::Template;
use marketplace::cipher::Strength;
use marketplace::key::{AccessKey, Keyring};
use marketplace::order_query::Host;
use marketplace::page::{RenewalChange, Secret, Settings, Unfit};
use marketplace::signature::TimestampUnit;
use marketplace::signature::sdk::{Credentials, Fault as CredentialsFault};
use marketplace::signature::webhook::WebhookSecrets;

use crate::desk::{DeskSettings, Product};
use crate::door::DoorSettings;
use crate::guard::{Guard, Network};
use crate::orders::Orders;
use crate::store::StoreSetting;
use crate::vault::{Clear, SealKey, Vault};

/// Everything that a start needs to know.
pub struct Config {
    /// For the door and its pages.
    pub door: DoorSettings,
    /// For whatever works with the store and the product.
    pub desk: DeskSettings,
    /// What an HTTP timer must know to start the relay.
    pub relay_secret: Option<Secret>,
    /// Where state lives.
    pub store: StoreSetting,
    /// Where a plain HTTP host listens.
    pub listen: String,
    /// How many connections a plain HTTP host keeps open at once.
    pub max_connections: usize,
    /// `tracing` targets.
    pub log: String,
}

/// What is needed to look at kept values, and to put them right: the store and what seals it.
pub struct Keeping {
    /// Where state lives.
    pub store: StoreSetting,
    /// What seals it.
    pub vault: Vault,
    /// Access data for all instances.
    pub template: Option<Template>,
    /// `tracing` targets.
    pub log: String,
}

impl Keeping {
    /// Reads the settings that a command needs which serves nobody.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Unfit> {
        let source = Source(lookup);
        let store = store(&source)?;
        let template = source.parsed("KOOHOOK_APP_INFO", Template::parse)?;
        Ok(Self { vault: vault(&source, &store)?, store, template, log: log(&source)? })
    }
}

/// Every variable that is read; `_FILE` behind any of them names a file to read it from.
pub const VARIABLES: [&str; 25] = [
    "KOOHOOK_APP_INFO",
    "KOOHOOK_BASE_KEY",
    "KOOHOOK_BASE_KEY_PREVIOUS",
    "KOOHOOK_BASE_PATH",
    "KOOHOOK_DELIVERY_BUDGET_MILLIS",
    "KOOHOOK_ENCRYPT_TYPE",
    "KOOHOOK_KIT_KEY",
    "KOOHOOK_KIT_KEY_PREVIOUS",
    "KOOHOOK_LISTEN",
    "KOOHOOK_LOG",
    "KOOHOOK_MAX_CONNECTIONS",
    "KOOHOOK_OPENAPI_AK",
    "KOOHOOK_OPENAPI_HOST",
    "KOOHOOK_OPENAPI_SK",
    "KOOHOOK_PRODUCT_SECRET",
    "KOOHOOK_PRODUCT_URL",
    "KOOHOOK_RELAY_SECRET",
    "KOOHOOK_RENEWAL_CHANGE",
    "KOOHOOK_RSA_PRIVATE_KEY",
    "KOOHOOK_SEAL_KEY",
    "KOOHOOK_SEAL_KEY_PREVIOUS",
    "KOOHOOK_STORE",
    "KOOHOOK_TIMESTAMP_UNIT",
    "KOOHOOK_V1_DEADLINE_MILLIS",
    "KOOHOOK_V2_BODY_SIGN",
];

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn from_env() -> Result<Self, Unfit> {
        Self::read(&|name| std::env::var(name).ok())
    }

    /// Reads settings from wherever `lookup` finds them.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Unfit> {
        let source = Source(lookup);
        let store = store(&source)?;
        Ok(Self {
            desk: desk(&source, &store)?,
            door: door(&source)?,
            relay_secret: source.parsed("KOOHOOK_RELAY_SECRET", parse_relay_secret)?,
            store,
            listen: source.text("KOOHOOK_LISTEN")?.unwrap_or_else(|| "127.0.0.1:8000".to_owned()),
            max_connections: max_connections(&source)?,
            log: log(&source)?,
        })
    }
}

/// Names that look like settings and are none: a slip of the pen that would go unseen.
pub fn strangers(names: impl Iterator<Item = String>) -> Vec<String> {
    let known = |name: &str| VARIABLES.contains(&name.strip_suffix("_FILE").unwrap_or(name));
    names.filter(|name| name.starts_with("KOOHOOK_") && !known(name)).collect()
}

/// Where settings come from.
struct Source<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Source<'_> {
    /// A setting, or the file that it is in. An empty one is not set.
    fn text(&self, name: &'static str) -> Result<Option<String>, Unfit> {
        let set = |name: &str| (self.0)(name).filter(|text| !text.is_empty());
        match (set(name), set(&format!("{name}_FILE"))) {
            (Some(_), Some(_)) => Err(wants(name, "is set twice, by itself and by a file")),
            (Some(text), None) => Ok(Some(text)),
            (None, None) => Ok(None),
            (None, Some(path)) => {
                let text = fs::read_to_string(path);
                let mut text = text.map_err(|_| wants(name, "names a file that cannot be read"))?;
                if text.ends_with('\n') {
                    text.pop();
                }
                Ok(Some(text))
            }
        }
    }

    fn parsed<T, E: ToString>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Unfit> {
        let text = self.text(name)?;
        text.map(|text| parse(&text).map_err(|fault| wants(name, &fault.to_string()))).transpose()
    }

    fn word<T: Copy>(&self, name: &'static str, words: [(&str, T); 2]) -> Result<T, Unfit> {
        let [(first, default), (second, _)] = words;
        let parsed = self.parsed(name, |text| {
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| format!("wants `{first}` or `{second}`"))
        });
        Ok(parsed?.unwrap_or(default))
    }

    fn keyring(
        &self,
        current: &'static str,
        previous: &'static str,
    ) -> Result<Option<Keyring>, Unfit> {
        // An empty variable is a mistake here, not an absence: it would close the route unseen.
        if (self.0)(current).is_some_and(|text| text.trim().is_empty()) {
            return Err(wants(current, "is empty"));
        }
        let previous_key = self.parsed(previous, AccessKey::parse)?;
        match self.parsed(current, AccessKey::parse)? {
            Some(key) => Ok(Some(Keyring { current: key, previous: previous_key })),
            None if previous_key.is_some() => Err(wants(previous, "is set without a current key")),
            None => Ok(None),
        }
    }
}

fn log(source: &Source<'_>) -> Result<String, Unfit> {
    Ok(source.text("KOOHOOK_LOG")?.unwrap_or_else(|| "info".to_owned()))
}

fn max_connections(source: &Source<'_>) -> Result<usize, Unfit> {
    let parse = |text: &str| {
        let count = text.parse().ok().filter(|count| (1..=65_536).contains(count));
        count.ok_or("wants a number from 1 to 65536")
    };
    Ok(source.parsed("KOOHOOK_MAX_CONNECTIONS", parse)?.unwrap_or(1_024))
}

fn store(source: &Source<'_>) -> Result<StoreSetting, Unfit> {
    let store = source.parsed("KOOHOOK_STORE", StoreSetting::parse)?;
    store.ok_or_else(|| wants("KOOHOOK_STORE", "is required"))
}

fn door(source: &Source<'_>) -> Result<DoorSettings, Unfit> {
    let base_path = source.parsed("KOOHOOK_BASE_PATH", parse_base_path)?;
    let v1_new_instance = source.parsed("KOOHOOK_V1_DEADLINE_MILLIS", parse_v1_deadline)?;
    let units =
        [("milliseconds", TimestampUnit::Milliseconds), ("seconds", TimestampUnit::Seconds)];
    Ok(DoorSettings {
        base_path: base_path.unwrap_or_else(|| "/saasproduce".to_owned()),
        base_keys: source.keyring("KOOHOOK_BASE_KEY", "KOOHOOK_BASE_KEY_PREVIOUS")?,
        kit_keys: source.keyring("KOOHOOK_KIT_KEY", "KOOHOOK_KIT_KEY_PREVIOUS")?,
        timestamp_unit: source.word("KOOHOOK_TIMESTAMP_UNIT", units)?,
        v2_body_sign: source.word("KOOHOOK_V2_BODY_SIGN", [("on", true), ("off", false)])?,
        v1_new_instance: v1_new_instance.unwrap_or(crate::door::BUDGET),
        pages: pages(source)?,
    })
}

fn pages(source: &Source<'_>) -> Result<Settings, Unfit> {
    let template = source.parsed("KOOHOOK_APP_INFO", Template::parse)?;
    let product = source.parsed("KOOHOOK_PRODUCT_URL", parse_product_address)?;
    let product_origin = product.as_ref().map(origin);
    if template.is_none() && product_origin.is_none() {
        let text = "or KOOHOOK_PRODUCT_URL is required: without either no buyer ever gets in";
        return Err(wants("KOOHOOK_APP_INFO", text));
    }
    let strengths = [("1", Strength::Aes256), ("2", Strength::Aes128)];
    let changes = [("allow", RenewalChange::Allow), ("refuse", RenewalChange::Refuse)];
    Ok(Settings {
        template,
        product_origin,
        strength: source.word("KOOHOOK_ENCRYPT_TYPE", strengths)?,
        renewal_change: source.word("KOOHOOK_RENEWAL_CHANGE", changes)?,
        private_keys: source.text("KOOHOOK_RSA_PRIVATE_KEY")?.map(Secret::new),
    })
}

fn desk(source: &Source<'_>, store: &StoreSetting) -> Result<DeskSettings, Unfit> {
    Ok(DeskSettings {
        template: source.parsed("KOOHOOK_APP_INFO", Template::parse)?,
        product: product(source)?,
        orders: orders(source)?,
        vault: vault(source, store)?,
    })
}

fn product(source: &Source<'_>) -> Result<Option<Product>, Unfit> {
    let address = source.parsed("KOOHOOK_PRODUCT_URL", parse_product_address)?;
    let secrets = source.parsed("KOOHOOK_PRODUCT_SECRET", WebhookSecrets::parse)?;
    let budget = source.parsed("KOOHOOK_DELIVERY_BUDGET_MILLIS", parse_delivery_budget)?;
    match (address, secrets) {
        (None, None) => Ok(None),
        (Some(address), Some(secrets)) => {
            let budget = budget.unwrap_or(crate::delivery::BUDGET);
            let is_plain = address.scheme() == Some(&http::uri::Scheme::HTTP);
            let network = is_plain.then_some(Network::Loopback);
            let guard = Guard { network, ..Guard::default() };
            Ok(Some(Product { address, secrets, budget, guard }))
        }
        (Some(_), None) => {
            let text = "is required with a product address; koohook keys secret product makes one";
            Err(wants("KOOHOOK_PRODUCT_SECRET", text))
        }
        (None, Some(_)) => Err(wants("KOOHOOK_PRODUCT_SECRET", "is set without a product address")),
    }
}

fn orders(source: &Source<'_>) -> Result<Option<Orders>, Unfit> {
    let ak = source.text("KOOHOOK_OPENAPI_AK")?;
    let sk = source.text("KOOHOOK_OPENAPI_SK")?;
    let host = source.parsed("KOOHOOK_OPENAPI_HOST", Host::parse)?.unwrap_or_default();
    match (ak, sk) {
        (None, None) => Ok(None),
        (Some(ak), Some(sk)) => {
            let credentials = Credentials::parse(&ak, &sk);
            let credentials = credentials.map_err(|fault| match fault {
                CredentialsFault::Ak => wants("KOOHOOK_OPENAPI_AK", UNPRINTABLE),
                CredentialsFault::Sk => wants("KOOHOOK_OPENAPI_SK", UNPRINTABLE),
            })?;
            Ok(Some(Orders::new(host, credentials)))
        }
        (Some(_), None) => Err(wants("KOOHOOK_OPENAPI_SK", "is required with KOOHOOK_OPENAPI_AK")),
        (None, Some(_)) => Err(wants("KOOHOOK_OPENAPI_AK", "is required with KOOHOOK_OPENAPI_SK")),
    }
}

fn vault(source: &Source<'_>, store: &StoreSetting) -> Result<Vault, Unfit> {
    let current = source.parsed("KOOHOOK_SEAL_KEY", SealKey::parse)?;
    let previous = source.parsed("KOOHOOK_SEAL_KEY_PREVIOUS", SealKey::parse)?;
    if (source.0)("KOOHOOK_SEAL_KEY").is_some_and(|text| text.trim().is_empty()) {
        return Err(wants("KOOHOOK_SEAL_KEY", "is empty: set 32 bytes in base64, or unset it"));
    }
    if current.is_none() && previous.is_some() {
        return Err(wants("KOOHOOK_SEAL_KEY_PREVIOUS", "is set without a current key"));
    }
    let clear = if store.is_local() { Clear::Allowed } else { Clear::Refused };
    if current.is_none() && clear == Clear::Refused {
        return Err(wants(
            "KOOHOOK_SEAL_KEY",
            "is required where the store is not local; koohook keys secret seal makes one",
        ));
    }
    Ok(Vault::new(current.as_ref(), previous.as_ref(), clear))
}

/// A path like `/saasproduce`: not one of the two that a health check asks for.
fn parse_base_path(text: &str) -> Result<String, &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let parts_fine = text.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."));
    if text.starts_with('/') && text.bytes().all(plain) && parts_fine && text != "/healthz" {
        Ok(text.to_owned())
    } else {
        Err("wants a path like /saasproduce, without a slash at its end, and not /healthz")
    }
}

fn parse_v1_deadline(text: &str) -> Result<Duration, &'static str> {
    let millis = text.parse::<u64>().ok().filter(|millis| (1_000..=15_000).contains(millis));
    millis.map(Duration::from_millis).ok_or("wants milliseconds from 1000 to 15000")
}

fn parse_delivery_budget(text: &str) -> Result<Duration, &'static str> {
    let millis = text.parse::<u64>().ok().filter(|millis| *millis <= 15_000);
    millis.map(Duration::from_millis).ok_or("wants milliseconds up to 15000; 0 is never")
}

fn parse_relay_secret(text: &str) -> Result<Secret, &'static str> {
    // As strong as an access key, and fit to stand in a header.
    let strong = AccessKey::parse(text).is_ok();
    let fits = strong && text.bytes().all(|byte| byte.is_ascii_graphic());
    let secret = Some(text).filter(|_| fits).map(|text| Secret::new(text.to_owned()));
    secret.ok_or("wants 16 printable characters or more; koohook keys secret relay makes one")
}

/// The product's address: https, or http on this machine.
fn parse_product_address(text: &str) -> Result<http::Uri, &'static str> {
    const WANTS: &str = "wants an https address (http on loopback alone)";
    let uri: http::Uri = text.parse().map_err(|_| WANTS)?;
    let host = uri.host().unwrap_or_default();
    let loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let plain = !uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    match uri.scheme_str() {
        Some("https") if plain => Ok(uri),
        Some("http") if loopback && plain => Ok(uri),
        Some(_) | None => Err(WANTS),
    }
}

/// An address up to its path.
fn origin(address: &http::Uri) -> String {
    let authority = address.authority().map(ToString::to_string).unwrap_or_default();
    format!("{}://{authority}", address.scheme_str().unwrap_or_default())
}

const UNPRINTABLE: &str = "wants printable letters without blank or comma";

fn wants(setting: &'static str, wants: &str) -> Unfit {
    Unfit { setting, wants: wants.to_owned() }
}
