//! Calls of AWS's APIs, without its SDK: a store in DynamoDB, and settings in Secrets Manager.
//!
//! - `credentials`: the keys that sign. `signed_call`: signs one call. `secrets`: reads a secret.

mod credentials;
mod secrets;
mod signed_call;

pub use self::credentials::{AwsCredentials, AwsCredentialsError};
pub use self::secrets::{SecretFault, SecretReader};
pub use self::signed_call::{AwsApi, SigningClock};
