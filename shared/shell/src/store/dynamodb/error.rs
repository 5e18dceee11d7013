//! Why a call to DynamoDB fails, and what an operator can do.

use std::fmt;

use bytes::Bytes;
use http::Response;

use super::wire::{DynamodbErrorResponse, Item};
use crate::web::Unanswered;

/// Why a call failed.
pub enum DynamodbError {
    /// Another write was faster. Contains the current item, if the endpoint returns it.
    Lost(Option<Box<Item>>),
    /// The endpoint rejects the call.
    Refused {
        /// The endpoint's name for the error.
        kind: String,
        /// Whether the same call may succeed later.
        passes: bool,
    },
    /// koohook has no AWS keys for its signatures.
    NoCredentials,
    /// koohook did not write this item.
    ForeignItem,
    /// There is no answer, or it cannot be read.
    Unanswered(Option<Unanswered>),
}

impl DynamodbError {
    /// Reads a response that is not a success.
    pub fn read(response: &Response<Bytes>) -> Self {
        let refused: DynamodbErrorResponse =
            serde_json::from_slice(response.body()).unwrap_or_default();
        let kind = refused.kind().to_owned();
        if kind == LOST {
            return Self::Lost(refused.item.map(Box::new));
        }
        let passes = response.status().is_server_error() || PASSING.contains(&kind.as_str());
        Self::Refused { kind, passes }
    }

    /// Whether the same call may succeed if it is sent again. This is safe for a write, because it
    /// is conditional on one version.
    pub fn passes(&self) -> bool {
        match self {
            Self::Refused { passes, kind } => *passes || kind == "ExpiredTokenException",
            Self::Unanswered(_) => true,
            Self::Lost(_) | Self::NoCredentials | Self::ForeignItem => false,
        }
    }

    /// Logs the error and what to do. The log contains none of the bytes that were sent. `repeated` is
    /// how many times the fault occurred, if not once.
    pub fn log(&self, operation: &'static str, repeated: Option<u64>) {
        let fault = self.to_string();
        tracing::error!(operation, fault, advice = self.advice(), repeated, "dynamodb failed");
    }

    /// The advice for an operator.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Lost(_) => "nothing to do; another writer was faster",
            Self::NoCredentials => {
                "AWS credentials cannot be fetched; check the container endpoint"
            }
            Self::ForeignItem => "another program writes to this table; name another table",
            Self::Unanswered(_) => "check the region, the endpoint and the network",
            Self::Refused { kind, .. } => advice(kind),
        }
    }
}

impl fmt::Display for DynamodbError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(_) => formatter.write_str(LOST),
            Self::Refused { kind, .. } => {
                // Only letters and digits: the endpoint's text must not forge a log line.
                let word = kind.chars().filter(char::is_ascii_alphanumeric).take(64);
                formatter.write_str(&word.collect::<String>())
            }
            Self::NoCredentials => formatter.write_str("no credentials"),
            Self::ForeignItem => formatter.write_str("an item of the table is not koohook's"),
            Self::Unanswered(Some(fault)) => fmt::Display::fmt(fault, formatter),
            Self::Unanswered(None) => formatter.write_str("unreadable answer"),
        }
    }
}

fn advice(kind: &str) -> &'static str {
    match kind {
        "ResourceNotFoundException" => {
            "this region has no such table or index; create both with `koohook store create`"
        }
        "AccessDeniedException" => {
            "allow these credentials dynamodb:GetItem and PutItem on the table, and Query on its indexes \
             `agenda` and `catalogue`; commands that read the whole store also need Scan on it"
        }
        "ExpiredTokenException"
        | "IncompleteSignatureException"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "UnrecognizedClientException" => {
            "AWS rejects the credentials; check them, the region and this machine's clock"
        }
        "ValidationException" => {
            "the table is not as `koohook store create` creates it, or a value is too long; `koohook \
             store create` adds a missing index"
        }
        kind if PASSING.contains(&kind) => {
            "the failure is temporary; if it lasts, check the table's limits"
        }
        _ => "check the table in the console",
    }
}

/// The endpoint's name for a lost race.
const LOST: &str = "ConditionalCheckFailedException";
/// Errors that are temporary.
const PASSING: [&str; 6] = [
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "Throttling",
    "TransactionConflictException",
];
