//! A thread with a separate connection. SQLite blocks its thread, and a callback must not block.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use protocol::time::UnixMillis;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use thiserror::Error;

use super::file_watch::FileWatch;
use super::group::{self, BUSY, MAX_GROUP, WaitingPut};
use super::open_error::SqliteOpenError;
use crate::store::{Put, RightError, Value, Version};

/// Runs jobs one after the other. Writes that wait together are one transaction.
#[derive(Debug)]
pub struct Worker {
    /// `None` while the worker is being dropped.
    jobs: Option<SyncSender<Turn>>,
    /// What became of the log when the connection was closed.
    closed: Mutex<Receiver<LogEnd>>,
}

/// What became of SQLite's log when the connection was closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum LogEnd {
    /// It is in the file, or this connection cannot move it there.
    Done,
    /// A reader elsewhere prevented its move.
    Kept,
}

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// What the thread does in one turn.
enum Turn {
    /// Run a job alone.
    Alone(Job),
    /// Write a value, together with the writes that wait behind it.
    Put(Box<WaitingPut>),
}

/// Why a job has no result.
#[derive(Debug, Error)]
pub enum SqliteError {
    /// SQLite failed.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The file is no longer the one that was opened. The log reports this already.
    #[error("file lost")]
    Lost,
    /// Too many jobs are waiting.
    #[error("{MAX_WAITING} calls are already waiting for the store")]
    Crowded,
    /// The store was opened only to read.
    #[error("store opened only to read")]
    ReadOnly,
    /// The thread has ended.
    #[error("worker ended")]
    Ended,
}

impl Worker {
    /// Starts a thread. When the worker is dropped, the thread finishes its jobs and ends.
    pub fn start(connection: Connection, watch: Option<Arc<FileWatch>>) -> Self {
        let (jobs, queue) = mpsc::sync_channel(MAX_WAITING);
        let (closing, closed) = mpsc::channel();
        thread::spawn(move || {
            run_all(&queue, &connection);
            // The worker may be gone: then nobody asks.
            let _ = closing.send(close(connection, watch.as_deref()));
        });
        Self { jobs: Some(jobs), closed: Mutex::new(closed) }
    }

    /// Runs a job, unless its caller has stopped waiting before the job's turn. Jobs that wait for
    /// the same lock wait concurrently, not one after the other.
    ///
    /// # Errors
    /// See [`SqliteError`].
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, SqliteError> {
        let (answer, answered) = oneshot::channel();
        let asked = Instant::now();
        let job: Job = Box::new(move |connection| {
            if answer.is_canceled() {
                return;
            }
            let left = BUSY.saturating_sub(asked.elapsed());
            let ready = connection.busy_timeout(left);
            // If the caller has stopped waiting meanwhile, the result is not needed.
            let _ = answer.send(ready.and_then(|()| work(connection)));
        });
        self.submit(Turn::Alone(job))?;
        Ok(answered.await.map_err(|_| SqliteError::Ended)??)
    }

    /// Writes a value, unless its caller has stopped waiting before its turn. It is acknowledged
    /// after the commit.
    ///
    /// # Errors
    /// See [`SqliteError`].
    pub async fn put(
        &self,
        key: &str,
        value: &Value,
        over: Option<Version>,
        now: UnixMillis,
    ) -> Result<Put, SqliteError> {
        let (answer, answered) = oneshot::channel();
        let (key, value, asked) = (key.to_owned(), value.clone(), Instant::now());
        let put = WaitingPut { key, value, over, now, asked, answer };
        self.submit(Turn::Put(Box::new(put)))?;
        Ok(answered.await.map_err(|_| SqliteError::Ended)??)
    }

    fn submit(&self, turn: Turn) -> Result<(), SqliteError> {
        let jobs = self.jobs.as_ref().ok_or(SqliteError::Ended)?;
        jobs.try_send(turn).map_err(|fault| match fault {
            TrySendError::Full(_) => SqliteError::Crowded,
            TrySendError::Disconnected(_) => SqliteError::Ended,
        })
    }
}

/// Runs every turn until the worker is dropped.
fn run_all(queue: &Receiver<Turn>, connection: &Connection) {
    while let Ok(turn) = queue.recv() {
        let mut next = Some(turn);
        while let Some(turn) = next.take() {
            match turn {
                Turn::Alone(job) => job(connection),
                Turn::Put(first) => {
                    let mut puts = vec![*first];
                    next = gather(queue, &mut puts);
                    group::write(connection, puts);
                }
            }
        }
    }
}

/// Adds the writes that wait already. Returns the turn behind them, if it is no write.
fn gather(queue: &Receiver<Turn>, puts: &mut Vec<WaitingPut>) -> Option<Turn> {
    while puts.len() < MAX_GROUP {
        match queue.try_recv() {
            Ok(Turn::Put(put)) => puts.push(*put),
            Ok(other) => return Some(other),
            Err(_) => return None,
        }
    }
    None
}

