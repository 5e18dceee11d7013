//! `redis://…`, `rediss://…`, `redis+unix://…` and `unix://…`, with their options.

use domain::secret::Secret;

use super::{Durability, UNSEEN, has_unseen};

/// Which Redis, and how to call it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RedisSetting {
    /// The server's address. It may contain a password.
    pub address: Secret,
    /// A file with the certificate of the server's authority, if it is not a public one.
    pub authority: Option<String>,
    /// Whether the address is one node of a cluster.
    pub cluster: bool,
    /// The prefix of every key in the server.
    pub prefix: String,
    /// Whether the seller accepts a server that may lose data.
    pub durability: Durability,
    /// How many replicas must acknowledge a write before koohook relies on it.
    pub wait: Option<u8>,
}

impl RedisSetting {
    /// Reads the setting if its scheme is one of Redis. The error states what is wrong, without the
    /// value.
    pub fn parse(text: &str) -> Option<Result<Self, &'static str>> {
        let known = SCHEMES.iter().find(|(scheme, _)| text.starts_with(scheme));
        known.map(|(scheme, theirs)| read(text, scheme, theirs))
    }
}

impl RedisSetting {
    /// The host and the port, or the socket's path, without a user or a password.
    pub fn place(&self) -> &str {
        let address = self.address.reveal();
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        let rest = rest.split('?').next().unwrap_or_default();
        if scheme.ends_with("unix") {
            return rest;
        }
        let authority = rest.split('/').next().unwrap_or_default();
        authority.rsplit_once('@').map_or(authority, |(_, host)| host)
    }
}

fn read(text: &str, scheme: &str, theirs: &[&str]) -> Result<RedisSetting, &'static str> {
    let (address, options) = text.split_once('?').unwrap_or((text, ""));
    if let Some(fault) = fault(text, address.get(scheme.len()..).unwrap_or_default(), theirs) {
        return Err(fault);
    }
    let mut setting = RedisSetting {
        address: Secret::new(String::new()),
        authority: None,
        cluster: false,
        prefix: "koohook".to_owned(),
        durability: Durability::Required,
        wait: None,
    };
    let mut passed = Vec::new();
    for option in options.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=').unwrap_or((option, "")) {
            ("cluster", "true") => setting.cluster = true,
            ("durability", "any") => setting.durability = Durability::Any,
            ("wait", number) => setting.wait = Some(read_wait(number)?),
            ("prefix", name) if is_prefix(name) => name.clone_into(&mut setting.prefix),
            ("ca", file) if scheme == "rediss://" && !file.is_empty() => {
                setting.authority = Some(file.to_owned());
            }
            (name, _) if theirs.contains(&name) => passed.push(option),
            _ => return Err(if theirs.is_empty() { OPTIONS } else { SOCKET_OPTIONS }),
        }
    }
    if setting.cluster && !theirs.is_empty() {
        return Err(
            "must have a host and a port with cluster=true; cluster nodes refer to each other by these",
        );
    }
    if setting.cluster && setting.wait.is_some() {
        return Err("cannot have wait=N in a cluster, since WAIT has no key that selects the \
             node that wrote; remove wait=N, or name a single server");
    }
    let mark = if passed.is_empty() { "" } else { "?" };
    setting.address = Secret::new(format!("{address}{mark}{}", passed.join("&")));
    Ok(setting)
}

/// The fault of an address, if there is one. If a password is not percent-encoded, the client could
/// read a part of it as a host, a database or an option. The client would read the text after a `#`
/// as "do not check certificates".
fn fault(text: &str, address: &str, theirs: &[&str]) -> Option<&'static str> {
    let has_host = theirs.is_empty();
    let (authority, path) = address.split_once('/').unwrap_or((address, ""));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let mut options = text.split(['?', '&']).skip(1);
    let is_cut = user.contains('@')
        || path.contains('@')
        || options.any(|option| option.contains('@') && !option.starts_with("ca="));
    let faults = [
        (has_unseen(text), UNSEEN),
        (text.contains(['#', ' ', '"', '\'']) || has_host && is_cut, ENCODE),
        (!is_encoded(text), PERCENT),
        (address.is_empty() || has_host && !(is_host(host) && is_database(path)), ADDRESS),
    ];
    faults.into_iter().find_map(|(is_so, text)| is_so.then_some(text))
}

/// Whether two hexadecimal digits follow every `%`.
fn is_encoded(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    text.split('%').skip(1).all(is_hex)
}

