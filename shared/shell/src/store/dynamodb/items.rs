//! The store: values as items, the agenda as an index over those that are on it.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use futures_util::future::try_join_all;
use protocol::time::UnixMillis;
use sha2::{Digest, Sha256};

use super::call::{Caller, DynamodbError, ServerClock};
use super::credentials::AwsCredentials;
use super::setting::Setting;
use super::table::INDEX;
use super::wire::{
    Binary, ErrorLine, FoundItems, GetItem, Got, Item, KEY_PREFIX, Key, Number, Over, PutItem,
    QueryRequest, Span, Text,
};
use crate::client::Client;
use crate::store::proof::{self, Lack, ProofAttempt, RightsProof};
use crate::store::{Entry, Put, Queue, Store, Stored, Unavailable, Value, Version};
use crate::web::Web;

/// A store in one table.
pub struct Dynamodb<W = Client> {
    pub(super) caller: Caller<W>,
    pub(super) table: String,
}

/// Over absence: what expired is absent, whether or not DynamoDB has freed it.
const OVER_ABSENCE: &str = "attribute_not_exists(k) OR expires <= :now";
const OVER_VERSION: &str = "version = :over AND (attribute_not_exists(expires) OR expires > :now)";
/// A queue is spread over so many partitions, for ever: one takes a thousand writes a second.
const SHARDS: u8 = 16;
/// How many lines of an agenda come at once.
const PAGE: usize = 250;
/// How long DynamoDB keeps what expired, at least: its clock is not ours.
const GRACE: Duration = Duration::from_hours(1);
/// The longest sort key.
const MAX_SORT_KEY_LEN: usize = 1_024;
/// How long a time is in digits, the longest.
const TIME_LEN: usize = 20;
/// An item is at most 400 KB; its bytes come as base64.
const MAX_ANSWER_LEN: usize = 1024 * 1024;

impl Dynamodb {
    /// The table that the setting names, over HTTPS. Connects to nobody yet.
    pub fn new(setting: &Setting, credentials: AwsCredentials) -> Self {
        Self::over(setting, credentials, Client::new(MAX_ANSWER_LEN), SystemTime::now)
    }
}

impl<W: Web> Dynamodb<W> {
    /// The table that the setting names, over a web, by a clock.
    pub fn over(
        setting: &Setting,
        credentials: AwsCredentials,
        web: W,
        clock: ServerClock,
    ) -> Self {
        let caller = Caller::new(setting, credentials, web, clock);
        Self { caller, table: setting.table.clone() }
    }

    /// Tries what koohook does in a table, and leaves nothing behind.
    pub async fn prove(&self, drawn: [Version; 2], now: UnixMillis) -> Vec<RightsProof> {
        proof::prove(self, drawn, now).await
    }

    /// The lines of one shard, in order, so many at most.
    async fn lines(
        &self,
        shard: String,
        span: &RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<ErrorLine>, DynamodbError> {
        let mut lines = Vec::new();
        let mut exclusive_start_key = None;
        while lines.len() < limit {
            let query = QueryRequest {
                table_name: &self.table,
                index_name: INDEX,
                key_condition_expression: "agenda = :agenda AND due BETWEEN :from AND :until",
                expression_attribute_values: Span {
                    agenda: Text::new(shard.clone()),
                    from: Text::new(place(*span.start(), "")),
                    until: Text::new(behind(*span.end())),
                },
                limit: PAGE.min(limit - lines.len()),
                exclusive_start_key,
            };
            let found: FoundItems = self.caller.call("Query", &query).await?;
            lines.extend(found.items);
            exclusive_start_key = found.last_evaluated_key;
            if exclusive_start_key.is_none() {
                break;
            }
        }
        Ok(lines)
    }
}

impl<W: Web> ProofAttempt for Dynamodb<W> {
    type Fault = DynamodbError;

    async fn try_get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, DynamodbError> {
        let request = GetItem { table_name: &self.table, key: Key::of(key), consistent_read: true };
        let got: Got = self.caller.call("GetItem", &request).await?;
        got.item.map_or(Ok(None), |item| standing(item, now))
    }

