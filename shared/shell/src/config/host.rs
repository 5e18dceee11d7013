//! Settings of the host: where it listens, and what it logs.

use std::net::SocketAddr;

/// From silent to loud.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// Crates that log something.
const TARGETS: [&str; 6] =
    ["shell", "hyper_util", "lambda_http", "lambda_runtime", "tower", "aws_sigv4"];

/// An address and a port. A name other than `localhost` is refused: it may have several addresses.
pub(super) fn parse_listen(text: &str) -> Result<String, &'static str> {
    let is_local = text.strip_prefix("localhost:").is_some_and(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    });
    let is_address = text.parse::<SocketAddr>().is_ok() || is_local;
    let fits = is_address.then(|| text.to_owned());
    fits.ok_or("wants an IP address and a port, like 127.0.0.1:8000 or 0.0.0.0:8000")
}

/// How many connections a plain HTTP host keeps open.
pub(super) fn parse_max_connections(text: &str) -> Result<usize, &'static str> {
    let count = text.parse().ok().filter(|count| (1..=65_536).contains(count));
    count.ok_or("wants a number from 1 to 65536, in digits")
}

/// A level, or `target=level` for some targets. What is neither would be a target's name to
/// `tracing`, and the log would be silent.
pub(super) fn parse_log(text: &str) -> Result<String, String> {
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
        "wants one of {}, or target=level separated by commas, of the targets {}",
        LEVELS.join(", "),
        TARGETS.join(", ")
    ))
}
