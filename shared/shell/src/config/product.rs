//! Settings of the product: where it is, how it may be reached, and what is signed to it
//! (decision E6).

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

/// The product's address, and the network that plain HTTP to it must stay in.
type Place = (Uri, Option<Network>);

/// A host, as an address names it.
enum Host<'a> {
    Name(&'a str),
    Literal(IpAddr),
}

impl<'a> Host<'a> {
    /// Tells names from addresses. A name that ends in a number is an address to some programs and
    /// a name to others, and so is refused.
    fn parse(text: &'a str) -> Result<Self, &'static str> {
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
            let address = address.map(|address| Self::Literal(address.into()));
            return address.ok_or("wants an IPv6 address in brackets, without a zone");
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
            Err("wants a host, as in https://product.example.com/hooks")
        } else if is_number {
            Err("wants a host name, or an IPv4 address of four decimal numbers")
        } else {
            Ok(Self::Name(text))
        }
    }

    /// The network that plain HTTP to this host must stay in. The addresses of a name are checked
    /// with each connection.
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
                "wants https; http may lead to this machine alone, or to a private network with \
                 KOOHOOK_PRODUCT_HTTP=private",
            ),
            (false, false, Network::Private) => {
                Err("wants https; http may lead to this machine, 10.0.0.0/8, 172.16.0.0/12, \
                 192.168.0.0/16 and fc00::/7 alone")
            }
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

/// Access data for all instances.
pub(super) fn template(source: &Source<'_>) -> Result<Option<Template>, SettingError> {
    source.parsed("KOOHOOK_APP_INFO", Template::parse)
}

/// Whether buyers get in at all: by the template, or by what the product says.
///
/// # Errors
/// If neither is set.
pub(super) fn require_access(
    template: Option<&Template>,
    product: Option<&Product>,
) -> Result<(), SettingError> {
    if template.is_none() && product.is_none() {
        let text = "or KOOHOOK_PRODUCT_URL is required: without either no buyer ever gets in";
        return Err(SettingError::new("KOOHOOK_APP_INFO", text));
    }
    Ok(())
}

/// What only makes sense with another setting.
fn together(
    place: Option<Place>,
    authorities: Option<Authorities>,
    secrets: Option<WebhookSecrets>,
    budget: Duration,
) -> Result<Option<Product>, SettingError> {
    match (place, secrets, authorities) {
        (Some((_, Some(_))), _, Some(_)) => Err(SettingError::new(
            "KOOHOOK_PRODUCT_CA",
            "wants an https address in KOOHOOK_PRODUCT_URL",
        )),
        (Some((address, network)), Some(secrets), authorities) => {
            let guard = Guard { authorities: authorities.unwrap_or_default(), network };
            Ok(Some(Product { address, secrets, budget, guard }))
        }
        (Some(_), None, _) => {
            let text = "is required with a product address; koohook keys secret product makes one";
            Err(SettingError::new("KOOHOOK_PRODUCT_SECRET", text))
        }
        (None, Some(_), _) => {
            Err(SettingError::new("KOOHOOK_PRODUCT_SECRET", "is set without a product address"))
        }
        (None, None, Some(_)) => {
            Err(SettingError::new("KOOHOOK_PRODUCT_CA", "is set without a product address"))
        }
        (None, None, None) => Ok(None),
    }
}

fn parse_private(text: &str) -> Result<Network, &'static str> {
    if text == "private" { Ok(Network::Private) } else { Err("wants `private`, or is unset") }
}

/// The product's address: https, or http in a network.
fn parse_place(text: &str, widest: Network) -> Result<Place, &'static str> {
    const EXAMPLE: &str = "wants an address like https://product.example.com/hooks";
    if !text.contains("://") {
        return Err("wants https:// before the host, as in https://product.example.com/hooks");
    }
    if text.contains('#') {
        return Err("wants an address without #");
    }
    let uri: Uri = text.parse().map_err(|_| EXAMPLE)?;
    let authority = uri.authority().ok_or(EXAMPLE)?;
    let named = authority.as_str();
    if named.contains('@') {
        return Err("wants an address without user and password; the signature proves who calls");
    }
    let port = named.strip_prefix(authority.host()).is_none_or(|port| !port.is_empty());
    if port && authority.port_u16().is_none_or(|port| port == 0) {
        return Err("wants a port from 1 to 65535 behind the host, or none");
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
    millis.map(Duration::from_millis).ok_or("wants milliseconds up to 15000, in digits; 0 is never")
}
