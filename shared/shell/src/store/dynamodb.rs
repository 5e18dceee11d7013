//! DynamoDB, with its own protocol: one item for each value, one conditional `PutItem` for each
//! write.
//!
//! koohook does not use the AWS SDK, which would be most of a small function's size and cold start.
//! koohook needs few operations, and has an HTTP client already.
//!
//! - `items`: the store, with values as items. `agenda` and `catalogue`: the indexes of the items
//!   that are on an agenda and in the catalogue. `index`: a query of an index. `scan`: the scan.
//! - `table`: creates the table and its indexes. `table_shape`: how the table must be.
//! - `client`: one signed call. `error`: why a call fails. `wire`: requests and answers as JSON.
//!   `date`: DynamoDB's clock, from its answers.

mod agenda;
mod catalogue;
mod client;
mod date;
mod error;
mod index;
mod items;
#[cfg(feature = "scan")]
mod scan;
mod table;
mod table_shape;
mod wire;

pub use self::items::Dynamodb;
pub use self::table::{TableError, TableStep};
