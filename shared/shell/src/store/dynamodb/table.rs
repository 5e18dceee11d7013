//! The table: how it is made, once, by an operator. The functions themselves may not make it.

use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use thiserror::Error;

use super::agenda::INDEX;
use super::error::DynamodbError;
use super::items::Dynamodb;
use crate::web::Web;

/// What has happened to a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TableStep {
    /// It stood already.
    Stands,
    /// It is asked for.
    Asked,
    /// It is not active yet.
    Waiting,
    /// It is active.
    Active,
    /// What expired is freed from now on.
    Freeing,
    /// It can be restored to any second of the last days.
    Restorable,
    /// This endpoint knows no such restoring.
    NotRestorable,
}

/// Why there is no table to work with.
#[derive(Debug, Error)]
pub enum TableError {
    /// There is no table.
    #[error("there is no such table in this region; `koohook store create` makes it")]
    Absent,
    /// A table of that name has another shape.
    #[error("a table of that name stands, and {0}; name another one")]
    Unfit(&'static str),
    /// It takes too long.
    #[error("the table is still being made; run this again")]
    Slow,
    /// The endpoint says no.
    #[error("{operation}: {fault}: {advice}")]
    Refused {
        /// Which call.
        operation: &'static str,
        /// Its word for why.
        fault: String,
        /// What to do.
        advice: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    table: Table,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Table {
    table_status: String,
    key_schema: Value,
    attribute_definitions: Vec<Value>,
    #[serde(default)]
    global_secondary_indexes: Vec<Index>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Index {
    index_name: String,
    index_status: String,
    key_schema: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Expiry {
    time_to_live_description: ExpiryStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ExpiryStatus {
    time_to_live_status: String,
}

impl<W: Web> Dynamodb<W> {
    /// Makes the table with all that belongs to it, as far as it does not exist yet.
    ///
    /// # Errors
    /// As [`TableError`] says; what was done by then stays, and the next run continues there.
    pub async fn make_table(&self, mut tell: impl FnMut(TableStep)) -> Result<(), TableError> {
        match self.described().await? {
            Some(_) => tell(TableStep::Stands),
            None => {
                self.create().await?;
                tell(TableStep::Asked);
            }
        }
        self.wait(&mut tell).await?;
        tell(TableStep::Active);
        self.free_what_expired().await?;
        tell(TableStep::Freeing);
        tell(self.keep_restorable().await?);
        Ok(())
    }

    /// Checks that the table exists and has the right shape.
    ///
    /// # Errors
    /// As [`TableError`] says.
    pub async fn check_table(&self) -> Result<(), TableError> {
        let table = self.described().await?.ok_or(TableError::Absent)?;
        if table.is_active() { Ok(()) } else { Err(TableError::Slow) }
    }

    async fn described(&self) -> Result<Option<Table>, TableError> {
        let described = self.client.call("DescribeTable", &self.named()).await;
        let table = match described {
            Ok(Described { table }) => table,
            Err(DynamodbError::Refused { kind, .. }) if kind == "ResourceNotFoundException" => {
                return Ok(None);
            }
            Err(fault) => return Err(refused("DescribeTable", &fault)),
        };
        table.fit().map_err(TableError::Unfit)?;
        Ok(Some(table))
    }

    async fn create(&self) -> Result<(), TableError> {
        let table = json!({
            "TableName": self.table,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": definitions(),
            "KeySchema": key_schema(),
            "GlobalSecondaryIndexes": [{
                "IndexName": INDEX,
                "KeySchema": index_schema(),
                "Projection": { "ProjectionType": "KEYS_ONLY" },
            }],
        });
        match self.client.call("CreateTable", &table).await {
            Ok(IgnoredAny) => Ok(()),
            // Another was faster, or our own first attempt was.
            Err(DynamodbError::Refused { kind, .. }) if kind == "ResourceInUseException" => Ok(()),
            Err(fault) => Err(refused("CreateTable", &fault)),
        }
    }

    async fn wait(&self, tell: &mut impl FnMut(TableStep)) -> Result<(), TableError> {
        for _ in 0..LOOKS {
            if self.described().await?.is_some_and(|table| table.is_active()) {
                return Ok(());
            }
            tell(TableStep::Waiting);
            tokio::time::sleep(PAUSE).await;
        }
        Err(TableError::Slow)
    }

    /// DynamoDB refuses a second request, so that its state is read first.
    async fn free_what_expired(&self) -> Result<(), TableError> {
        let expiry = self.client.call("DescribeTimeToLive", &self.named()).await;
        let expiry: Expiry = expiry.map_err(|fault| refused("DescribeTimeToLive", &fault))?;
        let status = expiry.time_to_live_description.time_to_live_status;
        if matches!(status.as_str(), "ENABLED" | "ENABLING") {
            return Ok(());
        }
        let request = json!({
            "TableName": self.table,
            "TimeToLiveSpecification": { "AttributeName": "ttl", "Enabled": true },
        });
        let told = self.client.call("UpdateTimeToLive", &request).await;
        told.map(|IgnoredAny| ()).map_err(|fault| refused("UpdateTimeToLive", &fault))
    }

    async fn keep_restorable(&self) -> Result<TableStep, TableError> {
        let request = json!({
            "TableName": self.table,
            "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true },
        });
        match self.client.call("UpdateContinuousBackups", &request).await {
            Ok(IgnoredAny) => Ok(TableStep::Restorable),
            Err(DynamodbError::Refused { kind, .. }) if kind == "UnknownOperationException" => {
                Ok(TableStep::NotRestorable)
            }
            Err(fault) => Err(refused("UpdateContinuousBackups", &fault)),
        }
    }

    fn named(&self) -> Value {
        json!({ "TableName": self.table })
    }
}

impl Table {
    fn is_active(&self) -> bool {
        let index = self.global_secondary_indexes.iter().find(|index| index.index_name == INDEX);
        self.table_status == "ACTIVE" && index.is_some_and(|index| index.index_status == "ACTIVE")
    }

    /// What is wrong with it, if anything is.
    fn fit(&self) -> Result<(), &'static str> {
        if self.key_schema != key_schema() {
            return Err("its key is not `k` alone");
        }
        let index = self.global_secondary_indexes.iter().find(|index| index.index_name == INDEX);
        if index.is_none_or(|index| index.key_schema != index_schema()) {
            return Err("it has no index `agenda` by `agenda` and `due`");
        }
        if !definitions().iter().all(|wanted| self.attribute_definitions.contains(wanted)) {
            return Err("its keys are not texts");
        }
        Ok(())
    }
}

fn definitions() -> [Value; 3] {
    ["k", "agenda", "due"].map(|name| json!({ "AttributeName": name, "AttributeType": "S" }))
}

fn key_schema() -> Value {
    json!([{ "AttributeName": "k", "KeyType": "HASH" }])
}

fn index_schema() -> Value {
    json!([
        { "AttributeName": "agenda", "KeyType": "HASH" },
        { "AttributeName": "due", "KeyType": "RANGE" },
    ])
}

fn refused(operation: &'static str, fault: &DynamodbError) -> TableError {
    TableError::Refused { operation, fault: fault.to_string(), advice: fault.advice() }
}

/// How often a table is looked at until it is active, and how long between.
const LOOKS: usize = 180;
const PAUSE: Duration = Duration::from_secs(1);
