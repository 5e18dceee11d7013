//! Creates the table. An operator does this once; the functions have no permission to do it.

use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use thiserror::Error;

use super::agenda::INDEX;
use super::error::DynamodbError;
use super::items::Dynamodb;
use crate::web::Web;

/// A step of creating a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TableStep {
    /// The table exists already.
    Stands,
    /// The table is being created.
    Asked,
    /// The table is not active yet.
    Waiting,
    /// The table is active.
    Active,
    /// DynamoDB deletes expired items from now on.
    Freeing,
    /// The table can be restored to any second of the last days.
    Restorable,
    /// This endpoint does not support such restores.
    NotRestorable,
}

/// Why the table cannot be used.
#[derive(Debug, Error)]
pub enum TableError {
    /// There is no table.
    #[error("there is no such table in this region; create it with `koohook store create`")]
    Absent,
    /// A table of that name has another shape.
    #[error("a table of that name exists, but {0}; name another one")]
    Unfit(&'static str),
    /// The table did not become active in time.
    #[error("the table is still being created; run this command again")]
    Slow,
    /// The endpoint rejects a call.
    #[error("{operation}: {fault}; {advice}")]
    Refused {
        /// The call's name.
        operation: &'static str,
        /// The endpoint's name for the error.
        fault: String,
        /// The advice for an operator.
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
    /// Creates the table with its index if it does not exist. Then sets its settings if they are
    /// not set. Reports each step.
    ///
    /// # Errors
    /// See [`TableError`]. Finished steps stay, and the next run continues there.
    pub async fn make_table(&self, mut report: impl FnMut(TableStep)) -> Result<(), TableError> {
        match self.described().await? {
            Some(_) => report(TableStep::Stands),
            None => {
                self.create().await?;
                report(TableStep::Asked);
            }
        }
        self.wait(&mut report).await?;
        report(TableStep::Active);
        self.enable_expiry().await?;
        report(TableStep::Freeing);
        report(self.keep_restorable().await?);
        Ok(())
    }

    /// Checks that the table exists and has the right shape.
    ///
    /// # Errors
    /// See [`TableError`].
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
            // Another process was faster, or an earlier attempt of this call succeeded.
            Err(DynamodbError::Refused { kind, .. }) if kind == "ResourceInUseException" => Ok(()),
            Err(fault) => Err(refused("CreateTable", &fault)),
        }
    }

    async fn wait(&self, report: &mut impl FnMut(TableStep)) -> Result<(), TableError> {
        for _ in 0..MAX_READS {
            if self.described().await?.is_some_and(|table| table.is_active()) {
                return Ok(());
            }
            report(TableStep::Waiting);
            tokio::time::sleep(PAUSE).await;
        }
        Err(TableError::Slow)
    }

    /// DynamoDB rejects a second request, so the current state is read first.
    async fn enable_expiry(&self) -> Result<(), TableError> {
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
        let updated = self.client.call("UpdateTimeToLive", &request).await;
        updated.map(|IgnoredAny| ()).map_err(|fault| refused("UpdateTimeToLive", &fault))
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

    /// Checks the table's shape. The error states what is wrong.
    fn fit(&self) -> Result<(), &'static str> {
        if self.key_schema != key_schema() {
            return Err("its key is not only `k`");
        }
        let index = self.global_secondary_indexes.iter().find(|index| index.index_name == INDEX);
        if index.is_none_or(|index| index.key_schema != index_schema()) {
            return Err("it has no index `agenda` on `agenda` and `due`");
        }
        if !definitions().iter().all(|wanted| self.attribute_definitions.contains(wanted)) {
            return Err("its key attributes are not strings");
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

/// How many times the table's state is read until it is active, and the pause between two reads.
const MAX_READS: usize = 180;
const PAUSE: Duration = Duration::from_secs(1);
