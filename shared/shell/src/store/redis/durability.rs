//! How durable a server is: what it says of itself, and what that is worth.

use std::collections::BTreeMap;
use std::fmt;

use redis::{RedisError, Value};

use super::connection::{RedisConnection, text};

/// What an acknowledged write is worth.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Grade {
    /// It outlives any crash, and a failover to a replica that acknowledged it: `wait=N`.
    APlus,
    /// It outlives any crash, and there is no replica that a failover could promote.
    A,
    /// A crash or a failover may lose the newest writes; why, and what to change. Or the server
    /// does not say, as managed servers may not: its buyer cannot change what is hidden, and what
    /// is seen to be bad is refused all the same. A lost purchase is made again by the
    /// marketplace's next newInstance, under the same derived ID. No other lost call comes again.
    B(&'static str),
    /// It may lose more than that; why, and what to change.
    C(&'static str),
}

/// What the masters say of themselves.
pub struct FoundDurability {
    masters: Vec<Facts>,
    /// Whether koohook waits for replicas.
    waits: bool,
}

/// What one server says, by the setting's name; what it does not say is absent.
type Facts = BTreeMap<&'static str, String>;

impl Grade {
    /// The grade's letter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::APlus => "A+",
            Self::A => "A",
            Self::B(_) => "B",
            Self::C(_) => "C",
        }
    }

    /// Says in the log that the grade is another one than before, if it is.
    pub fn log_change(self, before: Self, found: &FoundDurability) {
        let (grade, was) = (self.as_str(), before.as_str());
        match self {
            _ if grade == was => {}
            Self::C(advice) => {
                tracing::error!(grade, was, found = %found, advice, "redis durability is worse");
            }
            Self::B(advice) if before < self => {
                tracing::warn!(grade, was, found = %found, advice, "redis durability is worse");
            }
            Self::APlus | Self::A | Self::B(_) => {
                tracing::info!(grade, was, found = %found, "redis durability is better");
            }
        }
    }

    /// Says in the log what was found at the start.
    pub fn log(self, found: &FoundDurability) {
        let grade = self.as_str();
        match self {
            Self::APlus | Self::A => tracing::info!(grade, found = %found, "redis durability"),
            Self::B(advice) | Self::C(advice) => {
                tracing::warn!(grade, found = %found, advice, "redis durability");
            }
        }
    }
}

impl FoundDurability {
    /// The worst master decides.
    pub fn grade(&self) -> Grade {
        self.masters.iter().map(|facts| grade(facts, self.waits)).max().unwrap_or(Grade::B(SILENT))
    }

    /// Whether it accepts no writes.
    pub fn is_replica(&self) -> bool {
        self.masters.iter().any(|facts| facts.get("role").is_some_and(|role| role == "slave"))
    }
}

impl fmt::Display for FoundDurability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worst = self.masters.iter().max_by_key(|facts| grade(facts, self.waits));
        let Some(facts) = worst.filter(|facts| !facts.is_empty()) else {
            return formatter.write_str("no durability settings");
        };
        let said: Vec<_> = facts.iter().map(|(name, value)| format!("{name}={value}")).collect();
        formatter.write_str(&said.join(" "))
    }
}

/// Asks every master. What a server refuses to say is not an error; no answer is.
pub async fn find(
    connection: &RedisConnection,
    waits: bool,
) -> Result<FoundDurability, RedisError> {
    let mut found: BTreeMap<String, Facts> = BTreeMap::new();
    // The one that tells whether there is a server at all.
    for (name, _) in connection.read_every_master(redis::cmd("PING")).await? {
        found.entry(name).or_default();
    }
    for (name, answer) in allowed(connection.read_every_master(redis::cmd("INFO")).await)? {
        let facts = found.entry(name).or_default();
        facts.extend(text(answer).map(|info| lines(&info)).unwrap_or_default());
    }
    for setting in SETTINGS {
        let mut get = redis::cmd("CONFIG");
        get.arg("GET").arg(setting);
        for (name, answer) in allowed(connection.read_every_master(get).await)? {
            let value = second(answer).map(|value| (setting, value));
            found.entry(name).or_default().extend(value);
        }
    }
    Ok(FoundDurability { masters: found.into_values().collect(), waits })
}

fn grade(facts: &Facts, waits: bool) -> Grade {
    let said = |name| facts.get(name).map(String::as_str);
    let replicated = said("replicas").is_some_and(|count| count != "0");
    match (said("maxmemory-policy"), said("appendonly"), said("appendfsync")) {
        (Some(policy), _, _) if policy.starts_with("allkeys") => Grade::C(EVICTS),
        (_, Some("yes"), Some("always")) if waits => Grade::APlus,
        (_, Some("yes"), Some("always")) if replicated => Grade::B(FAILS_OVER),
        (_, Some("yes"), Some("always")) => Grade::A,
        _ if replicated => Grade::B(SYNCS_LATE),
        (_, Some("yes"), Some("no")) => Grade::C(FORGETS),
        (_, Some("yes"), _) => Grade::B(SYNCS_LATE),
        (_, None, _) => Grade::B(SILENT),
        (_, Some(_), _) => Grade::C(FORGETS),
    }
}

/// A refusal is silence; the connection's failure is not.
fn allowed(
    answers: Result<Vec<(String, Value)>, RedisError>,
) -> Result<Vec<(String, Value)>, RedisError> {
    match answers {
        Err(fault) if fault.code().is_some() => Ok(Vec::new()),
        answers => answers,
    }
}

