//! Tables of DynamoDB for tests: in Amazon's own emulator, where one runs, and in a model that is
//! held against it.

mod condition;
pub mod model;
pub mod signature;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::time::UnixMillis;
use shell::client::Client;
use shell::store::dynamodb::{AwsCredentials, Dynamodb};
use shell::store::{DynamodbSetting, RightProof, Store, Version};

use crate::forward;
use crate::on_tokio::{OnTokio, block_on};
use crate::world::NOW;

/// A table of a test's own, and the store in it.
pub struct Table {
    /// `KOOHOOK_STORE`, for whoever else is to open it.
    pub setting: String,
    /// The store.
    pub store: OnTokio<Dynamodb>,
}

/// A made-up key, and what signs with it.
pub const ACCESS_KEY: &str = "MADEUPACCESSKEY";
/// The secret half.
pub const SECRET_KEY: &str = "made-up-secret-key-of-no-account";
/// What belongs to a role's keys.
pub const SESSION_TOKEN: &str = "made-up-session-token";
/// The region that calls are signed for.
pub const REGION: &str = "eu-test-1";
/// How often a table is made before it cannot be.
const TRIES: usize = 5;
/// Longer than any answer.
const MAX_ANSWER_LEN: usize = 2 * 1024 * 1024;

/// Where the emulator listens, if one runs.
///
/// # Panics
/// In CI where none runs.
#[expect(clippy::print_stderr, reason = "what is not tested is said aloud")]
pub fn emulator() -> Option<String> {
    let endpoint = std::env::var("KOOHOOK_TEST_DYNAMODB").ok().filter(|set| !set.is_empty());
    if endpoint.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "KOOHOOK_TEST_DYNAMODB is not set");
        eprintln!("!! SKIPPED: KOOHOOK_TEST_DYNAMODB names no emulator; tests/run starts one");
    }
    endpoint
}

/// The moment for which every test signs.
pub fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(NOW)
}

/// Made-up credentials.
pub fn credentials() -> AwsCredentials {
    let set = [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_SESSION_TOKEN", SESSION_TOKEN),
    ];
    let lookup =
        |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
    AwsCredentials::read(&lookup).expect("they are credentials")
}

impl Table {
    /// A new table at an endpoint.
    pub fn new(endpoint: &str) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let (process, number) = (std::process::id(), MADE.fetch_add(1, Ordering::SeqCst));
        let name = format!("koohook-test-{process}-{number}");
        let table = Self::open(&format!("dynamodb://{name}?region={REGION}&endpoint={endpoint}"));
        block_on(table.make());
        table
    }

    /// Makes the table. An emulator that has just started takes longer for its first answers than
    /// the store waits, on a machine with other things to do; making goes on where it stopped.
    async fn make(&self) {
        for _ in 1..TRIES {
            if self.store.0.make_table(|_| {}).await.is_ok() {
                return;
            }
        }
        self.store.0.make_table(|_| {}).await.expect("the table is made");
    }

    /// A table that stands already.
    pub fn open(setting: &str) -> Self {
        let rest = setting.strip_prefix("dynamodb://").expect("a setting of this store");
        let parsed = DynamodbSetting::parse(rest).expect("a setting that can be used");
        let client = Client::new(MAX_ANSWER_LEN);
        let store = Dynamodb::over(&parsed, credentials(), client, noon);
        Self { setting: setting.to_owned(), store: OnTokio(store) }
    }

    /// What the proof of a start finds.
    pub fn prove(&self, now: UnixMillis) -> Vec<RightProof> {
        block_on(self.store.0.prove([1, 2].map(|number| Version([number; 16])), now))
    }
}

impl Store for Table {
    forward!(store: get, put, agenda, clock);
}
