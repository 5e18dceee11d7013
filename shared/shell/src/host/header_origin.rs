//! Finds where a request over HTTP comes from, by the headers that its platform sets (decision I1).

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;

use super::origin::{is_request_id, origin, serving_process};
use super::platform::Platform;
use crate::call_origin::{CallOrigin, ServingProcess};
use crate::guard::Network;

/// Finds the origins of the requests of one process.
#[derive(Debug)]
pub(super) struct Origins {
    platform: Platform,
    pub process: Arc<ServingProcess>,
}

impl Origins {
    /// The origins of requests on a platform.
    pub fn new(platform: Platform) -> Self {
        Self { platform, process: serving_process() }
    }

    /// The origin of a request over plain HTTP. `peer` is the address at the other end of the
    /// connection.
    pub fn of(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> CallOrigin {
        let single = |name| single(headers, name);
        let ip = |text: &str| text.trim().parse().ok();
        let is_proxy = peer.is_some_and(|peer| Network::Private.contains(peer));
        let (id, address) = match &self.platform {
            // Both platforms overwrite this header.
            Platform::FunctionGraph { .. } => {
                (single("x-cff-request-id"), single("x-real-ip").and_then(ip))
            }
            Platform::Vercel => (single("x-vercel-id"), single("x-real-ip").and_then(ip)),
            // The last entry is the proxy's own. A caller can write the ones before it.
            Platform::Lambda | Platform::Machine if is_proxy => {
                (None, last_forwarded(headers).and_then(ip).or(peer))
            }
            Platform::Lambda | Platform::Machine => (None, peer),
        };
        let is_trusted = is_proxy || self.platform != Platform::Machine;
        let traced = || single("traceparent").and_then(trace_id);
        let given = || single("x-request-id").filter(|id| is_request_id(id));
        let id = id.filter(|id| is_request_id(id));
        // A caller without a proxy could choose its ID.
        let id = if is_trusted { id.or_else(traced).or_else(given) } else { id };
        origin(&self.process, id, address)
    }
}

/// The value of a header that occurs once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next().filter(|_| values.next().is_none());
    only.and_then(|value| value.to_str().ok())
}

/// The last address of `X-Forwarded-For`: the one that the nearest proxy saw.
fn last_forwarded(headers: &HeaderMap) -> Option<&str> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()
}

/// The trace ID of a `traceparent` (W3C Trace Context).
fn trace_id(header: &str) -> Option<&str> {
    let id = header.split('-').nth(1)?;
    let is_hex = id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (is_hex && id.bytes().any(|byte| byte != b'0')).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTSIDE: &str = "203.0.113.7";
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn of(platform: Platform, peer: &str, headers: &[(&str, &str)]) -> (String, String) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
        }
        let origin = Origins::new(platform).of(&map, peer.parse().ok());
        let id = origin.request_id.unwrap();
        let is_ours = id.len() == 32 && id != TRACE_ID;
        let address = origin.address.map(|it| it.to_string()).unwrap_or_default();
        (if is_ours { "ours".to_owned() } else { id }, address)
    }

    #[test]
    fn the_address_is_the_peers_or_the_one_that_the_nearest_proxy_saw() {
        let forwarded = |peer, entries: &[&str]| {
            let headers: Vec<_> = entries.iter().map(|it| ("x-forwarded-for", *it)).collect();
            of(Platform::Machine, peer, &headers).1
        };
        for (peer, entries, expected) in [
            (OUTSIDE, &[][..], OUTSIDE),
            (OUTSIDE, &["198.51.100.1"], OUTSIDE),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1, 203.0.113.7"], OUTSIDE),
            ("10.0.0.9", &["198.51.100.1", "203.0.113.7"], OUTSIDE),
            ("::ffff:10.0.0.9", &["2001:db8::7"], "2001:db8::7"),
            ("127.0.0.1", &["198.51.100.1, unknown"], "127.0.0.1"),
            ("127.0.0.1", &["<script>"], "127.0.0.1"),
            ("", &["203.0.113.7"], ""),
        ] {
            assert_eq!(forwarded(peer, entries), expected, "{peer} {entries:?}");
        }
    }

    #[test]
    fn function_platforms_give_the_address_in_their_own_header() {
        let graph = || Platform::FunctionGraph { runtime: None };
        let headers = [("x-real-ip", OUTSIDE), ("x-forwarded-for", "198.51.100.1")];
        for platform in [graph(), Platform::Vercel] {
            assert_eq!(of(platform, "127.0.0.1", &headers).1, OUTSIDE);
        }
        assert_eq!(of(graph(), "127.0.0.1", &[("x-real-ip", "nonsense")]).1, "");
    }

    #[test]
    fn a_request_id_is_the_platforms_or_a_proxys_or_random() {
        let graph = || Platform::FunctionGraph { runtime: None };
        let (long, longest) = ("a".repeat(129), "a".repeat(128));
        let local = "127.0.0.1";
        for (platform, peer, headers, expected) in [
            (graph(), local, &[("x-cff-request-id", "cff-1"), ("x-request-id", "x")][..], "cff-1"),
            (Platform::Vercel, local, &[("x-vercel-id", "hnd1::iad1-2")], "hnd1::iad1-2"),
            (Platform::Machine, local, &[("x-vercel-id", "hnd1::iad1-2")], "ours"),
            (Platform::Machine, local, &[("x-request-id", "r-1")], "r-1"),
            (Platform::Machine, local, &[("x-request-id", "r"), ("traceparent", TRACE)], TRACE_ID),
            (Platform::Machine, OUTSIDE, &[("x-request-id", "r-1")], "ours"),
            (Platform::Machine, OUTSIDE, &[("traceparent", TRACE)], "ours"),
            (Platform::Machine, local, &[("x-request-id", "a b")], "ours"),
            (Platform::Machine, local, &[("x-request-id", &long)], "ours"),
            (Platform::Machine, local, &[("x-request-id", &longest)], &longest),
            (Platform::Machine, local, &[("x-request-id", "a"), ("x-request-id", "b")], "ours"),
            (Platform::Machine, local, &[("traceparent", "00-0-0-0")], "ours"),
            (Platform::Machine, local, &[], "ours"),
        ] {
            assert_eq!(of(platform, peer, headers).0, expected, "{headers:?}");
        }
    }
}
