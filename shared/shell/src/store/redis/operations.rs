//! The operations of the store, as Redis commands.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::catalogue::{CatalogueEntry, CatalogueList};
use futures_util::future::try_join_all;
use protocol::time::UnixMillis;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, Script, ServerErrorKind, Value as Answer};
use tokio::time::Instant;

use super::{PUT, Redis, Resend, advice, answer, catalogue, shard};
use crate::store::backend::{Backend, Operation};
use crate::store::troubles::StoreTroubles;
use crate::store::{
    CatalogueItem, CataloguePlace, Entry, Put, Queue, RightError, Stored, Value, Version, agenda,
    catalogue_text,
};

impl Backend for Redis {
    type Error = RedisError;

    async fn try_get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, RedisError> {
        let kept = self.kept(shard(key), key);
        let mut commands = Pipeline::new();
        if !self.connection.is_cluster() {
            // A write without effect: a replica rejects it. A replica's data may be old. In a
            // cluster, a replica redirects readers to its master.
            commands.cmd("HDEL").arg(&kept).arg("");
        }
        commands.cmd("HMGET").arg(&kept).arg(&["version", "bytes", "expires"]);
        answer::read_get(self.fenced(commands, Resend::Allowed).await?, now)
    }

    async fn try_put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, RedisError> {
        self.grade_before_write().await?;
        let written = |name: &str, script: &str| {
            let mut command = redis::cmd(name);
            command.arg(script);
            self.write_arguments(&mut command, key, value, over, now);
            let mut commands = Pipeline::new();
            commands.add_command(command);
            commands
        };
        let answers =
            match self.fenced(written("EVALSHA", self.put.get_hash()), Resend::Never).await {
                // The server was just started, or its scripts were flushed.
                Err(fault) if fault.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    self.fenced(written("EVAL", PUT), Resend::Never).await?
                }
                answers => answers?,
            };
        answer::read_put(answers)
    }

    async fn try_agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, RedisError> {
        let read = |shard, limit| self.agenda_in(shard, queue, &span, limit);
        agenda::earliest_of_shards(SHARDS.chars(), limit, read).await
    }

    async fn try_catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, RedisError> {
        let reads = SHARDS.chars().map(|shard| self.catalogue_in(shard, list, after, limit));
        Ok(CatalogueItem::newest(try_join_all(reads).await?.into_iter().flatten(), limit))
    }

    #[cfg(feature = "scan")]
    async fn try_scan(
        &self,
        after: Option<&crate::store::ScanPlace>,
        limit: usize,
    ) -> Result<crate::store::ScanPage, RedisError> {
        self.scan_page(after, limit).await
    }

    async fn try_script(&self, key: &str) -> Option<Result<(), RedisError>> {
        Some(self.run_nothing(&self.kept(shard(key), key)).await)
    }

    /// Whether every master is empty. Other programs' keys count. The answer is unknown if the
    /// server does not allow the command.
    async fn try_is_empty(&self) -> Result<Option<bool>, RedisError> {
        match self.connection.read_every_master(redis::cmd("DBSIZE")).await {
            Ok(sizes) => Ok(Some(sizes.iter().all(|(_, size)| *size == Answer::Int(0)))),
            Err(fault) if fault.code().is_some() => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The server's time when this is called. In a cluster, the time of any node.
    async fn try_clock(&self, _: UnixMillis) -> Option<UnixMillis> {
        let asked = Instant::now();
        let mut commands = Pipeline::new();
        commands.cmd("TIME");
        let answered = answer::read_time(self.connection.read(&commands).await.ok()?).ok()?;
        // The time of the round trip is not a difference between the clocks.
        Some(UnixMillis::EPOCH.after(answered.saturating_sub(asked.elapsed())))
    }

    fn troubles(&self) -> Option<&StoreTroubles> {
        Some(&self.troubles)
    }

    fn fault(error: &RedisError) -> Option<String> {
        Some(advice::of(error))
    }

    fn log(error: &RedisError, _: Operation, repeated: Option<u64>) {
        super::log(error, repeated);
    }

    fn log_end(count: u64) {
        super::log_end(count);
    }

    fn right_error(error: &RedisError) -> RightError {
        advice::right_error(error)
    }
}

impl Redis {
    /// Adds the arguments in the script's order.
    fn write_arguments(
        &self,
        command: &mut Cmd,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) {
        let shard = shard(key);
        let empty = String::new;
        let names = self.names(shard, key);
        command.arg(names.len()).arg(&names);
        command.arg(over.as_ref().map_or(&[][..], |over| &over.0)).arg(now.millis());
        command.arg(&value.version.0[..]).arg(value.bytes.as_slice());
        command.arg(value.expires.map_or_else(empty, |at| at.millis().to_string()));
        // A duration by the caller's clock, so that the server's clock need not agree with it.
        let lasts = |at: UnixMillis| at.since(now).saturating_add(SLACK).as_millis();
        command
            .arg(value.expires.map_or_else(empty, |at| lasts(at).min(FARTHEST.into()).to_string()));
        let place = |(queue, _)| match queue {
            Queue::Due => "2",
            Queue::Dead => "3",
            Queue::Sweep => "4",
            Queue::Usage => "5",
        };
        command.arg(value.agenda.map_or("", place));
        command.arg(value.agenda.map_or(0, |(_, at)| at.millis().min(FARTHEST))).arg(key);
        let score = |entry: CatalogueEntry| catalogue::score(entry.list, entry.changed).to_string();
        command.arg(value.catalogue.map_or_else(empty, score)).arg(catalogue_text::start(key));
        command.arg(catalogue_text::end(value.catalogue.and_then(|entry| entry.order)));
    }

    async fn agenda_in(
        &self,
        shard: char,
        queue: Queue,
        span: &RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, RedisError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut commands = Pipeline::new();
        commands.cmd("ZRANGEBYSCORE").arg(self.agenda_of(shard, queue));
        commands.arg(&[span.start(), span.end()].map(|at| at.millis().min(FARTHEST)));
        commands.arg("WITHSCORES").arg("LIMIT").arg(0).arg(limit);
        answer::read_entries(self.connection.read(&commands).await?)
    }

    /// Runs a script that does nothing, by its text and then by its hash.
    async fn run_nothing(&self, key: &str) -> Result<(), RedisError> {
        let script = Script::new(NOTHING);
        for (command, text) in [("EVAL", NOTHING), ("EVALSHA", script.get_hash())] {
            let mut commands = Pipeline::new();
            commands.cmd(command).arg(text).arg(1).arg(key);
            self.connection.send(&commands).await?;
        }
        Ok(())
    }
}

/// How long a value stays in memory after it expired by its writer's clock. This is longer than
/// clocks differ.
const SLACK: Duration = Duration::from_hours(1);
/// The latest time that a score and a number in a script can represent exactly.
const FARTHEST: u64 = (1 << 53) - 1;
/// The shards.
const SHARDS: &str = "0123456789abcdef";
/// The script that checks the permission to run scripts.
const NOTHING: &str = "return 1";
