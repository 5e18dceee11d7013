//! The options that select entities.

use std::time::Duration;

use clap::{Args, ValueEnum};
use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;

use super::FoundEntity;
use crate::local_time::parse_span;
use crate::output_format::FormatArgument;
use crate::time_text::parse_since;

/// A state that `--state` accepts.
pub trait StateOption: Clone + Send + Sync + ValueEnum + 'static {
    /// The list of the entities in this state.
    fn list(&self) -> CatalogueList;
}

/// The options that select entities.
#[derive(Args)]
pub struct FilterArguments<S: StateOption> {
    /// Only in these states, separated by commas [default: all states].
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STATES")]
    state: Vec<S>,
    /// Only if the last change is not before this time, like 2026-11-01 (in this machine's
    /// time zone) or 2026-11-01T16:00:00+08:00.
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    since: Option<UnixMillis>,
    /// Only if the last change is at least this long ago, like 30m, 1h or 2d. For a pending purchase
    /// its whole wait counts.
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    older_than: Option<Duration>,
}

/// The arguments of `list`.
#[derive(Args)]
pub struct ListArguments<S: StateOption> {
    #[command(flatten)]
    pub filter: FilterArguments<S>,
    /// The most entities that are listed, the newest change first.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
    /// List all of them.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    #[command(flatten)]
    pub format: FormatArgument,
}

/// The entities that a command wants, at a point in time.
pub struct Wanted {
    /// The lists of the catalogue.
    pub lists: Vec<CatalogueList>,
    /// The oldest last change.
    pub since: Option<UnixMillis>,
    /// The newest last change, or the latest begin of a wait.
    pub until: Option<UnixMillis>,
}

impl<S: StateOption> FilterArguments<S> {
    /// The wanted entities. Without `--state` these are all of the kind's lists.
    pub fn wanted(&self, lists: &[CatalogueList], now: UnixMillis) -> Wanted {
        let mut wanted: Vec<_> = self.state.iter().map(StateOption::list).collect();
        if wanted.is_empty() {
            wanted = lists.to_vec();
        }
        wanted.sort_unstable();
        wanted.dedup();
        let before = |span: Duration| {
            let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
            UnixMillis::new(now.millis().saturating_sub(span))
        };
        Wanted { lists: wanted, since: self.since, until: self.older_than.map(before) }
    }
}

impl<S: StateOption> ListArguments<S> {
    /// The most entities to list.
    pub const fn limit(&self) -> usize {
        if self.all { usize::MAX } else { self.limit }
    }
}

impl Wanted {
    /// Whether an entity is wanted. The record decides, not the catalogue.
    pub fn accepts(&self, found: &FoundEntity) -> bool {
        let is_old = |until| found.since().is_none_or(|since| since <= until);
        self.lists.contains(&found.list) && self.until.is_none_or(is_old)
    }

    /// Whether the catalogue shows that an entity, and every later one, changed too long ago.
    pub fn is_before(&self, changed: UnixMillis) -> bool {
        self.since.is_some_and(|since| changed < since)
    }
}
