//! The durability settings that a server reports.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::future::{try_join_all, try_join3};
use redis::{RedisError, Value};

use super::connection::{RedisConnection, text};
use super::grade::{Grade, ReportedSettings};

/// The durability settings that the masters report.
pub struct FoundDurability {
    masters: Vec<ReportedSettings>,
    /// Whether koohook waits for replicas.
    waits: bool,
}

impl FoundDurability {
    /// The grade of the worst master.
    pub fn grade(&self) -> Grade {
        let grades = self.masters.iter().map(|facts| Grade::of(facts, self.waits));
        grades.max().unwrap_or(Grade::UNKNOWN)
    }

    /// Whether a server is a replica, which accepts no writes.
    pub fn is_replica(&self) -> bool {
        self.masters.iter().any(|facts| facts.get("role").is_some_and(|role| role == "slave"))
    }
}

impl fmt::Display for FoundDurability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worst = self.masters.iter().max_by_key(|facts| Grade::of(facts, self.waits));
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
///
/// All questions are sent at once: a start waits for one round trip, not for five.
pub async fn find(
    connection: &RedisConnection,
    waits: bool,
) -> Result<FoundDurability, RedisError> {
    // `PING` shows whether there is a server; the other commands may be rejected.
    let ping = connection.read_every_master(redis::cmd("PING"));
    let info = async { allowed(connection.read_every_master(redis::cmd("INFO")).await) };
    let settings = try_join_all(SETTINGS.map(|setting| reported(connection, setting)));
    let (names, infos, settings) = try_join3(ping, info, settings).await?;

    let mut found: BTreeMap<String, ReportedSettings> = BTreeMap::new();
    for (name, _) in names {
        found.entry(name).or_default();
    }
    for (name, answer) in infos {
        let facts = found.entry(name).or_default();
        facts.extend(text(answer).map(|info| lines(&info)).unwrap_or_default());
    }
    for (name, setting, value) in settings.into_iter().flatten() {
        found.entry(name).or_default().insert(setting, value);
    }
    Ok(FoundDurability { masters: found.into_values().collect(), waits })
}

/// The value of a setting at each master that reports it: the master's name, the setting, the value.
async fn reported(
    connection: &RedisConnection,
    setting: &'static str,
) -> Result<Vec<(String, &'static str, String)>, RedisError> {
    let mut get = redis::cmd("CONFIG");
    get.arg("GET").arg(setting);
    let answers = allowed(connection.read_every_master(get).await)?;
    let values = answers.into_iter().filter_map(|(name, answer)| Some((name, second(answer)?)));
    Ok(values.map(|(name, value)| (name, setting, value)).collect())
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

fn lines(info: &str) -> ReportedSettings {
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

#[cfg(test)]
mod tests {
    use super::super::grade::{FAILS_OVER, SYNCS_LATE};
    use super::*;

    fn facts(reported: &str) -> ReportedSettings {
        let names = SETTINGS.into_iter().chain(["replicas", "role"]);
        let value = |name: &str| {
            reported.split(' ').find_map(|fact| fact.strip_prefix(name)?.strip_prefix('='))
        };
        names.filter_map(|name| Some((name, value(name)?.to_owned()))).collect()
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
