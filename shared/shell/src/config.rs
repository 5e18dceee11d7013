//! Environment → [`Config`], once per start. What is wrong is refused with the setting's name
//! and never with its value; a start names all that is wrong with it at once (decision I6).

mod callbacks;
mod host;
mod product;
mod source;
mod unfits;

use domain::secret::Secret;
use domain::settings::SettingError;
use domain::template::Template;
use protocol::key::AccessKey;
use protocol::order_query::OpenApiHost;
use protocol::signature::sdk::{OpenApiCredentials, OpenApiKeyError as CredentialsFault};
use protocol::text::nearest;

use self::source::Source;
pub use self::source::variable;
pub use self::unfits::Unfits;
use crate::context::{ContextSettings, Product};
use crate::endpoint::callbacks::CallbackSettings;
use crate::orders::Orders;
use crate::seal::{Clear, Seal, SealKey};
use crate::store::StoreSetting;

/// Everything that a start needs to know.
pub struct Config {
    /// For the endpoint and its pages.
    pub endpoint: CallbackSettings,
    /// For whatever works with the store and the product.
    pub context: ContextSettings,
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
    pub seal: Seal,
    /// Access data for all instances.
    pub template: Option<Template>,
    /// `tracing` targets.
    pub log: String,
}

impl Keeping {
    /// Reads the settings that a command needs which serves nobody.
    ///
    /// # Errors
    /// The settings that cannot be used.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Unfits> {
        let source = Source(lookup);
        let mut unfits = Unfits::default();
        let store = unfits.keep(store(&source));
        let seal = store.as_ref().and_then(|store| unfits.keep(seal(&source, store)));
        let template = unfits.keep(template(&source));
        let log = unfits.keep(log(&source));
        let whole = || Some(Self { store: store?, seal: seal?, template: template?, log: log? });
        let whole = whole();
        unfits.end(whole)
    }

    /// The same for a look at the store alone, which may be sealed or not.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn to_check(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let source = Source(lookup);
        let store = store(&source)?;
        let has_key = source.text("KOOHOOK_SEAL_KEY")?.is_some();
        let seal =
            if has_key { seal(&source, &store)? } else { Seal::new(None, None, Clear::Refused) };
        Ok(Self { seal, store, template: None, log: log(&source)? })
    }
}

/// Every variable that is read; `_FILE` behind any of them names a file to read it from.
pub const VARIABLES: [&str; 27] = [
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
    "KOOHOOK_PRODUCT_CA",
    "KOOHOOK_PRODUCT_HTTP",
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

/// Variables of the command's options, which no function reads.
const COMMAND_OPTIONS: [&str; 2] = ["KOOHOOK_ADDRESS", "KOOHOOK_SEALED_SECRET"];

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// The settings that cannot be used.
    pub fn from_env() -> Result<Self, Unfits> {
        Self::read(&variable)
    }

    /// Reads settings from wherever `lookup` finds them.
    ///
    /// # Errors
    /// The settings that cannot be used.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Unfits> {
        let source = Source(lookup);
        let mut unfits = Unfits::default();
        let store = unfits.keep(store(&source));
        let seal = store.as_ref().and_then(|store| unfits.keep(seal(&source, store)));
        let template = unfits.keep(template(&source));
        let product = product::product(&source, &mut unfits);
        if let (Some(template), Some(product)) = (&template, &product) {
            unfits.keep(way_in(template.as_ref(), product.as_ref()));
        }
        let known = product.as_ref().and_then(Option::as_ref);
        let endpoint = callbacks::endpoint(&source, template.clone().flatten(), known, &mut unfits);
        let orders = orders(&source, &mut unfits);
        let relay_secret = unfits.keep(source.parsed("KOOHOOK_RELAY_SECRET", parse_relay_secret));
        let listen = unfits.keep(source.parsed("KOOHOOK_LISTEN", host::parse_listen));
        let max_connections =
            unfits.keep(source.parsed("KOOHOOK_MAX_CONNECTIONS", host::parse_max_connections));
        let log = unfits.keep(log(&source));
        let context = || {
            let (seal, template) = (seal?, template?);
            Some(ContextSettings { seal, template, product: product?, orders: orders? })
        };
        let whole = || {
            Some(Self {
                context: context()?,
                endpoint: endpoint?,
                relay_secret: relay_secret?,
                store: store?,
                listen: listen?.unwrap_or_else(|| "127.0.0.1:8000".to_owned()),
                max_connections: max_connections?.unwrap_or(1_024),
                log: log?,
            })
        };
        let whole = whole();
        unfits.end(whole)
    }
}

