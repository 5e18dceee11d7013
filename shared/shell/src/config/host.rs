//! Settings of the host: where it listens, what starts the relay over HTTP, what is logged, and where metrics
//! go.

use domain::secret::Secret;
use domain::settings::SettingError;

use super::error::ConfigError;
use super::listener::{parse_listen, parse_relay_secret};
use super::metrics::metrics;
use super::source::Source;
use crate::metrics::MetricsSetting;

/// Settings of the host.
pub(super) struct HostConfig {
    pub relay_secret: Option<Secret>,
    pub listen: String,
    pub max_connections: usize,
    pub log: String,
    pub metrics: MetricsSetting,
}

pub(super) fn host(source: &Source<'_>, errors: &mut ConfigError) -> Option<HostConfig> {
    let relay_secret = errors.keep(source.parsed("KOOHOOK_RELAY_SECRET", parse_relay_secret));
    let listen = errors.keep(source.parsed("KOOHOOK_LISTEN", parse_listen));
    let max_connections = source.parsed("KOOHOOK_MAX_CONNECTIONS", parse_max_connections);
    let max_connections = errors.keep(max_connections);
    let log = errors.keep(log(source, "info"));
    let listen = listen.map(|listen| listen.unwrap_or_else(|| "127.0.0.1:8000".to_owned()));
    let metrics = metrics(source, listen.as_deref(), errors);
    Some(HostConfig {
        relay_secret: relay_secret?,
        listen: listen?,
        max_connections: max_connections?.unwrap_or(1_024),
        log: log?,
        metrics: metrics?,
    })
}

/// Reads the levels of the log; `default` if they are not set.
pub(super) fn log(source: &Source<'_>, default: &str) -> Result<String, SettingError> {
    let log = source.parsed("KOOHOOK_LOG", parse_log)?;
    Ok(log.unwrap_or_else(|| default.to_owned()))
}

/// Reads how many connections a plain HTTP host keeps open.
fn parse_max_connections(text: &str) -> Result<usize, &'static str> {
    let count = text.parse().ok().filter(|count| (1..=65_536).contains(count));
    count.ok_or("must be a number from 1 to 65536, in digits")
}

/// Reads a level, or `target=level` for some targets. `tracing` would read any other text as the
/// name of a target, and the log would be empty.
fn parse_log(text: &str) -> Result<String, String> {
    let fits = |part: &str| match part.split_once('=') {
        None => LEVELS.contains(&part),
        Some((target, level)) => {
            let krate = target.split("::").next().unwrap_or_default();
            TARGETS.contains(&krate) && LEVELS.contains(&level)
        }
    };
    if text.split(',').all(fits) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "must be one of {}, or target=level separated by commas, with the targets {}",
        LEVELS.join(", "),
        TARGETS.join(", ")
    ))
}

/// The levels, from no output to the most output.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// The crates that log.
const TARGETS: [&str; 6] =
    ["shell", "hyper_util", "lambda_http", "lambda_runtime", "tower", "aws_sigv4"];
