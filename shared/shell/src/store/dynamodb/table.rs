//! Creates the table and its indexes. An operator does this once; the functions have no permission to do it.

use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use thiserror::Error;

use super::error::DynamodbError;
use super::items::Dynamodb;
use super::table_shape::{DescribedTable, TableShape, addition, definition};
use crate::web::Web;

/// A step of creating a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TableStep {
    /// The table exists already.
    Stands,
    /// The table is being created.
    Asked,
    /// The index of the catalogue is being added to a table of an older version.
    Indexing,
    /// The table or an index is not active yet.
    Waiting,
    /// The table and its indexes are active.
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
    /// The table has the shape of an older version.
    #[error(
        "the table has no index `catalogue`, so lists cannot be read; add it with `koohook store create`"
    )]
    Older,
    /// The table or an index did not become active in time.
    #[error("the table or an index is still being created; run this command again")]
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
struct Expiry {
    time_to_live_description: ExpiryStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ExpiryStatus {
    time_to_live_status: String,
}

impl<W: Web> Dynamodb<W> {
    /// Creates the table with its indexes if it does not exist, and adds the index of the catalogue
    /// to a table of an older version. Then sets the table's settings if they are not set. Reports
    /// each step.
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
        if !self.wait(TableShape::is_active, &mut report).await?.has_catalogue() {
            self.add_catalogue().await?;
            report(TableStep::Indexing);
            let is_done = |table: &TableShape| table.is_active() && table.has_catalogue();
            self.wait(is_done, &mut report).await?;
        }
        report(TableStep::Active);
        self.enable_expiry().await?;
        report(TableStep::Freeing);
        report(self.keep_restorable().await?);
        Ok(())
    }

    /// Checks that the table exists, has the right shape and is active.
    ///
    /// # Errors
    /// See [`TableError`].
    pub async fn check_table(&self) -> Result<(), TableError> {
        let table = self.described().await?.ok_or(TableError::Absent)?;
        match table.has_catalogue() {
            true if table.is_active() => Ok(()),
            true => Err(TableError::Slow),
            false => Err(TableError::Older),
        }
    }

    async fn described(&self) -> Result<Option<TableShape>, TableError> {
        let described = self.client.call("DescribeTable", &self.named()).await;
        let table = match described {
            Ok(DescribedTable { table }) => table,
            Err(DynamodbError::Refused { kind, .. }) if kind == "ResourceNotFoundException" => {
                return Ok(None);
            }
            Err(fault) => return Err(refused("DescribeTable", &fault)),
        };
        table.fit().map_err(TableError::Unfit)?;
        Ok(Some(table))
    }

    async fn create(&self) -> Result<(), TableError> {
        match self.client.call("CreateTable", &definition(&self.table)).await {
            Ok(IgnoredAny) => Ok(()),
            // Another process was faster, or an earlier attempt of this call succeeded.
            Err(DynamodbError::Refused { kind, .. }) if kind == "ResourceInUseException" => Ok(()),
            Err(fault) => Err(refused("CreateTable", &fault)),
        }
    }

    async fn add_catalogue(&self) -> Result<(), TableError> {
        match self.client.call("UpdateTable", &addition(&self.table)).await {
            Ok(IgnoredAny) => Ok(()),
            // Another process was faster, or an earlier attempt of this call succeeded.
            Err(DynamodbError::Refused { kind, .. }) if kind == "ResourceInUseException" => Ok(()),
            Err(fault) => Err(refused("UpdateTable", &fault)),
        }
    }

    async fn wait(
        &self,
        is_done: impl Fn(&TableShape) -> bool,
        report: &mut impl FnMut(TableStep),
    ) -> Result<TableShape, TableError> {
        for _ in 0..MAX_READS {
            if let Some(table) = self.described().await?.filter(&is_done) {
                return Ok(table);
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

fn refused(operation: &'static str, fault: &DynamodbError) -> TableError {
    TableError::Refused { operation, fault: fault.to_string(), advice: fault.advice() }
}

/// How many times the table's state is read until it is active, and the pause between two reads.
const MAX_READS: usize = 180;
const PAUSE: Duration = Duration::from_secs(1);