/// Whether a text is a host, with or without a port.
fn is_host(text: &str) -> bool {
    let behind = text.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match text.get(behind..).unwrap_or_default().split_once(':') {
        Some((rest, port)) => (text.get(..behind + rest.len()).unwrap_or_default(), Some(port)),
        None => (text, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    !host.is_empty() && port.is_none_or(is_port)
}

fn is_database(path: &str) -> bool {
    path.is_empty() || path.parse::<u16>().is_ok()
}

fn read_wait(number: &str) -> Result<u8, &'static str> {
    let number = number.parse().ok().filter(|number| (1..=16).contains(number));
    number.ok_or("must have wait=N with N from 1 to 16: how many replicas must acknowledge")
}

/// Whether a text can be a prefix. Braces are excluded: in a key they mark the shard.
fn is_prefix(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= 64 && name.bytes().all(plain)
}

/// How an address may begin, and which of its options the client reads itself.
const SCHEMES: [(&str, &[&str]); 4] = [
    ("redis://", &[]),
    ("rediss://", &[]),
    ("redis+unix://", &["db", "user", "pass"]),
    ("unix://", &["db", "user", "pass"]),
];
const OPTIONS: &str = "has an unknown option; only cluster=true, prefix=NAME, wait=N, durability=any, and ca=FILE with \
     rediss:// are allowed";
const SOCKET_OPTIONS: &str = "has an unknown option; only db=N, user=NAME, pass=PASSWORD, prefix=NAME, wait=N and \
     durability=any are allowed";
const ENCODE: &str = "has a user or a password that is not percent-encoded; in them, write \
     %40 for @, %2F for /, %3F for ?, %23 for #, %25 for % and %20 for a blank";
const PERCENT: &str = "has a % that is not followed by two hexadecimal digits; write %25 for % \
     in a user or a password";
const ADDRESS: &str = "is not a Redis address; write redis://USER:PASSWORD@HOST:PORT/DATABASE, \
     where only HOST is required";

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(address: &str) -> Option<&'static str> {
        RedisSetting::parse(address).unwrap().err()
    }

    #[test]
    fn an_invalid_address_is_rejected_with_its_reason() {
        for (address, reason) in [
            ("redis://:p@ss@host", ENCODE),
            ("redis://user:p/w@host:6379", ENCODE),
            ("redis://:p?w@host:6379", ENCODE),
            ("redis://:p#w@host:6379", ENCODE),
            ("redis://:p w@host", ENCODE),
            ("rediss://:p@s@host?cluster=true", ENCODE),
            ("redis://:p%w@host", PERCENT),
            ("redis://:p%@host", PERCENT),
            ("redis://:pw@host:6379\n", UNSEEN),
            ("\u{feff}redis://host", ""),
            ("redis://", ADDRESS),
            ("redis:///0", ADDRESS),
            ("redis://:pw@", ADDRESS),
            ("redis://host:port", ADDRESS),
            ("redis://host:0", ADDRESS),
            ("redis://host:70000", ADDRESS),
            ("redis://host:6379/one", ADDRESS),
            ("redis://host/0/1", ADDRESS),
        ] {
            if reason.is_empty() {
                assert!(RedisSetting::parse(address).is_none(), "{address}");
            } else {
                assert_eq!(rejected(address), Some(reason), "{address}");
            }
        }
    }

    #[test]
    fn the_error_for_an_unknown_option_lists_the_options_of_the_scheme() {
        for (address, text) in [
            ("redis://host?db=1", OPTIONS),
            ("rediss://host?cluster", OPTIONS),
            ("redis://host?ca=/a.pem", OPTIONS),
            ("unix:///run/redis.sock?foo=1", SOCKET_OPTIONS),
            ("redis+unix:///run/redis.sock?ca=/a.pem", SOCKET_OPTIONS),
        ] {
            assert_eq!(rejected(address), Some(text), "{address}");
        }
        for option in ["db=1", "user=u", "pass=p", "prefix=p", "wait=1", "durability=any"] {
            assert_eq!(rejected(&format!("unix:///run/redis.sock?{option}")), None, "{option}");
        }
    }

    #[test]
    fn addresses_of_every_form_are_accepted() {
        for address in [
            "redis://host",
            "redis://host:6379",
            "redis://host:6379/",
            "redis://host/15",
            "redis://[::1]:6379/2",
            "redis://[fe80::1]",
            "redis://:p%40s%3Aw%2fr%3Fd%23%25%2B%20%26%3D%C3%A9@127.0.0.1:6379/0",
            "redis://u:p:w@host?durability=any",
            "rediss://user:@redis.example.com:6380/2?ca=/a@b.pem",
            "redis+unix:///run/redis.sock?db=1&pass=p%40w",
            "unix:///run/a@b.sock",
        ] {
            assert_eq!(rejected(address), None, "{address}");
        }
    }
}
