//! The store, with values as items of a table.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;
use serde::de::IgnoredAny;

use super::client::DynamodbClient;
use super::error::DynamodbError;
#[cfg(feature = "scan")]
use super::scan;
use super::wire::{
    BinaryAttribute, GetItemRequest, GetItemResponse, Item, ItemKey, NumberAttribute,
    PutConditionValues, PutItemRequest, StringAttribute,
};
use super::{agenda, catalogue};
use crate::aws::{AwsCredentials, SigningClock};
use crate::client::Client;
use crate::store::backend::{Backend, Operation};
use crate::store::rights_check::ProveRights;
use crate::store::troubles::StoreTroubles;
use crate::store::{
    CatalogueItem, CataloguePlace, DynamodbSetting, Entry, Put, Queue, RightError, RightProof,
    Stored, Value, Version,
};
use crate::web::Web;

/// A store in one table.
pub struct Dynamodb<W = Client> {
    pub(super) client: DynamodbClient<W>,
    pub(super) table: String,
    troubles: StoreTroubles,
}

impl Dynamodb {
    /// Makes a store in the setting's table, over HTTPS. It does not connect yet.
    pub fn new(setting: &DynamodbSetting, credentials: AwsCredentials) -> Self {
        Self::over(setting, credentials, Client::new(MAX_ANSWER_LEN), SystemTime::now)
    }
}

impl<W: Web> Dynamodb<W> {
    /// Makes a store in the setting's table, with this web and this clock.
    pub fn over(
        setting: &DynamodbSetting,
        credentials: AwsCredentials,
        web: W,
        clock: SigningClock,
    ) -> Self {
        let client = DynamodbClient::new(setting, credentials, web, clock);
        let troubles = StoreTroubles::default();
        Self { client, table: setting.table.clone(), troubles }
    }

    /// Tries every operation that koohook needs in a table, and leaves nothing behind.
    pub async fn prove(&self, drawn: [Version; 2], now: UnixMillis) -> Vec<RightProof> {
        self.prove_rights(drawn, now).await
    }
}

impl<W: Web> Backend for Dynamodb<W> {
    type Error = DynamodbError;

    async fn try_get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, DynamodbError> {
        let key = ItemKey::of(key);
        let request = GetItemRequest { table_name: &self.table, key, consistent_read: true };
        let found: GetItemResponse = self.client.call("GetItem", &request).await?;
        found.item.map_or(Ok(None), |item| unexpired(item, now))
    }

    async fn try_put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, DynamodbError> {
        let over_version = over.map(BinaryAttribute::from);
        let values = PutConditionValues { now: now.into(), over: over_version };
        let request = PutItemRequest {
            table_name: &self.table,
            item: &item(key, value),
            condition_expression: if over.is_some() { OVER_VERSION } else { OVER_ABSENCE },
            expression_attribute_values: values,
            return_values_on_condition_check_failure: "ALL_OLD",
        };
        match self.client.call("PutItem", &request).await {
            Ok(IgnoredAny) => Ok(Put::Won),
            Err(DynamodbError::Lost(Some(item))) => unexpired(*item, now).map(Put::Lost),
            // There is no item, or the endpoint does not return it.
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
        agenda::read(&self.client, &self.table, queue, span, limit).await
    }

    async fn try_catalogue(
        &self,
        list: CatalogueList,
        after: Option<&CataloguePlace>,
        limit: usize,
    ) -> Result<Vec<CatalogueItem>, DynamodbError> {
        catalogue::read(&self.client, &self.table, list, after, limit).await
    }

    #[cfg(feature = "scan")]
    async fn try_scan(
        &self,
        after: Option<&crate::store::ScanPlace>,
        limit: usize,
    ) -> Result<crate::store::ScanPage, DynamodbError> {
        scan::read(&self.client, &self.table, after, limit).await
    }

    async fn try_clock(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.client.date(now)
    }

    fn troubles(&self) -> Option<&StoreTroubles> {
        Some(&self.troubles)
    }

    fn fault(error: &DynamodbError) -> Option<String> {
        Some(error.to_string())
    }

    fn log(error: &DynamodbError, operation: Operation, repeated: Option<u64>) {
        let name = match operation {
            Operation::Get => "GetItem",
            Operation::Put => "PutItem",
            Operation::Agenda | Operation::Catalogue => "Query",
            #[cfg(feature = "scan")]
            Operation::Scan => scan::SCAN,
            // DynamoDB has no operation for these, so these never fail.
            Operation::IsEmpty | Operation::Find => "none",
        };
        error.log(name, repeated);
    }

    fn log_end(count: u64) {
        tracing::info!(count, "dynamodb answers again");
    }

    fn right_error(error: &DynamodbError) -> RightError {
        let text = format!("dynamodb: {error}; {}", error.advice());
        match error {
            DynamodbError::Refused { passes: false, .. } | DynamodbError::ForeignItem => {
                RightError::Refused(text)
            }
            DynamodbError::Refused { passes: true, .. }
            | DynamodbError::Lost(_)
            | DynamodbError::NoCredentials
            | DynamodbError::Unanswered(_) => RightError::Unanswered(text),
        }
    }
}

impl<W> fmt::Debug for Dynamodb<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Dynamodb").field("table", &self.table).finish_non_exhaustive()
    }
}

fn item(key: &str, value: &Value) -> Item {
    let ttl = |at: UnixMillis| at.after(GRACE).millis().div_ceil(1_000);
    let (agenda, due) = match value.agenda {
        Some((queue, at)) => (Some(agenda::shard(queue, key)), Some(agenda::sort_key(at, key))),
        None => (None, None),
    };
    let listed = value.catalogue.as_ref();
    Item {
        k: ItemKey::of(key).k,
        version: value.version.into(),
        value: BinaryAttribute { bytes: value.bytes.clone() },
        expires: value.expires.map(NumberAttribute::from),
        ttl: value.expires.map(|at| NumberAttribute { number: ttl(at) }),
        agenda: agenda.map(StringAttribute::new),
        due: due.map(StringAttribute::new),
        catalogue: listed.map(|entry| StringAttribute::new(catalogue::shard(entry.list, key))),
        changed: listed.map(|entry| StringAttribute::new(catalogue::sort_key(entry, key))),
    }
}

/// The value of an item that has not expired.
fn unexpired(item: Item, now: UnixMillis) -> Result<Option<Stored>, DynamodbError> {
    if item.expires.is_some_and(|at| at.number <= now.millis()) {
        return Ok(None);
    }
    let version = item.version.bytes.try_into().map_err(|_| DynamodbError::ForeignItem)?;
    Ok(Some(Stored { version: Version(version), bytes: item.value.bytes }))
}

/// The condition of a write over absence. An expired item counts as absent, even if DynamoDB has
/// not deleted it yet.
const OVER_ABSENCE: &str = "attribute_not_exists(k) OR expires <= :now";
const OVER_VERSION: &str = "version = :over AND (attribute_not_exists(expires) OR expires > :now)";
/// How long DynamoDB keeps an expired item at least, because its clock differs from ours.
const GRACE: Duration = Duration::from_hours(1);
/// The maximum length of an answer. A page of a scan has at most 1 MB of items, and their bytes are
/// base64.
const MAX_ANSWER_LEN: usize = 2 * 1024 * 1024;
