//! DynamoDB tables for tests: in Amazon's own emulator, if one runs, and in a model. Tests compare
//! the model with the emulator.

mod condition;
pub mod model;
pub mod signature;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::time::UnixMillis;
use shell::aws::AwsCredentials;
use shell::client::Client;
use shell::store::dynamodb::Dynamodb;
use shell::store::{
    DynamodbSetting, RightProof, Scan, ScanPage, ScanPlace, Store, Unavailable, Version,
};

use crate::forward;
use crate::on_tokio::{OnTokio, block_on};
use crate::world::NOW;

/// A table for one test, and the store in it.
pub struct Table {
    /// The value of `KOOHOOK_STORE` that opens this table.
    pub setting: String,
    /// The store.
    pub store: OnTokio<Dynamodb>,
}

/// The tests' access key ID.
pub const ACCESS_KEY: &str = "MADEUPACCESSKEY";
/// The secret access key.
pub const SECRET_KEY: &str = "made-up-secret-key-of-no-account";
/// The session token of a role's temporary keys.
pub const SESSION_TOKEN: &str = "made-up-session-token";
/// The region in the signatures of calls.
pub const REGION: &str = "eu-test-1";
/// How many times a test tries to create a table.
const TRIES: usize = 5;
/// The limit of an answer's length in bytes, longer than any answer.
const MAX_ANSWER_LEN: usize = 2 * 1024 * 1024;

/// The emulator's address, if one runs.
///
/// # Panics
/// If no emulator runs in CI.
#[expect(clippy::print_stderr, reason = "a skipped test is reported")]
pub fn emulator() -> Option<String> {
    let endpoint = std::env::var("KOOHOOK_TEST_DYNAMODB").ok().filter(|set| !set.is_empty());
    if endpoint.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "KOOHOOK_TEST_DYNAMODB is not set");
        eprintln!("!! SKIPPED: KOOHOOK_TEST_DYNAMODB is not set; tests/run starts an emulator");
    }
    endpoint
}

/// The moment for which every test signs its calls.
pub fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(NOW)
}

/// Credentials that were generated for tests.
pub fn credentials() -> AwsCredentials {
    let set = [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_SESSION_TOKEN", SESSION_TOKEN),
    ];
    let lookup =
        |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
    AwsCredentials::read(&lookup).expect("the credentials are complete")
}

impl Table {
    /// Creates a table at an endpoint.
    pub fn new(endpoint: &str) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let (process, number) = (std::process::id(), MADE.fetch_add(1, Ordering::SeqCst));
        let name = format!("koohook-test-{process}-{number}");
        let table = Self::open(&format!("dynamodb://{name}?region={REGION}&endpoint={endpoint}"));
        block_on(table.make());
        table
    }

    /// Creates the table. An emulator that has just started may answer later than the store waits,
    /// on a busy machine. So this tries again; creation continues at the step where it failed.
    async fn make(&self) {
        for _ in 1..TRIES {
            if self.store.0.make_table(|_| {}).await.is_ok() {
                return;
            }
        }
        self.store.0.make_table(|_| {}).await.expect("the table is created");
    }

    /// Opens a table that already exists.
    pub fn open(setting: &str) -> Self {
        let rest = setting.strip_prefix("dynamodb://").expect("the setting names DynamoDB");
        let parsed = DynamodbSetting::parse(rest).expect("the setting is usable");
        let client = Client::new(MAX_ANSWER_LEN);
        let store = Dynamodb::over(&parsed, credentials(), client, noon);
        Self { setting: setting.to_owned(), store: OnTokio(store) }
    }

    /// Checks the store's permissions, as a start does.
    pub fn prove(&self, now: UnixMillis) -> Vec<RightProof> {
        block_on(self.store.0.prove([1, 2].map(|number| Version([number; 16])), now))
    }
}

impl Scan for Table {
    async fn scan(&self, after: Option<&ScanPlace>, limit: usize) -> Result<ScanPage, Unavailable> {
        self.store.scan(after, limit).await
    }
}

impl Store for Table {
    forward!(store: get, put, agenda, clock, catalogue);
}
