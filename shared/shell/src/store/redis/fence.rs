//! `wait=N`: an answer counts once N replicas have acknowledged what it rests on.
//!
//! A master may answer a write and die with it before a replica has heard of it. A reader may find
//! such a write, and a repeated call is answered from what is found, without another write. So
//! reads wait as writes do. Since version 7.2 `WAIT` waits only for what its own connection wrote.
//! So a message to a channel goes before it: a replica that acknowledges the message has
//! everything that came before.

use redis::{Pipeline, RedisError, Value, make_extension_error};

use super::connection::{RedisConnection, unreadable};
use super::{RedisOpenError, advice};

/// The wait for replicas that ends every pipeline.
pub struct Fence {
    replicas: u8,
    channel: String,
}

impl Fence {
    /// A wait for so many replicas.
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

    /// Takes the wait's own answers off, and checks them.
    ///
    /// # Errors
    /// If fewer than N replicas have acknowledged. A failover may lose what was written, or not.
    pub fn check(&self, answers: &mut Vec<Value>) -> Result<(), RedisError> {
        let Some(Value::Int(acknowledged)) = answers.pop() else { return Err(unreadable()) };
        answers.pop();
        if acknowledged < i64::from(self.replicas) {
            return Err(make_extension_error(TOO_FEW.to_owned(), None));
        }
        Ok(())
    }

    /// Tries it once, so that a start is refused rather than every call.
    ///
    /// # Errors
    /// If the server refuses the commands, or too few replicas acknowledge.
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

/// How long a server waits for its replicas, in milliseconds. They take few; a callback has four
/// seconds, and whatever else uses the connection waits behind this.
const PATIENCE_MILLIS: u64 = 500;
/// The same at the start: a replica that has just come acknowledges after a second.
const START_MILLIS: u64 = 1_200;
/// The log's word for it.
const TOO_FEW: &str = "too few replicas acknowledge";