/// Converts the error of an operation into the result of a permission check.
pub fn right_error(error: &SqliteError) -> RightError {
    match error {
        SqliteError::Sqlite(fault) => match SqliteOpenError::of(fault) {
            text @ (SqliteOpenError::Full | SqliteOpenError::Locked | SqliteOpenError::Disk) => {
                RightError::Unanswered(text.to_string())
            }
            text => RightError::Refused(text.to_string()),
        },
        SqliteError::ReadOnly => RightError::Refused(SqliteOpenError::ReadOnly.to_string()),
        SqliteError::Lost => RightError::Unanswered(LOST.to_owned()),
        SqliteError::Crowded | SqliteError::Ended => RightError::Unanswered(error.to_string()),
    }
}

/// The last connection to close moves the log into the file. If the process ended before that, some
/// rows would be only in the log. A copy of the file would lack them.
impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.jobs.take());
        let closed = self.closed.get_mut().unwrap_or_else(PoisonError::into_inner);
        match closed.recv_timeout(CLOSING) {
            Ok(LogEnd::Kept) | Err(RecvTimeoutError::Timeout) => {
                tracing::warn!(advice = LOG_KEPT, "log of the SQLite file was not moved into it");
            }
            Ok(LogEnd::Done) | Err(RecvTimeoutError::Disconnected) => {}
        }
    }
}

/// Closes a connection. If the file is lost, SQLite must not delete the files next to it by name:
/// they may belong to another store.
///
/// SQLite itself moves the log into the file only if no other process has the file open. Another
/// process may end later and may have opened the file only to read it. So koohook moves the log first.
fn close(connection: Connection, watch: Option<&FileWatch>) -> LogEnd {
    let end = if watch.is_some_and(|watch| watch.look().is_err()) {
        let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        LogEnd::Done
    } else {
        let _ = connection.busy_timeout(MOVING);
        move_log(&connection)
    };
    drop(connection);
    end
}

/// Moves the log into the file. A connection that only reads cannot do that, and a reader elsewhere may
/// prevent it.
fn move_log(connection: &Connection) -> LogEnd {
    let is_busy = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0).map(|busy| busy != 0);
    let is_kept = match connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], is_busy) {
        Ok(is_busy) => is_busy,
        Err(error) => error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy),
    };
    if is_kept { LogEnd::Kept } else { LogEnd::Done }
}

/// How many jobs may wait. This is more than a disk finishes within a callback's time.
const MAX_WAITING: usize = 1_024;
/// How long the log's move into the file waits for readers. It is shorter than [`CLOSING`].
const MOVING: Duration = Duration::from_secs(1);
/// How long a drop waits for the connection to close, since the current job may wait for a lock.
/// This is well within the time that a platform gives a process to end.
const CLOSING: Duration = Duration::from_secs(3);

/// The advice if the log is still beside the file.
const LOG_KEPT: &str = "another program reads the file; copy the file only together with the one that ends in -wal, \
     or end that program, start koohook once more, and stop it";
/// The advice if the file is no longer the one that was opened.
const LOST: &str =
    "the file was deleted, moved, replaced or damaged after it was opened; start again";

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Barrier};

    use futures_util::FutureExt;

    use super::*;

    /// A worker that is busy until the test reaches the barrier.
    fn busy() -> (Worker, Arc<Barrier>) {
        let worker = Worker::start(Connection::open_in_memory().unwrap(), None);
        let barrier = Arc::new(Barrier::new(2));
        let met = Arc::clone(&barrier);
        let job: Job = Box::new(move |_| {
            met.wait();
        });
        worker.jobs.as_ref().unwrap().send(Turn::Alone(job)).unwrap();
        (worker, barrier)
    }

    fn counting(
        count: &Arc<AtomicUsize>,
    ) -> impl FnOnce(&Connection) -> Result<(), rusqlite::Error> + use<> {
        let count = Arc::clone(count);
        move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }

    #[test]
    fn a_job_whose_caller_stopped_waiting_does_not_run() {
        let (worker, barrier) = busy();
        let count = Arc::new(AtomicUsize::new(0));
        {
            let gone = pin!(worker.run(counting(&count)));
            assert!(gone.now_or_never().is_none());
        }
        let mut waits = pin!(worker.run(counting(&count)));
        assert!(waits.as_mut().now_or_never().is_none());
        barrier.wait();
        block_on(waits).unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_job_beyond_the_limit_is_rejected() {
        let (worker, barrier) = busy();
        let mut waiting = 0;
        let rejected = loop {
            match worker.run(|_| Ok(())).now_or_never() {
                None => waiting += 1,
                Some(done) => break done,
            }
            assert!(waiting <= MAX_WAITING + 1);
        };
        assert!(matches!(rejected, Err(SqliteError::Crowded)));
        // The thread may not have received the first job from the queue yet.
        assert!(waiting >= MAX_WAITING - 1);
        barrier.wait();
    }

    fn block_on<F: Future + Unpin>(mut future: F) -> F::Output {
        loop {
            if let Some(output) = (&mut future).now_or_never() {
                return output;
            }
            thread::yield_now();
        }
    }
}
