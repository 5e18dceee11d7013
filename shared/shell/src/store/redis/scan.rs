//! The scan: `SCAN` on every master, one after the other, and a script for each value that reads it
//! with its entries in one step.

use std::collections::BTreeMap;

use domain::catalogue::CatalogueEntry;
use futures_util::future::try_join_all;
use protocol::digest;
use protocol::time::UnixMillis;
use redis::{Pipeline, RedisError, Value as Answer, make_extension_error};

use super::connection::{text, unreadable};
use super::{Redis, advice, answer, catalogue, shard};
use crate::store::{Queue, ScanPage, ScanPlace, ScannedValue, catalogue_text};

impl Redis {
    /// Reads one page. A place is the fingerprint of the cluster's slots, the address of a master, and
    /// its cursor. If a cluster has removed that master or moved slots, the scan fails and must begin
    /// anew: a value may have moved from a master whose turn comes later to one whose turn is over.
    pub(super) async fn scan_page(
        &self,
        after: Option<&ScanPlace>,
        limit: usize,
    ) -> Result<ScanPage, RedisError> {
        let [slots, node, cursor] = match after {
            Some(ScanPlace(place)) => split(place).ok_or_else(unreadable)?,
            None => {
                let first = self.master_after(None).await?.ok_or_else(unreadable)?;
                [self.slots().await?, first, START.to_owned()]
            }
        };
        let (next, keys) = self.scan_keys(&node, &cursor, limit).await?;
        let place = if next == START {
            if self.slots().await? != slots {
                return Err(moved());
            }
            let node = self.master_after(Some(&node)).await?;
            node.map(|node| format!("{slots} {node} {START}"))
        } else {
            Some(format!("{slots} {node} {next}"))
        };
        Ok(ScanPage { values: self.scanned(keys).await?, next: place.map(ScanPlace) })
    }

    /// A fingerprint of the slots of every master, empty for a single server. It fails while a slot
    /// moves.
    async fn slots(&self) -> Result<String, RedisError> {
        if !self.connection.is_cluster() {
            return Ok(String::new());
        }
        let mut command = redis::cmd("CLUSTER");
        command.arg("NODES");
        let mut all = BTreeMap::new();
        for (name, nodes) in self.connection.read_every_master(command).await? {
            let nodes = text(nodes.extract_error()?)?;
            let own = nodes.lines().find(|line| line.contains(MYSELF)).ok_or_else(unreadable)?;
            let slots = own.split(' ').skip(BEFORE_SLOTS).collect::<Vec<_>>();
            if slots.iter().any(|slot| slot.starts_with(MOVING)) {
                return Err(moved());
            }
            all.insert(name, slots.join(","));
        }
        let texts: Vec<&str> = all.iter().flat_map(|(name, slots)| [&**name, slots]).collect();
        Ok(u128::from_be_bytes(digest::of(&texts)).to_string())
    }

    /// The first master after another, in the order of their addresses. A single server's is empty.
    async fn master_after(&self, node: Option<&str>) -> Result<Option<String>, RedisError> {
        let masters = self.connection.read_every_master(redis::cmd("PING")).await?;
        let masters = masters.into_iter().map(|(name, _)| name);
        Ok(masters.filter(|name| node.is_none_or(|node| node < name.as_str())).min())
    }

    /// One step of a master's scan: the next cursor, and the keys of values.
    async fn scan_keys(
        &self,
        node: &str,
        cursor: &str,
        limit: usize,
    ) -> Result<(String, Vec<String>), RedisError> {
        // A prefix has no character that means more than itself in a pattern.
        let mut command = redis::cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(format!("{}:{{?}}:kept:*", self.prefix));
        command.arg("COUNT").arg(limit.clamp(1, MAX_COUNT));
        let Answer::Array(parts) = self.connection.read_master(node, command).await? else {
            return Err(unreadable());
        };
        let [next, keys] = <[Answer; 2]>::try_from(parts).map_err(|_| unreadable())?;
        let Answer::Array(keys) = keys else { return Err(unreadable()) };
        let keys = keys.into_iter().map(text).collect::<Result<_, _>>()?;
        Ok((text(next)?, keys))
    }

