//! Settings of the product: its address, how it may be reached, and the secrets that sign calls to
//! it (decision E6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use domain::app_info_template::Template;
use domain::settings::SettingError;
use domain::webhook::WebhookSecrets;
use http::Uri;

use super::error::ConfigError;
use super::source::Source;
use super::text::digits;
use crate::context::Product;
use crate::guard::{Authorities, Guard, Network};
use crate::time_limits::FIRST_ATTEMPT;

/// The product's address. If it uses plain HTTP, also the network that must contain the product.
type Place = (Uri, Option<Network>);

/// The host of an address.
enum Host<'a> {
    Name(&'a str),
    Literal(IpAddr),
}

impl<'a> Host<'a> {
    /// Distinguishes names from addresses. A name that ends in a number is an address for some
    /// programs and a name for others, so it is rejected.
    fn parse(text: &'a str) -> Result<Self, &'static str> {
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
            let address = address.map(|address| Self::Literal(address.into()));
            return address
                .ok_or("must have an IPv6 address in brackets as its host, without a zone");
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Literal(address.into()));
        }
        let labels = text.strip_suffix('.').unwrap_or(text);
        let last = labels.rsplit('.').next().unwrap_or_default();
        let is_number = last.starts_with(|letter: char| letter.is_ascii_digit())
            && (last.bytes().all(|byte| byte.is_ascii_digit())
                || last.starts_with("0x")
                || last.starts_with("0X"));
        if labels.is_empty() || last.is_empty() {
            Err("must have a host, as in https://product.example.com/hooks")
        } else if is_number {
            Err("must have a host name, or an IPv4 address of four decimal numbers, as its host")
        } else {
            Ok(Self::Name(text))
        }
    }

    /// The network that must contain this host if plain HTTP is used. The addresses of a name are
    /// checked when koohook connects.
    fn network(&self, widest: Network) -> Result<Network, &'static str> {
        let is_here = match self {
            Self::Name(name) => is_localhost(name),
            Self::Literal(address) => Network::Loopback.contains(*address),
        };
        let is_there = match self {
            Self::Name(_) => widest == Network::Private,
            Self::Literal(address) => widest.contains(*address),
        };
        match (is_here, is_there, widest) {
            (true, _, _) => Ok(Network::Loopback),
            (false, true, _) => Ok(widest),
            (false, false, Network::Loopback) => Err(
                "must be https; http is allowed only to this machine, or to a private network if \
                 KOOHOOK_PRODUCT_HTTP=private",
            ),
            (false, false, Network::Private) => Err(
                "must be https; http is allowed only to this machine, 10.0.0.0/8, 172.16.0.0/12, \
                 192.168.0.0/16 and fc00::/7",
            ),
        }
    }
}

pub(super) fn product(source: &Source<'_>, errors: &mut ConfigError) -> Option<Option<Product>> {
    let private = errors.keep(source.parsed("KOOHOOK_PRODUCT_HTTP", parse_private));
    let widest = private.map(|private| private.unwrap_or(Network::Loopback));
    let place = widest.and_then(|widest| {
        errors.keep(source.parsed("KOOHOOK_PRODUCT_URL", |text| parse_place(text, widest)))
    });
    let authorities = errors.keep(source.parsed("KOOHOOK_PRODUCT_CA", Authorities::parse));
    let secrets = errors.keep(source.parsed("KOOHOOK_PRODUCT_SECRET", WebhookSecrets::parse));
    let budget = source.parsed("KOOHOOK_DELIVERY_BUDGET_MILLIS", parse_delivery_budget);
    let budget = errors.keep(budget);
    let (place, authorities, secrets) = (place?, authorities?, secrets?);
    let budget = budget?.unwrap_or(FIRST_ATTEMPT);
    errors.keep(together(place, authorities, secrets, budget))
}

/// Reads the template of the access data.
pub(super) fn template(source: &Source<'_>) -> Result<Option<Template>, SettingError> {
    source.parsed("KOOHOOK_APP_INFO", Template::parse)
}

