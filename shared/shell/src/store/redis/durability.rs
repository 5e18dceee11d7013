//! The durability of a server: the settings that it reports, and the grade that follows.

use std::collections::BTreeMap;
use std::fmt;

use redis::{RedisError, Value};

use super::connection::{RedisConnection, text};

/// How safe an acknowledged write is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Grade {
    /// It survives any crash, and a failover to a replica that acknowledged it: `wait=N`.
    APlus,
    /// It survives any crash, and there is no replica that a failover could promote.
    A,
    /// A crash or a failover may lose the newest writes. Contains why, and what to change. A server
    /// that does not report its settings, as managed servers may not, has this grade, too: its
    /// customer cannot change hidden settings. A bad setting that is reported still leads to grade
    /// C. If a purchase is lost, the marketplace's next newInstance creates it again under the same
    /// derived ID. No other lost call is repeated.
    B(&'static str),
    /// It may lose more than that. Contains why, and what to change.
    C(&'static str),
}

/// The durability settings that the masters report.
pub struct FoundDurability {
    masters: Vec<Facts>,
    /// Whether koohook waits for replicas.
    waits: bool,
}

/// The settings that one server reports, by name. A setting that it does not report is absent.
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

    /// Logs that the grade has changed, if it has.
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

    /// Logs the settings and the grade that were found at the start.
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
    /// The grade of the worst master.
    pub fn grade(&self) -> Grade {
        self.masters.iter().map(|facts| grade(facts, self.waits)).max().unwrap_or(Grade::B(SILENT))
    }

    /// Whether a server is a replica, which accepts no writes.
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
        let reported: Vec<_> =
            facts.iter().map(|(name, value)| format!("{name}={value}")).collect();
        formatter.write_str(&reported.join(" "))
    }
}

