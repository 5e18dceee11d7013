//! Settings of the metrics (decision I3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use domain::settings::SettingError;

use super::error::ConfigError;
use super::listener::{parse_listen, parse_listener_secret};
use super::source::Source;
use crate::metrics::{MetricsListen, MetricsSetting};

/// Reads where metrics go. `host_listen` is the address of the plain HTTP host; `None` if it is wrong.
pub(super) fn metrics(
    source: &Source<'_>,
    host_listen: Option<&str>,
    errors: &mut ConfigError,
) -> Option<MetricsSetting> {
    let words = [("off", Format::Off), ("prometheus", Format::Prometheus), ("emf", Format::Emf)];
    let format = errors.keep(source.word("KOOHOOK_METRICS", words));
    let listen = errors.keep(source.parsed(LISTEN, parse_listen));
    let secret = source.parsed(SECRET, |text| parse_listener_secret(text, "metrics"));
    let secret = errors.keep(secret);
    let (format, listen, secret) = (format?, listen?, secret?);
    if !matches!(format, Format::Prometheus) {
        let unused = listen.as_ref().map(|_| LISTEN).or(secret.as_ref().map(|_| SECRET));
        errors.keep(unused.map_or(Ok(()), |name| Err(SettingError::new(name, NO_LISTENER))))?;
    }
    match format {
        Format::Off => Some(MetricsSetting::Off),
        Format::Emf => Some(MetricsSetting::Emf),
        Format::Prometheus => {
            let listen = listen.unwrap_or_else(|| "127.0.0.1:9464".to_owned());
            let listen = MetricsListen { listen, secret };
            errors.keep(judge(&listen, host_listen))?;
            Some(MetricsSetting::Prometheus(listen))
        }
    }
}

#[derive(Clone, Copy)]
enum Format {
    Off,
    Prometheus,
    Emf,
}

/// Two listeners need two addresses, and other machines need the secret.
fn judge(metrics: &MetricsListen, host_listen: Option<&str>) -> Result<(), SettingError> {
    let own = addresses(&metrics.listen);
    let host = host_listen.map(addresses).unwrap_or_default();
    if own.iter().any(|own| host.iter().any(|host| overlap(*own, *host))) {
        let problem = "has the address of KOOHOOK_LISTEN; set it to another port";
        return Err(SettingError::new(LISTEN, problem));
    }
    if metrics.secret.is_none() && !own.iter().all(|own| own.ip().is_loopback()) {
        return Err(SettingError::new(SECRET, NO_SECRET));
    }
    Ok(())
}

/// The addresses of a setting that [`parse_listen`] accepts. `localhost` has two.
fn addresses(listen: &str) -> Vec<SocketAddr> {
    let with = |ip: IpAddr, port| SocketAddr::new(ip.to_canonical(), port);
    if let Ok(address) = listen.parse::<SocketAddr>() {
        return vec![with(address.ip(), address.port())];
    }
    let port = listen.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    let both = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    port.map(|port| both.map(|ip| with(ip, port)).to_vec()).unwrap_or_default()
}

/// Whether two listeners would get the same connections. `0.0.0.0` has all IPv4 addresses, and `[::]`
/// usually has all addresses. For port 0 the system chooses a free port.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (one_ip, other_ip) = (one.ip(), other.ip());
    let has = |all: IpAddr, ip: IpAddr| {
        all.is_unspecified() && (all.is_ipv6() || ip.is_ipv4() || ip.is_unspecified())
    };
    let is_same = one_ip == other_ip || has(one_ip, other_ip) || has(other_ip, one_ip);
    one.port() != 0 && one.port() == other.port() && is_same
}

const LISTEN: &str = "KOOHOOK_METRICS_LISTEN";
const SECRET: &str = "KOOHOOK_METRICS_SECRET";
const NO_LISTENER: &str =
    "has no effect without KOOHOOK_METRICS=prometheus; set that too, or unset this one";
const NO_SECRET: &str = "is required, because other machines reach KOOHOOK_METRICS_LISTEN; generate one with \
     koohook keys secret metrics";
