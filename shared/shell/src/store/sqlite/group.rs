//! Writes that wait together are committed together: they wait once for the disk, not once each.
//!
//! While a commit waits for the disk, further writes arrive. They are the next group. So no write
//! waits for a group to become larger. Each write of a group has its own condition and its own
//! result, and it is acknowledged only after the commit. If one of them fails, or the commit fails,
//! nothing of the group is written, and each is written alone.

use std::time::{Duration, Instant};

use futures_channel::oneshot;
use protocol::time::UnixMillis;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::rows;
use crate::store::{Put, Value, Version};

/// One write that waits for its turn.
#[derive(Debug)]
pub struct WaitingPut {
    /// The key of the value.
    pub key: String,
    /// The value to write.
    pub value: Value,
    /// The version that was read; `None` for absence.
    pub over: Option<Version>,
    /// The caller's time.
    pub now: UnixMillis,
    /// When it was submitted.
    pub asked: Instant,
    /// Gets the result.
    pub answer: oneshot::Sender<Result<Put, rusqlite::Error>>,
}

/// How long a job waits for another process's lock, counted from its submission. This is well
/// within a callback's time.
pub const BUSY: Duration = Duration::from_secs(2);
/// The most writes of a group. The writes that come next wait for all of them.
pub const MAX_GROUP: usize = 128;

impl WaitingPut {
    fn put(&self, connection: &Connection) -> Result<Put, rusqlite::Error> {
        rows::put(connection, &self.key, &self.value, self.over, self.now)
    }

    /// How long it may still wait for another process's lock.
    fn left(&self) -> Duration {
        BUSY.saturating_sub(self.asked.elapsed())
    }

    fn put_alone(self, connection: &Connection) {
        let written = connection.busy_timeout(self.left()).and_then(|()| self.put(connection));
        // If the caller has stopped waiting meanwhile, the result is not needed.
        let _ = self.answer.send(written);
    }
}

/// Writes a group. A write whose caller has stopped waiting is left out.
pub fn write(connection: &Connection, mut group: Vec<WaitingPut>) {
    group.retain(|put| !put.answer.is_canceled());
    let together = if group.len() > 1 { write_together(connection, &group) } else { None };
    match together {
        Some(written) => {
            for (put, written) in group.into_iter().zip(written) {
                let _ = put.answer.send(Ok(written));
            }
        }
        None => group.into_iter().for_each(|put| put.put_alone(connection)),
    }
}

/// Writes a group in one transaction. `None` if nothing was written.
fn write_together(connection: &Connection, group: &[WaitingPut]) -> Option<Vec<Put>> {
    // None of them waits longer for another process's lock than it would alone.
    let left = group.iter().map(WaitingPut::left).min()?;
    connection.busy_timeout(left).ok()?;
    let all = Transaction::new_unchecked(connection, TransactionBehavior::Immediate).ok()?;
    let written: Result<Vec<_>, _> = group.iter().map(|put| put.put(&all)).collect();
    // Without a commit, the transaction is rolled back when it is dropped.
    let written = written.ok()?;
    all.commit().ok()?;
    Some(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Stored;
    use crate::store::sqlite::table::{INDEXES, TABLE};

    const NOW: UnixMillis = UnixMillis::new(1_000);

    /// A store whose writes of the key `bad` fail, and take the whole transaction with them, as a
    /// full disk does.
    fn connection() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        let trigger = "CREATE TRIGGER fails BEFORE INSERT ON kept WHEN NEW.key = 'bad'
            BEGIN SELECT RAISE(ROLLBACK, 'made up'); END;";
        connection.execute_batch(&format!("{TABLE}{INDEXES}{trigger}")).unwrap();
        connection
    }

    type Answered = oneshot::Receiver<Result<Put, rusqlite::Error>>;

    fn put(key: &str, version: u8) -> (WaitingPut, Answered) {
        let (answer, answered) = oneshot::channel();
        let value =
            Value { version: Version([version; 16]), bytes: vec![version], ..<_>::default() };
        let (key, asked) = (key.to_owned(), Instant::now());
        (WaitingPut { key, value, over: None, now: NOW, asked, answer }, answered)
    }

    fn write_all(connection: &Connection, keys: &[&str]) -> Vec<Option<Put>> {
        let numbered = keys.iter().zip(1..);
        let (group, answered): (Vec<_>, Vec<_>) = numbered.map(|(key, it)| put(key, it)).unzip();
        write(connection, group);
        let answers = answered.into_iter().map(|mut it| it.try_recv().unwrap().unwrap());
        answers.map(Result::ok).collect()
    }

    fn stored(connection: &Connection, key: &str) -> Option<Vec<u8>> {
        rows::get(connection, key, NOW).unwrap().map(|stored| stored.bytes)
    }

    #[test]
    fn each_write_of_a_group_has_its_own_result() {
        let connection = connection();
        let first = Stored { version: Version([1; 16]), bytes: vec![1] };
        let lost = Some(Put::Lost(Some(first)));
        let written = write_all(&connection, &["a", "b", "a", "c"]);
        assert_eq!(written, [Some(Put::Won), Some(Put::Won), lost, Some(Put::Won)]);
        assert_eq!(stored(&connection, "a"), Some(vec![1]));
    }

    #[test]
    fn a_write_that_fails_does_not_fail_the_others() {
        let connection = connection();
        let written = write_all(&connection, &["a", "bad", "c"]);
        assert_eq!(written, [Some(Put::Won), None, Some(Put::Won)]);
        let all = ["a", "bad", "c"].map(|key| stored(&connection, key));
        assert_eq!(all, [Some(vec![1]), None, Some(vec![3])]);
    }

    #[test]
    fn a_write_whose_caller_has_stopped_waiting_is_left_out() {
        let connection = connection();
        let [(gone, answered), (waits, mut answer)] = [("a", 1), ("b", 2)].map(|(k, v)| put(k, v));
        drop(answered);
        write(&connection, vec![gone, waits]);
        assert_eq!(answer.try_recv().unwrap().unwrap().unwrap(), Put::Won);
        assert_eq!(["a", "b"].map(|key| stored(&connection, key)), [None, Some(vec![2])]);
    }
}