fn lines(info: &str) -> Facts {
    let pairs = info.lines().filter_map(|line| line.split_once(':'));
    let fact = |(line, value): (&str, &str)| {
        let (_, name) = LINES.iter().find(|(known, _)| *known == line)?;
        let value = match (*name, value) {
            ("appendonly", "1") => "yes",
            ("appendonly", "0") => "no",
            (_, value) => value,
        };
        Some((*name, value.to_owned()))
    };
    pairs.filter_map(fact).collect()
}

/// The value of the one setting that was asked for.
fn second(answer: Value) -> Option<String> {
    match answer {
        Value::Array(pair) => pair.into_iter().nth(1).and_then(|value| text(value).ok()),
        Value::Map(pairs) => pairs.into_iter().next().and_then(|(_, value)| text(value).ok()),
        _ => None,
    }
}

/// The settings that matter; `CONFIG GET` names them, if it is allowed.
const SETTINGS: [&str; 3] = ["appendonly", "appendfsync", "maxmemory-policy"];
/// What `INFO` calls the same and more; that is allowed more often.
const LINES: [(&str, &str); 4] = [
    ("aof_enabled", "appendonly"),
    ("maxmemory_policy", "maxmemory-policy"),
    ("connected_slaves", "replicas"),
    ("role", "role"),
];
const EVICTS: &str = "its maxmemory-policy drops keys that never expire: set it to noeviction";
const FORGETS: &str =
    "set appendonly to yes and appendfsync to always or everysec, or add a replica";
const FAILS_OVER: &str = "a failover may lose the newest writes; set wait=N";
const SYNCS_LATE: &str =
    "a crash may lose the newest writes: set appendonly to yes and appendfsync to always";
const SILENT: &str =
    "the server does not say how it keeps writes: ask its provider whether a crash may lose some";

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(said: &str) -> Facts {
        let names = SETTINGS.into_iter().chain(["replicas", "role"]);
        let value = |name: &str| {
            said.split(' ').find_map(|fact| fact.strip_prefix(name)?.strip_prefix('='))
        };
        names.filter_map(|name| Some((name, value(name)?.to_owned()))).collect()
    }

    #[test]
    fn a_server_is_worth_what_it_says() {
        for (said, grade) in [
            ("appendonly=yes appendfsync=always", 'A'),
            ("appendonly=yes appendfsync=always maxmemory-policy=noeviction replicas=0", 'A'),
            ("appendonly=yes appendfsync=always maxmemory-policy=volatile-lru", 'A'),
            ("appendonly=yes appendfsync=always replicas=1", 'B'),
            ("appendonly=yes appendfsync=always maxmemory-policy=noeviction replicas=3", 'B'),
            ("appendonly=yes appendfsync=everysec replicas=0", 'B'),
            ("appendonly=yes replicas=0", 'B'),
            ("appendonly=no appendfsync=always replicas=1", 'B'),
            ("appendonly=yes appendfsync=no replicas=2", 'B'),
            ("", 'B'),
            ("replicas=0", 'B'),
            ("appendonly=no appendfsync=always", 'C'),
            ("appendonly=no replicas=0", 'C'),
            ("appendonly=yes appendfsync=no replicas=0", 'C'),
            ("appendonly=yes appendfsync=always maxmemory-policy=allkeys-lru", 'C'),
            ("maxmemory-policy=allkeys-random replicas=1", 'C'),
        ] {
            assert_eq!(super::grade(&facts(said), false).as_str(), grade.to_string(), "{said}");
        }
    }

    /// A crash of a master that restarts before a failover is the replicas' loss, too.
    #[test]
    fn waiting_for_replicas_is_worth_what_the_master_syncs() {
        for (said, grade) in [
            ("appendonly=yes appendfsync=always replicas=1", "A+"),
            ("appendonly=yes appendfsync=everysec replicas=1", "B"),
            ("appendonly=no replicas=2", "B"),
            ("", "B"),
            ("appendonly=yes appendfsync=always maxmemory-policy=allkeys-lru replicas=1", "C"),
        ] {
            assert_eq!(super::grade(&facts(said), true).as_str(), grade, "{said}");
        }
        assert!(
            Grade::APlus < Grade::A && Grade::A < Grade::B("") && Grade::B("z") < Grade::C("a")
        );
    }

    #[test]
    fn the_worst_master_decides() {
        let found = |said: &[&str]| FoundDurability {
            masters: said.iter().map(|said| facts(said)).collect(),
            waits: false,
        };
        let (best, good) = ("appendonly=yes appendfsync=always", "appendonly=yes");
        assert_eq!(found(&[best, best]).grade(), Grade::A);
        assert_eq!(found(&[good, best]).grade(), Grade::B(SYNCS_LATE));
        let replicated = "appendonly=yes appendfsync=always replicas=1";
        assert_eq!(found(&[best, replicated, best]).grade(), Grade::B(FAILS_OVER));
        let worst = found(&[good, "appendonly=no", best]);
        assert_eq!(worst.grade().as_str(), "C");
        assert_eq!(worst.to_string(), "appendonly=no");
        assert_eq!(found(&[""]).to_string(), "no durability settings");
    }

    /// As a server of version 7 writes it.
    #[test]
    fn info_is_read_by_its_lines() {
        let info = "# Memory\r\nmaxmemory_policy:noeviction\r\n\r\n# Persistence\r\n\
            aof_enabled:1\r\naof_enabled_x:0\r\n# Replication\r\nrole:slave\r\n\
            connected_slaves:2\r\n";
        let expected = "appendonly=yes maxmemory-policy=noeviction replicas=2 role=slave";
        assert_eq!(lines(info), facts(expected));
        assert!(FoundDurability { masters: vec![lines(info)], waits: false }.is_replica());
    }
}
