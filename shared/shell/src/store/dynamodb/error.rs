//! Why a call of DynamoDB fails, and what an operator can do.

use std::fmt;

use bytes::Bytes;
use http::Response;

use super::wire::{DynamodbErrorResponse, Item};
use crate::web::Unanswered;

/// Why a call came to nothing.
pub enum DynamodbError {
    /// Another write was faster; this item exists, if the endpoint tells.
    Lost(Option<Box<Item>>),
    /// The endpoint says no, or not now.
    Refused {
        /// Its word for why.
        kind: String,
        /// Whether the same call may do better.
        passes: bool,
    },
    /// There are no keys to sign with.
    NoCredentials,
    /// An item is not one of koohook's.
    ForeignItem,
    /// No answer came, or none that can be read.
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

    /// Whether the same call, sent again, may do better. A write may: it is over one version.
    pub fn passes(&self) -> bool {
        match self {
            Self::Refused { passes, kind } => *passes || kind == "ExpiredTokenException",
            Self::Unanswered(_) => true,
            Self::Lost(_) | Self::NoCredentials | Self::ForeignItem => false,
        }
    }

    /// Logs what to do, and nothing of what was sent.
    pub fn log(&self, operation: &'static str) {
        let fault = self.to_string();
        tracing::error!(operation, fault, advice = self.advice(), "dynamodb failed");
    }

    /// What an operator can do.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Lost(_) => "none: another writer was faster",
            Self::NoCredentials => {
                "AWS credentials cannot be fetched: look at the container endpoint"
            }
            Self::ForeignItem => "another program writes to this table: name another table",
            Self::Unanswered(_) => "look at the region, the endpoint and the way there",
            Self::Refused { kind, .. } => advice(kind),
        }
    }
}

impl fmt::Display for DynamodbError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(_) => formatter.write_str(LOST),
            Self::Refused { kind, .. } => {
                // The other side's word, as far as it is one.
                let word = kind.chars().filter(char::is_ascii_alphanumeric).take(64);
                formatter.write_str(&word.collect::<String>())
            }
            Self::NoCredentials => formatter.write_str("no credentials"),
            Self::ForeignItem => formatter.write_str("an item of the table is not ours"),
            Self::Unanswered(Some(fault)) => fmt::Display::fmt(fault, formatter),
            Self::Unanswered(None) => formatter.write_str("no answer that can be read"),
        }
    }
}

fn advice(kind: &str) -> &'static str {
    match kind {
        "ResourceNotFoundException" => {
            "no such table or index in this region: `koohook store create` makes both"
        }
        "AccessDeniedException" => {
            "these credentials want dynamodb:GetItem and PutItem on the table, Query on its index"
        }
        "ExpiredTokenException"
        | "IncompleteSignatureException"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "UnrecognizedClientException" => {
            "the credentials are not believed: look at them, at the region and at this clock"
        }
        "ValidationException" => {
            "the table is not as `koohook store create` makes it, or a value is too long"
        }
        kind if PASSING.contains(&kind) => {
            "it passes; where it does not, look at the table's limits"
        }
        _ => "look at the table in the console",
    }
}

/// What an endpoint calls a lost race.
const LOST: &str = "ConditionalCheckFailedException";
/// Kinds of refusal that pass.
const PASSING: [&str; 6] = [
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "Throttling",
    "TransactionConflictException",
];
