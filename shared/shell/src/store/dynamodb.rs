//! DynamoDB, with its own protocol: one item for each value, one conditional `PutItem` for each
//! write.
//!
//! koohook does not use the AWS SDK, which would be most of a small function's size and cold start.
//! koohook needs four operations, and has an HTTP client already.
//!
//! - `items`: the store, with values as items. `agenda`: the index of the items that are on an
//!   agenda. `table`: creates the table.
//! - `client`: one signed call. `error`: why a call fails. `wire`: requests and answers as JSON.
//!   `credentials`: the keys that sign. `date`: DynamoDB's clock, from its answers.

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
