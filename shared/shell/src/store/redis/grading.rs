//! Opens a server and grades its durability: at the start, or before the first write if the server
//! did not answer at the start.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::{Pipeline, RedisError, Script, make_extension_error};

use super::connection::RedisConnection;
use super::durability::{self, FoundDurability};
use super::fence::Fence;
use super::{Grade, PUT, Redis, RedisOpenError, advice};
use crate::store::troubles::StoreTroubles;
use crate::store::{Durability, RedisSetting};

impl Redis {
    /// Connects to a server, and rejects a server that may lose acknowledged writes.
    ///
    /// # Errors
    /// See [`RedisOpenError`].
    pub async fn open(setting: &RedisSetting) -> Result<Self, RedisOpenError> {
        let redis = Self::unopened(setting)?;
        redis.grade_at_start(setting).await?;
        Ok(redis)
    }

    /// The same for a process that serves. A server that does not answer now is only a warning.
    /// koohook grades it before its first write there, and writes nothing to a server that may lose
    /// acknowledged writes.
    ///
    /// # Errors
    /// See [`RedisOpenError`].
    pub async fn open_to_serve(setting: &RedisSetting) -> Result<Self, RedisOpenError> {
        let redis = Self::unopened(setting)?;
        match redis.grade_at_start(setting).await {
            Ok(()) => Ok(redis),
            Err(fault) if may_pass(&fault) => {
                tracing::warn!(fault = %fault, advice = WAITS, "store does not answer");
                Ok(redis)
            }
            Err(fault) => Err(fault),
        }
    }

    fn unopened(setting: &RedisSetting) -> Result<Self, RedisOpenError> {
        Ok(Self {
            connection: RedisConnection::new(setting)?,
            prefix: setting.prefix.clone(),
            put: Script::new(PUT),
            fence: setting.wait.map(|replicas| Fence::new(replicas, &setting.prefix)),
            durability: setting.durability,
            grade: Mutex::default(),
            troubles: StoreTroubles::default(),
        })
    }

    async fn grade_at_start(&self, setting: &RedisSetting) -> Result<(), RedisOpenError> {
        let found = match self.find().await {
            Err(advice) if setting.cluster && advice == advice::SILENT => {
                return Err(RedisOpenError::Unanswered(why_no_cluster(setting).await));
            }
            found => found.map_err(RedisOpenError::Unanswered)?,
        };
        let grade = found.grade();
        grade.log(&found);
        if found.is_replica() {
            return Err(RedisOpenError::Replica);
        }
        if let Some(fence) = &self.fence {
            fence.prove(&self.connection).await?;
        }
        match self.unfit(grade) {
            Some(reason) => Err(RedisOpenError::NotDurable(reason)),
            None => {
                self.replace_grade(grade);
                Ok(())
            }
        }
    }

    /// Why the setting does not allow a server of this grade.
    fn unfit(&self, grade: Grade) -> Option<&'static str> {
        match grade {
            Grade::C(reason) if self.durability == Durability::Required => Some(reason),
            Grade::APlus | Grade::A | Grade::B(_) | Grade::C(_) => None,
        }
    }

    /// Grades the server before a write, if it did not answer at the start.
    ///
    /// # Errors
    /// If the server does not answer, or may lose acknowledged writes.
    pub(super) async fn grade_before_write(&self) -> Result<(), RedisError> {
        if self.grade().is_some() {
            return Ok(());
        }
        // Boxed: this is rarely needed, and every write contains this future.
        Box::pin(self.grade_late()).await
    }

    async fn grade_late(&self) -> Result<(), RedisError> {
        let found = durability::find(&self.connection, self.fence.is_some()).await?;
        // A replica rejects the write itself.
        if found.is_replica() {
            return Ok(());
        }
        let grade = found.grade();
        if let Some(reason) = self.unfit(grade) {
            return Err(make_extension_error(advice::UNFIT.to_owned(), Some(reason.to_owned())));
        }
        if self.replace_grade(grade).is_none() {
            grade.log(&found);
        }
        Ok(())
    }

    /// Reads the server's durability settings again, since they may change, and logs a changed
    /// grade. Does nothing if the server does not answer, is a replica, or has no grade yet.
    pub async fn reassess(&self) {
        if self.grade().is_none() {
            return;
        }
        let Ok(found) = self.find().await else { return };
        if found.is_replica() {
            return;
        }
        let grade = found.grade();
        if let Some(before) = self.replace_grade(grade) {
            grade.log_change(before, &found);
        }
    }

    /// The grade; `None` if the server has not answered yet.
    pub fn grade(&self) -> Option<Grade> {
        *self.grade.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace_grade(&self, grade: Grade) -> Option<Grade> {
        self.grade.lock().unwrap_or_else(PoisonError::into_inner).replace(grade)
    }

    /// Reads the durability settings of all masters, within the time limit of a start. The error
    /// states what is wrong and what to do.
    async fn find(&self) -> Result<FoundDurability, String> {
        let found = durability::find(&self.connection, self.fence.is_some());
        match tokio::time::timeout(START, found).await {
            Ok(found) => found.map_err(|fault| advice::of(&fault)),
            Err(_) => Err(advice::SILENT.to_owned()),
        }
    }
}

/// Whether the fault may end without a change of the settings, so that a process that serves waits
/// for the server.
fn may_pass(fault: &RedisOpenError) -> bool {
    match fault {
        RedisOpenError::Unanswered(text) => advice::may_pass(text),
        RedisOpenError::TooFewReplicas(_) => true,
        RedisOpenError::Address
        | RedisOpenError::Authority
        | RedisOpenError::Replica
        | RedisOpenError::NotDurable(_)
        | RedisOpenError::NoWait(_) => false,
    }
}

/// Why the cluster's client reached no cluster. That client tries again until the time is over, and
/// does not report the server's answer. So a client for a single server asks.
async fn why_no_cluster(setting: &RedisSetting) -> String {
    let single = RedisSetting { cluster: false, ..setting.clone() };
    let Ok(connection) = RedisConnection::new(&single) else { return advice::SILENT.to_owned() };
    let mut commands = Pipeline::new();
    commands.cmd("CLUSTER").arg("SLOTS");
    advice::of_cluster(&connection.send(&commands).await)
}

/// How long a start may take to reach the server and read its settings.
const START: Duration = Duration::from_secs(5);
const WAITS: &str = "koohook answers 000005 until the store answers; run koohook check";
