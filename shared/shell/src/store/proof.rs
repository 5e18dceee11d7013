//! What a process may do in its store, proved by doing it (decision I5).
//!
//! The proof reads, writes and looks at an agenda as koohook itself does, under a key of its own.
//! Two proofs at a time do not disturb each other, and what one that was interrupted leaves behind the
//! next one removes.

use std::ops::RangeInclusive;
use std::time::Duration;

use protocol::time::UnixMillis;
use thiserror::Error;

use super::{Entry, Put, Queue, Stored, Value, Version};

/// Something that koohook does in a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Right {
    /// Reading a value.
    Read,
    /// Running a script, in a Redis.
    Script,
    /// Writing a value, on an agenda and off it.
    Write,
    /// Reading an agenda.
    Agenda,
}

/// Why a right is not proved.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Lack {
    /// The store refuses, and will go on refusing: what to do.
    #[error("{0}")]
    Refused(String),
    /// The store does not answer, or not now: what to do.
    #[error("{0}")]
    Unanswered(String),
}

/// A right, and what came of trying it.
pub type RightsProof = (Right, Result<(), Lack>);

impl Right {
    /// The right's name in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Script => "script",
            Self::Write => "write",
            Self::Agenda => "agenda",
        }
    }
}

/// The operations of a store, with its own reasons for failing.
pub(super) trait ProofAttempt {
    type Fault;

    async fn try_get(&self, key: &str, now: UnixMillis) -> Result<Option<Stored>, Self::Fault>;

    async fn try_put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, Self::Fault>;

    async fn try_agenda(
        &self,
        queue: Queue,
        span: RangeInclusive<UnixMillis>,
        limit: usize,
    ) -> Result<Vec<Entry>, Self::Fault>;

    /// Runs a script that does nothing, if the store is one that writes by scripts.
    async fn try_script(&self, _key: &str) -> Option<Result<(), Self::Fault>> {
        None
    }

    fn lack(fault: &Self::Fault) -> Lack;
}

/// Where the proof writes.
const KEY: &str = "proof";
/// When what it puts on the agenda would be due. It is off it long before.
const LATER: Duration = Duration::from_hours(1);

/// Tries each right.
pub(super) async fn prove<S: ProofAttempt>(
    store: &S,
    drawn: [Version; 2],
    now: UnixMillis,
) -> Vec<RightsProof> {
    let lack = |fault: S::Fault| S::lack(&fault);
    let read = store.try_get(KEY, now).await;
    let script = store.try_script(KEY).await;
    let over = read.as_ref().ok().and_then(|found| found.as_ref().map(|found| found.version));
    let write = write(store, over, drawn, now).await;
    let agenda = store.try_agenda(Queue::Due, now..=now, 1).await;
    let proofs = [
        Some((Right::Read, read.map(drop))),
        script.map(|script| (Right::Script, script)),
        Some((Right::Write, write)),
        Some((Right::Agenda, agenda.map(drop))),
    ];
    let proofs = proofs.into_iter().flatten();
    proofs.map(|(right, outcome)| (right, outcome.map_err(lack))).collect()
}

/// Writes onto an agenda and off it again. Losing to another proof is a proof, too.
async fn write<S: ProofAttempt>(
    store: &S,
    over: Option<Version>,
    [first, second]: [Version; 2],
    now: UnixMillis,
) -> Result<(), S::Fault> {
    let agenda = Some((Queue::Sweep, now.after(LATER)));
    // Without an expiry first: a Redis has a command of its own for that.
    let put = Value { version: first, bytes: Vec::new(), agenda, expires: None };
    let mut over = match store.try_put(KEY, &put, over, now).await? {
        Put::Won => Some(first),
        Put::Lost(found) => found.map(|found| found.version),
    };
    let gone = Value { version: second, agenda: None, expires: Some(now), ..put };
    if let Put::Lost(Some(found)) = store.try_put(KEY, &gone, over, now).await? {
        over = Some(found.version);
        store.try_put(KEY, &gone, over, now).await?;
    }
    Ok(())
}