    /// The values under keys of the server. Values that no longer exist are left out.
    async fn scanned(&self, names: Vec<String>) -> Result<Vec<ScannedValue>, RedisError> {
        let mut shards = BTreeMap::<char, Vec<String>>::new();
        for name in names {
            let start = self.kept(SAMPLE, "").len();
            let Some(key) = name.get(start..) else { continue };
            // Another program's key may look like koohook's.
            if self.kept(shard(key), key) == name {
                shards.entry(shard(key)).or_default().push(key.to_owned());
            }
        }
        let reads = shards.into_iter().map(|(shard, keys)| self.scanned_in(shard, keys));
        Ok(try_join_all(reads).await?.into_iter().flatten().collect())
    }

    async fn scanned_in(
        &self,
        shard: char,
        keys: Vec<String>,
    ) -> Result<Vec<ScannedValue>, RedisError> {
        let mut commands = Pipeline::new();
        for key in &keys {
            commands.cmd("EVAL").arg(READ).arg(self.names(shard, key).len());
            commands.arg(&self.names(shard, key)).arg(key).arg(catalogue_text::start(key));
        }
        let answers = self.connection.read(&commands).await?;
        let values = keys.into_iter().zip(answers).map(|(key, answer)| read(key, answer));
        values.filter_map(Result::transpose).collect()
    }
}

/// The three parts of a place.
fn split(place: &str) -> Option<[String; 3]> {
    let parts: Vec<_> = place.splitn(3, ' ').map(str::to_owned).collect();
    parts.try_into().ok()
}

fn moved() -> RedisError {
    make_extension_error(advice::MOVED.to_owned(), None)
}

/// Reads the answer of the script; `None` if the value does not exist.
fn read(key: String, answer: Answer) -> Result<Option<ScannedValue>, RedisError> {
    let Answer::Array(parts) = answer else { return Err(unreadable()) };
    let parts = <[Answer; 9]>::try_from(parts).map_err(|_| unreadable())?;
    let [version, bytes, expires, order, due, dead, sweep, usage, listed] = parts;
    if version == Answer::Nil {
        return Ok(None);
    }
    let expires = text(expires)?;
    let expires = if expires.is_empty() { None } else { Some(answer::number(&expires)?) };
    let mut agenda = None;
    for (queue, at) in Queue::ALL.into_iter().zip([due, dead, sweep, usage]) {
        agenda = score(at)?.map(|at| (queue, UnixMillis::new(at))).or(agenda);
    }
    let catalogue = score(listed)?.map(|score| entry(score, order)).transpose()?;
    Ok(Some(ScannedValue {
        key,
        version: answer::read_version(version)?,
        bytes: answer::read_bytes(bytes)?,
        agenda,
        catalogue,
        expires: expires.map(UnixMillis::new),
    }))
}

fn entry(score: u64, order: Answer) -> Result<CatalogueEntry, RedisError> {
    let (list, changed) = catalogue::read_score(score).ok_or_else(unreadable)?;
    // A value that an older koohook wrote first has no such field.
    let order = if order == Answer::Nil { String::new() } else { text(order)? };
    Ok(CatalogueEntry { list, changed, order: catalogue_text::read_end(&order) })
}

fn score(answer: Answer) -> Result<Option<u64>, RedisError> {
    if answer == Answer::Nil { Ok(None) } else { answer::number(&text(answer)?).map(Some) }
}

/// Reads a value, its entries on the agendas, and its entry in the catalogue. The keys are those of
/// a write. The arguments are its entry on an agenda, and how its entry in the catalogue begins.
const READ: &str = include_str!("read.lua");
/// The flag of a node's own line in its answer to `CLUSTER NODES`, the number of words before its
/// slots, and how the word of a slot begins that moves to or from the node.
const MYSELF: &str = "myself";
const BEFORE_SLOTS: usize = 8;
const MOVING: char = '[';
/// The cursor at the beginning and at the end.
const START: &str = "0";
/// A shard, for the length of a name.
const SAMPLE: char = '0';
/// How many keys one step looks at, at most.
const MAX_COUNT: usize = 1_000;