/// Names that look like settings and are not: a slip of the pen that would go unseen. With each the
/// setting that it looks most like.
pub fn strangers(names: impl Iterator<Item = String>) -> Vec<(String, Option<&'static str>)> {
    let bare = |name: &str| name.strip_suffix("_FILE").unwrap_or(name).to_owned();
    let known =
        |name: &str| VARIABLES.contains(&bare(name).as_str()) || COMMAND_OPTIONS.contains(&name);
    let judged = names.filter(|name| !known(name)).map(|name| {
        let near = nearest(&bare(&name), VARIABLES);
        (name, near)
    });
    judged.filter(|(name, near)| name.starts_with("KOOHOOK_") || near.is_some()).collect()
}

fn template(source: &Source<'_>) -> Result<Option<Template>, SettingError> {
    source.parsed("KOOHOOK_APP_INFO", Template::parse)
}

fn way_in(template: Option<&Template>, product: Option<&Product>) -> Result<(), SettingError> {
    if template.is_none() && product.is_none() {
        let text = "or KOOHOOK_PRODUCT_URL is required: without either no buyer ever gets in";
        return Err(wants("KOOHOOK_APP_INFO", text));
    }
    Ok(())
}

fn log(source: &Source<'_>) -> Result<String, SettingError> {
    let log = source.parsed("KOOHOOK_LOG", host::parse_log)?;
    Ok(log.unwrap_or_else(|| "info".to_owned()))
}

fn store(source: &Source<'_>) -> Result<StoreSetting, SettingError> {
    let store = source.parsed("KOOHOOK_STORE", StoreSetting::parse)?;
    store.ok_or_else(|| wants("KOOHOOK_STORE", "is required"))
}

fn orders(source: &Source<'_>, unfits: &mut Unfits) -> Option<Option<Orders>> {
    let ak = unfits.keep(source.text("KOOHOOK_OPENAPI_AK"));
    let sk = unfits.keep(source.text("KOOHOOK_OPENAPI_SK"));
    let host = unfits.keep(source.parsed("KOOHOOK_OPENAPI_HOST", OpenApiHost::parse));
    let (ak, sk, host) = (ak?, sk?, host?.unwrap_or_default());
    let credentials = match (ak, sk) {
        (None, None) => return Some(None),
        (Some(ak), Some(sk)) => OpenApiCredentials::parse(&ak, &sk).map_err(|fault| match fault {
            CredentialsFault::Ak => wants("KOOHOOK_OPENAPI_AK", UNPRINTABLE),
            CredentialsFault::Sk => wants("KOOHOOK_OPENAPI_SK", UNPRINTABLE),
        }),
        (Some(_), None) => Err(wants("KOOHOOK_OPENAPI_SK", "is required with KOOHOOK_OPENAPI_AK")),
        (None, Some(_)) => Err(wants("KOOHOOK_OPENAPI_AK", "is required with KOOHOOK_OPENAPI_SK")),
    };
    unfits.keep(credentials).map(|credentials| Some(Orders::new(host, credentials)))
}

fn seal(source: &Source<'_>, store: &StoreSetting) -> Result<Seal, SettingError> {
    let current = source.parsed("KOOHOOK_SEAL_KEY", SealKey::parse)?;
    let previous = source.parsed("KOOHOOK_SEAL_KEY_PREVIOUS", SealKey::parse_all)?;
    let previous = previous.unwrap_or_default();
    if (source.0)("KOOHOOK_SEAL_KEY").is_some_and(|text| text.trim().is_empty()) {
        return Err(wants("KOOHOOK_SEAL_KEY", "is empty: set 32 bytes in base64, or unset it"));
    }
    if current.is_none() && !previous.is_empty() {
        return Err(wants("KOOHOOK_SEAL_KEY_PREVIOUS", "is set without a current key"));
    }
    let clear = if store.is_local() { Clear::Allowed } else { Clear::Refused };
    if current.is_none() && clear == Clear::Refused {
        return Err(wants(
            "KOOHOOK_SEAL_KEY",
            "is required where the store is not local; koohook keys secret seal makes one",
        ));
    }
    Ok(Seal::new(current.as_ref(), &previous, clear))
}

fn parse_relay_secret(text: &str) -> Result<Secret, String> {
    // As strong as an access key, and fit to stand in a header.
    let strong = AccessKey::parse(text).is_ok();
    let fits = strong && text.bytes().all(|byte| byte.is_ascii_graphic());
    let secret = Some(text).filter(|_| fits).map(|text| Secret::new(text.to_owned()));
    secret.ok_or_else(|| {
        "wants 16 printable characters or more that are not a placeholder; koohook keys secret \
         relay makes one"
            .to_owned()
    })
}

/// A number in digits alone: no sign, no unit, no exponent.
fn digits(text: &str) -> Option<u64> {
    let are_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| are_digits)
}

const UNPRINTABLE: &str = "wants printable letters without blank or comma";

fn wants(setting: &'static str, wants: &str) -> SettingError {
    SettingError { setting, wants: wants.to_owned() }
}
