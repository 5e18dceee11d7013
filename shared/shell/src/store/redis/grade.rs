//! The grade of a server's durability, from the settings that it reports.

use std::collections::BTreeMap;
use std::fmt;

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

/// The settings that one server reports, by name. A setting that it does not report is absent.
pub type ReportedSettings = BTreeMap<&'static str, String>;

impl Grade {
    /// The grade of a server that reports nothing.
    pub const UNKNOWN: Self = Self::B(SILENT);

    /// Grades a server. The first row that matches decides, so the order of the rows matters.
    /// `waits`: koohook waits for replicas.
    pub fn of(facts: &ReportedSettings, waits: bool) -> Self {
        let reported = |name| facts.get(name).map(String::as_str);
        let replicated = reported("replicas").is_some_and(|count| count != "0");
        match (reported("maxmemory-policy"), reported("appendonly"), reported("appendfsync")) {
            (Some(policy), _, _) if policy.starts_with("allkeys") => Self::C(EVICTS),
            (_, Some("yes"), Some("always")) if waits => Self::APlus,
            (_, Some("yes"), Some("always")) if replicated => Self::B(FAILS_OVER),
            (_, Some("yes"), Some("always")) => Self::A,
            (_, Some("yes"), None) => Self::B(HIDES),
            _ if replicated => Self::B(SYNCS_LATE),
            (_, Some("yes"), Some("no")) => Self::C(FORGETS),
            (_, Some("yes"), _) => Self::B(SYNCS_LATE),
            (_, None, _) => Self::B(SILENT),
            (_, Some(_), _) => Self::C(FORGETS),
        }
    }

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
    pub fn log_change(self, before: Self, found: &impl fmt::Display) {
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
    pub fn log(self, found: &impl fmt::Display) {
        let grade = self.as_str();
        match self {
            Self::APlus | Self::A => tracing::info!(grade, found = %found, "redis durability"),
            Self::B(advice) | Self::C(advice) => {
                tracing::warn!(grade, found = %found, advice, "redis durability");
            }
        }
    }
}

const EVICTS: &str = "its maxmemory-policy deletes keys that never expire; set it to noeviction";
const FORGETS: &str =
    "set appendonly to yes and appendfsync to always or everysec, or add a replica";
pub(super) const FAILS_OVER: &str = "a failover may lose the newest writes; set wait=N";
pub(super) const SYNCS_LATE: &str =
    "a crash may lose the newest writes; set appendonly to yes and appendfsync to always";
const HIDES: &str = "the server does not report appendfsync; allow this user to run CONFIG GET, or ask the \
     server's provider whether it syncs every write";
const SILENT: &str = "the server does not report how it stores writes; ask its provider whether a crash may lose some";

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(reported: &str) -> ReportedSettings {
        let setting = |fact: &str| {
            let (name, value) = fact.split_once('=')?;
            let names = ["appendonly", "appendfsync", "maxmemory-policy", "replicas"];
            Some((names.into_iter().find(|known| *known == name)?, value.to_owned()))
        };
        reported.split(' ').filter_map(setting).collect()
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
                Grade::of(&facts(reported), false).as_str(),
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
            assert_eq!(Grade::of(&facts(reported), true).as_str(), grade, "{reported}");
        }
        assert!(
            Grade::APlus < Grade::A && Grade::A < Grade::B("") && Grade::B("z") < Grade::C("a")
        );
    }

    #[test]
    fn a_server_that_hides_appendfsync_is_b_and_the_advice_names_config_get() {
        let found = facts("appendonly=yes maxmemory-policy=noeviction");
        assert_eq!(Grade::of(&found, false), Grade::B(HIDES));
        assert!(HIDES.contains("CONFIG GET"));
    }
}