/// Reads the settings of every master. A rejected `INFO` or `CONFIG GET` is not an error. A missing
/// answer is an error.
pub async fn find(
    connection: &RedisConnection,
    waits: bool,
) -> Result<FoundDurability, RedisError> {
    let mut found: BTreeMap<String, Facts> = BTreeMap::new();
    // `PING` shows whether there is a server; the later commands may be rejected.
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

/// Grades a server. The first row that matches decides, so the order of the rows matters.
fn grade(facts: &Facts, waits: bool) -> Grade {
    let reported = |name| facts.get(name).map(String::as_str);
    let replicated = reported("replicas").is_some_and(|count| count != "0");
    match (reported("maxmemory-policy"), reported("appendonly"), reported("appendfsync")) {
        (Some(policy), _, _) if policy.starts_with("allkeys") => Grade::C(EVICTS),
        (_, Some("yes"), Some("always")) if waits => Grade::APlus,
        (_, Some("yes"), Some("always")) if replicated => Grade::B(FAILS_OVER),
        (_, Some("yes"), Some("always")) => Grade::A,
        (_, Some("yes"), None) => Grade::B(HIDES),
        _ if replicated => Grade::B(SYNCS_LATE),
        (_, Some("yes"), Some("no")) => Grade::C(FORGETS),
        (_, Some("yes"), _) => Grade::B(SYNCS_LATE),
        (_, None, _) => Grade::B(SILENT),
        (_, Some(_), _) => Grade::C(FORGETS),
    }
}

/// Treats a rejected command as an empty answer. A failed connection stays an error.
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

/// The value in an answer to `CONFIG GET` for one setting.
fn second(answer: Value) -> Option<String> {
    match answer {
        Value::Array(pair) => pair.into_iter().nth(1).and_then(|value| text(value).ok()),
        Value::Map(pairs) => pairs.into_iter().next().and_then(|(_, value)| text(value).ok()),
        _ => None,
    }
}

/// The settings that determine durability; `CONFIG GET` returns them, if it is allowed.
const SETTINGS: [&str; 3] = ["appendonly", "appendfsync", "maxmemory-policy"];
/// The names of these and other settings in `INFO`. More servers allow `INFO` than `CONFIG GET`.
const LINES: [(&str, &str); 4] = [
    ("aof_enabled", "appendonly"),
    ("maxmemory_policy", "maxmemory-policy"),
    ("connected_slaves", "replicas"),
    ("role", "role"),
];
const EVICTS: &str = "its maxmemory-policy deletes keys that never expire; set it to noeviction";
const FORGETS: &str =
    "set appendonly to yes and appendfsync to always or everysec, or add a replica";
const FAILS_OVER: &str = "a failover may lose the newest writes; set wait=N";
const SYNCS_LATE: &str =
    "a crash may lose the newest writes; set appendonly to yes and appendfsync to always";
const HIDES: &str = "the server does not report appendfsync; allow this user to run CONFIG GET, or ask the \
     server's provider whether it syncs every write";
const SILENT: &str = "the server does not report how it stores writes; ask its provider whether a crash may lose some";

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(reported: &str) -> Facts {
        let names = SETTINGS.into_iter().chain(["replicas", "role"]);
        let value = |name: &str| {
            reported.split(' ').find_map(|fact| fact.strip_prefix(name)?.strip_prefix('='))
        };
        names.filter_map(|name| Some((name, value(name)?.to_owned()))).collect()
    }

    #[test]
    fn the_reported_settings_determine_the_grade() {
        for (reported, grade) in [
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
            assert_eq!(
                super::grade(&facts(reported), false).as_str(),
                grade.to_string(),
                "{reported}"
            );
        }
    }

    /// If a master crashes and restarts before a failover, the replicas lose what it lost.
    #[test]
    fn waiting_for_replicas_needs_a_master_that_always_syncs() {
        for (reported, grade) in [
            ("appendonly=yes appendfsync=always replicas=1", "A+"),
            ("appendonly=yes appendfsync=everysec replicas=1", "B"),
            ("appendonly=no replicas=2", "B"),
            ("", "B"),
            ("appendonly=yes appendfsync=always maxmemory-policy=allkeys-lru replicas=1", "C"),
        ] {
            assert_eq!(super::grade(&facts(reported), true).as_str(), grade, "{reported}");
        }
        assert!(
            Grade::APlus < Grade::A && Grade::A < Grade::B("") && Grade::B("z") < Grade::C("a")
        );
    }

    #[test]
    fn a_server_that_hides_appendfsync_is_b_and_the_advice_names_config_get() {
        let found = facts("appendonly=yes maxmemory-policy=noeviction");
        assert_eq!(grade(&found, false), Grade::B(HIDES));
        assert!(HIDES.contains("CONFIG GET"));
    }

    #[test]
    fn the_worst_master_determines_the_grade() {
        let found = |reported: &[&str]| FoundDurability {
            masters: reported.iter().map(|reported| facts(reported)).collect(),
            waits: false,
        };
        let best = "appendonly=yes appendfsync=always";
        let good = "appendonly=yes appendfsync=everysec";
        assert_eq!(found(&[best, best]).grade(), Grade::A);
        assert_eq!(found(&[good, best]).grade(), Grade::B(SYNCS_LATE));
        let replicated = "appendonly=yes appendfsync=always replicas=1";
        assert_eq!(found(&[best, replicated, best]).grade(), Grade::B(FAILS_OVER));
        let worst = found(&[good, "appendonly=no", best]);
        assert_eq!(worst.grade().as_str(), "C");
        assert_eq!(worst.to_string(), "appendonly=no");
        assert_eq!(found(&[""]).to_string(), "no durability settings");
    }

    /// The text is in the format of a server of version 7.
    #[test]
    fn settings_are_read_from_info() {
        let info = "# Memory\r\nmaxmemory_policy:noeviction\r\n\r\n# Persistence\r\n\
            aof_enabled:1\r\naof_enabled_x:0\r\n# Replication\r\nrole:slave\r\n\
            connected_slaves:2\r\n";
        let expected = "appendonly=yes maxmemory-policy=noeviction replicas=2 role=slave";
        assert_eq!(lines(info), facts(expected));
        assert!(FoundDurability { masters: vec![lines(info)], waits: false }.is_replica());
    }
}
