//! `wait=N`: koohook accepts an answer only after N replicas have acknowledged the data behind it.
//!
//! A master may answer a write and crash before a replica has received it. A reader may find such a
//! write. koohook answers a repeated call from the value that it reads, without another write. So
//! reads wait, too. Since version 7.2, `WAIT` waits only for writes of its own connection. So a
//! message to a channel comes before `WAIT`. A replica that acknowledges the message has received
//! everything before it.

use redis::{Pipeline, RedisError, Value, make_extension_error};

use super::connection::{RedisConnection, unreadable};
use super::{RedisOpenError, advice};

/// The wait for replicas at the end of every pipeline.
pub struct Fence {
    replicas: u8,
    channel: String,
}

impl Fence {
    /// Makes the wait for `replicas` replicas.
    pub fn new(replicas: u8, prefix: &str) -> Self {
        Self { replicas, channel: format!("{prefix}:fence") }
    }

    /// Appends the wait to commands.
    pub fn append_to(&self, commands: &mut Pipeline) {
        self.wait(commands, PATIENCE_MILLIS);
    }

    fn wait(&self, commands: &mut Pipeline, millis: u64) {
        commands.cmd("PUBLISH").arg(&self.channel).arg("");
        commands.cmd("WAIT").arg(self.replicas).arg(millis);
    }

    /// Removes the answers to the wait's own commands, and checks them.
    ///
    /// # Errors
    /// If fewer than N replicas have acknowledged. A failover may then lose the writes.
    pub fn check(&self, answers: &mut Vec<Value>) -> Result<(), RedisError> {
        let Some(Value::Int(acknowledged)) = answers.pop() else { return Err(unreadable()) };
        answers.pop();
        if acknowledged < i64::from(self.replicas) {
            return Err(make_extension_error(TOO_FEW.to_owned(), None));
        }
        Ok(())
    }

    /// Tries the wait once, at the start. If a server does not permit it, the start fails instead
    /// of every call.
    ///
    /// # Errors
    /// If the server rejects the commands, or too few replicas acknowledge.
    pub async fn prove(&self, connection: &RedisConnection) -> Result<(), RedisOpenError> {
        let mut commands = Pipeline::new();
        self.wait(&mut commands, START_MILLIS);
        let answers = connection.send(&commands).await;
        let mut answers = answers.map_err(|fault| match fault.code() {
            Some(code) => RedisOpenError::NoWait(code.to_owned()),
            None => RedisOpenError::Unanswered(advice::of(&fault)),
        })?;
        self.check(&mut answers).map_err(|_| RedisOpenError::TooFewReplicas(self.replicas))
    }
}

/// How long a server waits for its replicas, in milliseconds. Replicas normally need a few
/// milliseconds. A callback has four seconds, and other commands on the connection are delayed by
/// this wait.
const PATIENCE_MILLIS: u64 = 500;
/// The same at the start: a new replica needs about a second for its first acknowledgement.
const START_MILLIS: u64 = 1_200;
/// The text in the log.
const TOO_FEW: &str = "too few replicas acknowledge";