    async fn try_put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, DynamodbError> {
        let request = PutItem {
            table_name: &self.table,
            item: &item(key, value),
            condition_expression: if over.is_some() { OVER_VERSION } else { OVER_ABSENCE },
            expression_attribute_values: Over { now: now.into(), over: over.map(Binary::from) },
            return_values_on_condition_check_failure: "ALL_OLD",
        };
        let put: Result<serde::de::IgnoredAny, _> = self.caller.call("PutItem", &request).await;
        match put {
            Ok(_) => Ok(Put::Won),
            Err(DynamodbError::Lost(Some(item))) => standing(*item, now).map(Put::Lost),
            // Nothing exists there, or the endpoint does not tell what does.
            Err(DynamodbError::Lost(None)) => self.try_get(key, now).await.map(Put::Lost),
            Err(fault) => Err(fault),
        }
    }

    async fn try_agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, DynamodbError> {
        if span.is_empty() {
            // DynamoDB refuses a lower bound above the upper one.
            return Ok(Vec::new());
        }
        let shards = (0..SHARDS).map(|number| self.lines(shard(queue, number), &span, limit));
        let lines = try_join_all(shards).await?.into_iter().flatten();
        // The first place behind the span was asked for, too, and the empty key may be there.
        let entries = lines.filter_map(entry).filter(|entry| span.contains(&entry.at));
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        entries.truncate(limit);
        Ok(entries)
    }

    fn lack(fault: &DynamodbError) -> Lack {
        let text = format!("dynamodb: {fault}; {}", fault.advice());
        match fault {
            DynamodbError::Refused { passes: false, .. } | DynamodbError::Strange => {
                Lack::Refused(text)
            }
            DynamodbError::Refused { passes: true, .. }
            | DynamodbError::Lost(_)
            | DynamodbError::Unsigned
            | DynamodbError::Unanswered(_) => Lack::Unanswered(text),
        }
    }
}

impl<W: Web> Store for Dynamodb<W> {
    async fn get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Unavailable> {
        self.try_get(key, now).await.map_err(|fault| fault.told("GetItem"))
    }

    async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Unavailable> {
        self.try_put(key, value, over, now).await.map_err(|fault| fault.told("PutItem"))
    }

    async fn agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        self.try_agenda(queue, span, limit).await.map_err(|fault| fault.told("Query"))
    }

    async fn clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.caller.date(now)
    }
}

impl<W> fmt::Debug for Dynamodb<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Dynamodb").field("table", &self.table).finish_non_exhaustive()
    }
}

fn item(key: &str, value: &Value) -> Item {
    let agenda = value.agenda.map(|(queue, _)| shard(queue, shard_of(key)));
    Item {
        k: Key::of(key).k,
        version: value.version.into(),
        value: Binary { bytes: value.bytes.clone() },
        expires: value.expires.map(Number::from),
        ttl: value.expires.map(|at| Number { number: at.after(GRACE).millis().div_ceil(1_000) }),
        agenda: agenda.map(Text::new),
        due: value.agenda.map(|(_, at)| Text::new(place(at, key))),
    }
}

/// What an item amounts to, if it has not expired.
fn standing(item: Item, now: UnixMillis) -> Result<Option<Stored>, DynamodbError> {
    if item.expires.is_some_and(|at| at.number <= now.millis()) {
        return Ok(None);
    }
    let version = item.version.bytes.try_into().map_err(|_| DynamodbError::Strange)?;
    Ok(Some(Stored { version: Version(version), bytes: item.value.bytes }))
}

fn shard(queue: Queue, number: u8) -> String {
    format!("{}#{number:02}", queue.as_str())
}

/// The same for a key for ever: a value's line leaves the shard that it entered.
fn shard_of(key: &str) -> u8 {
    let [first, ..]: [u8; 32] = Sha256::digest(key).into();
    first % SHARDS
}

/// Where a line stands in its shard: by time, then by key as far as a sort key is long.
fn place(at: UnixMillis, key: &str) -> String {
    let end = key.floor_char_boundary(MAX_SORT_KEY_LEN - TIME_LEN);
    format!("{:020}{}", at.millis(), key.get(..end).unwrap_or_default())
}

/// The first place behind all that is due at a time.
fn behind(until: UnixMillis) -> String {
    format!("{:020}", u128::from(until.millis()) + 1)
}

fn entry(line: ErrorLine) -> Option<Entry> {
    let at = line.due.text.get(..TIME_LEN)?.parse().ok()?;
    let key = line.k.text.strip_prefix(KEY_PREFIX)?.to_owned();
    Some(Entry { key, at: UnixMillis::new(at) })
}