/// Checks that buyers can get access data: from the template or from the product.
///
/// # Errors
/// If neither is set.
pub(super) fn require_access(
    template: Option<&Template>,
    product: Option<&Product>,
) -> Result<(), SettingError> {
    if template.is_none() && product.is_none() {
        let text = "or KOOHOOK_PRODUCT_URL is required; without either no buyer gets access data";
        return Err(SettingError::new("KOOHOOK_APP_INFO", text));
    }
    Ok(())
}

/// Checks the settings that need each other.
fn together(
    place: Option<Place>,
    authorities: Option<Authorities>,
    secrets: Option<WebhookSecrets>,
    budget: Duration,
) -> Result<Option<Product>, SettingError> {
    match (place, secrets, authorities) {
        (Some((_, Some(_))), _, Some(_)) => Err(SettingError::new(
            "KOOHOOK_PRODUCT_CA",
            "is only for https; use https in KOOHOOK_PRODUCT_URL, or unset KOOHOOK_PRODUCT_CA",
        )),
        (Some((address, network)), Some(secrets), authorities) => {
            let guard = Guard { authorities: authorities.unwrap_or_default(), network };
            Ok(Some(Product { address, secrets, budget, guard }))
        }
        (Some(_), None, _) => {
            let text = "is required with KOOHOOK_PRODUCT_URL; generate one with koohook keys secret product";
            Err(SettingError::new("KOOHOOK_PRODUCT_SECRET", text))
        }
        (None, Some(_), _) => Err(SettingError::new(
            "KOOHOOK_PRODUCT_SECRET",
            "is set without KOOHOOK_PRODUCT_URL; set both, or unset it",
        )),
        (None, None, Some(_)) => Err(SettingError::new(
            "KOOHOOK_PRODUCT_CA",
            "is set without KOOHOOK_PRODUCT_URL; set both, or unset it",
        )),
        (None, None, None) => Ok(None),
    }
}

fn parse_private(text: &str) -> Result<Network, &'static str> {
    if text == "private" { Ok(Network::Private) } else { Err("must be `private`; else unset it") }
}

/// Reads the product's address: https, or http to an allowed network.
fn parse_place(text: &str, widest: Network) -> Result<Place, &'static str> {
    const EXAMPLE: &str = "must be an address like https://product.example.com/hooks";
    if !text.contains("://") {
        return Err(match widest {
            Network::Loopback => {
                "must begin with https:// (http:// only to this machine), as in \
                 https://product.example.com/hooks"
            }
            Network::Private => {
                "must begin with https:// (http:// only to this machine or a private network), as in \
                 https://product.example.com/hooks"
            }
        });
    }
    if text.contains('#') {
        return Err("must not contain #");
    }
    let uri: Uri = text.parse().map_err(|_| EXAMPLE)?;
    let authority = uri.authority().ok_or(EXAMPLE)?;
    let named = authority.as_str();
    if named.contains('@') {
        return Err("must not contain a user or a password; the signature shows who calls");
    }
    let port = named.strip_prefix(authority.host()).is_none_or(|port| !port.is_empty());
    if port && authority.port_u16().is_none_or(|port| port == 0) {
        return Err("must have a port from 1 to 65535 after its host, or no port");
    }
    let host = Host::parse(authority.host())?;
    match uri.scheme_str() {
        Some("https") => Ok((uri, None)),
        Some("http") => {
            let network = host.network(widest)?;
            Ok((uri, Some(network)))
        }
        Some(_) | None => Err(EXAMPLE),
    }
}

/// Names that mean this machine everywhere (RFC 6761).
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn parse_delivery_budget(text: &str) -> Result<Duration, &'static str> {
    let millis = digits(text).filter(|millis| *millis <= 15_000);
    millis
        .map(Duration::from_millis)
        .ok_or("must be a number of milliseconds up to 15000, in digits; 0 means that a callback does not wait for the product")
}
