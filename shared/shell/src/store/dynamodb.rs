//! DynamoDB, by its own protocol: one item a value, one conditional `PutItem` a write.
//!
//! The AWS SDK would be most of a small function's size and of its cold start. koohook needs four
//! operations, and already has an HTTP client.
//!
//! - `items`: the store itself: values as items. `agenda`: the index over the items on an agenda.
//!   `table`: how the table is made.
//! - `client`: one signed call. `error`: why a call fails. `wire`: requests and answers as JSON.
//!   `credentials`: the keys that sign. `date`: DynamoDB's clock, read from its answers.

mod agenda;
mod client;
mod credentials;
mod date;
mod error;
mod items;
mod table;
mod wire;

pub use self::client::SigningClock;
pub use self::credentials::{AwsCredentials, AwsCredentialsError};
pub use self::items::Dynamodb;
pub use self::table::{TableError, TableStep};
