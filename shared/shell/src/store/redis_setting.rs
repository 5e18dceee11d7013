//! `KOOHOOK_STORE` where it names a Redis; read by every program, so that one which was built
//! without the store can say so.

use marketplace::page::Secret;

use super::Durability;

/// Which Redis, and how it is spoken to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RedisSetting {
    /// The server's address, with the password that may be in it.
    pub address: Secret,
    /// A file with the authority that vouches for the server, where none of the public ones does.
    pub authority: Option<String>,
    /// Whether the address is one node of a cluster.
    pub cluster: bool,
    /// What every key in the server begins with.
    pub prefix: String,
    /// Whether the seller takes what the server's memory is worth.
    pub durability: Durability,
    /// How many replicas must acknowledge what an answer rests on.
    pub wait: Option<u8>,
}

/// How an address may begin, and which options of it the client reads by itself.
const SCHEMES: [(&str, &[&str]); 4] = [
    ("redis://", &[]),
    ("rediss://", &[]),
    ("redis+unix://", &["db", "user", "pass"]),
    ("unix://", &["db", "user", "pass"]),
];

const WANTS: &str = "knows no option of redis but cluster=true, prefix=NAME, wait=N, durability=any, and ca=FILE of \
     rediss";

impl RedisSetting {
    /// Reads the setting, if its scheme is one of Redis; the error says what is wrong with it and
    /// not what it is.
    pub fn parse(text: &str) -> Option<Result<Self, &'static str>> {
        let known = SCHEMES.iter().find(|(scheme, _)| text.starts_with(scheme));
        known.map(|(scheme, theirs)| read(text, scheme, theirs))
    }
}

fn read(text: &str, scheme: &str, theirs: &[&str]) -> Result<RedisSetting, &'static str> {
    let (address, options) = text.split_once('?').unwrap_or((text, ""));
    // What a client might take for "do not check certificates" stands behind a `#`.
    if address.len() == scheme.len() || text.contains(['#', ' ']) {
        return Err("wants redis://HOST:PORT, with user, password and database where it has them");
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
        match option.split_once('=').ok_or(WANTS)? {
            ("cluster", "true") => setting.cluster = true,
            ("durability", "any") => setting.durability = Durability::Any,
            ("wait", number) => setting.wait = Some(read_wait(number)?),
            ("prefix", name) if is_prefix(name) => name.clone_into(&mut setting.prefix),
            ("ca", file) if scheme == "rediss://" && !file.is_empty() => {
                setting.authority = Some(file.to_owned());
            }
            (name, _) if theirs.contains(&name) => passed.push(option),
            _ => return Err(WANTS),
        }
    }
    if setting.cluster && !theirs.is_empty() {
        return Err("wants a host and a port of a cluster: its nodes name each other by those");
    }
    if setting.cluster && setting.wait.is_some() {
        return Err(
            "cannot have wait=N in a cluster: WAIT names no key, so it cannot be sent to the \
             node that wrote; leave wait=N out, or name a single server",
        );
    }
    let mark = if passed.is_empty() { "" } else { "?" };
    setting.address = Secret::new(format!("{address}{mark}{}", passed.join("&")));
    Ok(setting)
}

fn read_wait(number: &str) -> Result<u8, &'static str> {
    let number = number.parse().ok().filter(|number| (1..=16).contains(number));
    number.ok_or("wants wait=N with N from 1 to 16: how many replicas must acknowledge")
}

/// Braces would be the shard's mark in a key.
fn is_prefix(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= 64 && name.bytes().all(plain)
}
