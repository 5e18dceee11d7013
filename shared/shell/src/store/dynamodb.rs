//! DynamoDB, by its own protocol: one item a value, one conditional `PutItem` a write.
//!
//! The AWS SDK would be most of a small function's size and of its cold start; four operations
//! over the client that is there already are not.
//!
//! - `setting`: `KOOHOOK_STORE`, read. `items`: the store itself. `table`: where the items lie,
//!   and how it is made.
//! - `call`: one signed call. `date`: the time that its answer tells. `credentials`: who signs. `wire`: requests and answers as JSON.

#[cfg(feature = "dynamodb")]
mod call;
#[cfg(feature = "dynamodb")]
mod credentials;
#[cfg(feature = "dynamodb")]
mod date;
#[cfg(feature = "dynamodb")]
mod items;
mod setting;
#[cfg(feature = "dynamodb")]
mod table;
#[cfg(feature = "dynamodb")]
mod wire;

#[cfg(feature = "dynamodb")]
pub use call::ServerClock;
#[cfg(feature = "dynamodb")]
pub use credentials::{AwsCredentials, AwsCredentialsError};
#[cfg(feature = "dynamodb")]
pub use items::Dynamodb;
pub use setting::Setting;
#[cfg(feature = "dynamodb")]
pub use table::{TableError, TableStep};
