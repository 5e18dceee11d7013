//! A thread with a connection of its own: SQLite blocks, and a callback must not.

use std::convert::Infallible;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use thiserror::Error;

use super::file_watch::FileWatch;

/// Works on jobs, one after the other.
#[derive(Debug)]
pub struct Worker {
    /// Nothing once the worker is being dropped.
    jobs: Option<SyncSender<Job>>,
    /// Disconnected once the connection is closed.
    closed: Mutex<Receiver<Infallible>>,
}

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Why a job has no result.
#[derive(Debug, Error)]
pub enum SqliteError {
    /// SQLite's own reason.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The file is not the one that was opened any more. The log says so already.
    #[error("file lost")]
    Lost,
    /// Too many jobs wait.
    #[error("{MAX_WAITING} calls wait for the store already")]
    Crowded,
    /// The store was opened to read.
    #[error("store opened to read alone")]
    ReadOnly,
    /// The thread has ended.
    #[error("worker ended")]
    Ended,
}

impl Worker {
    /// Starts a thread. It ends when the worker is dropped, after the jobs that were handed in.
    pub fn start(connection: Connection, watch: Option<Arc<FileWatch>>) -> Self {
        let (jobs, queue) = mpsc::sync_channel::<Job>(MAX_WAITING);
        let (closing, closed) = mpsc::channel();
        thread::spawn(move || {
            queue.iter().for_each(|job| job(&connection));
            close(connection, watch.as_deref());
            drop::<mpsc::Sender<Infallible>>(closing);
        });
        Self { jobs: Some(jobs), closed: Mutex::new(closed) }
    }

    /// Runs a job, unless its caller has gone by the time that its turn comes. All jobs behind a
    /// lock wait for it at once, not one after the other.
    ///
    /// # Errors
    /// As [`SqliteError`] says.
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
            // The caller may have gone meanwhile; the work is done all the same.
            let _ = answer.send(ready.and_then(|()| work(connection)));
        });
        let jobs = self.jobs.as_ref().ok_or(SqliteError::Ended)?;
        jobs.try_send(job).map_err(|fault| match fault {
            TrySendError::Full(_) => SqliteError::Crowded,
            TrySendError::Disconnected(_) => SqliteError::Ended,
        })?;
        Ok(answered.await.map_err(|_| SqliteError::Ended)??)
    }
}

/// The last connection to close brings the log into the file; a process that ended before would
/// leave rows in the log alone, and a copy of the file would lack them.
impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.jobs.take());
        let closed = self.closed.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Nothing is ever sent: it is disconnected, or too slow.
        let _ = closed.recv_timeout(CLOSING);
    }
}

/// Closes a connection. SQLite would delete by their names what is beside the file, and if the file
/// is lost these may be another store's.
fn close(connection: Connection, watch: Option<&FileWatch>) {
    if watch.is_some_and(|watch| watch.look().is_err()) {
        let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }
    drop(connection);
}

/// How long a job waits for another process's lock, from the time that it was handed in; well
/// inside a callback's time.
pub const BUSY: Duration = Duration::from_secs(2);
/// How many jobs may wait: more than a disk works off within a callback's time.
const MAX_WAITING: usize = 1_024;
/// How long a drop waits for the connection to close: the job at hand may wait for a lock. It is
/// well inside the time that a platform leaves a process to end.
const CLOSING: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Barrier};

    use futures_util::FutureExt;

    use super::*;

    /// A worker that is at a job until the barrier is met.
    fn busy() -> (Worker, Arc<Barrier>) {
        let worker = Worker::start(Connection::open_in_memory().unwrap(), None);
        let barrier = Arc::new(Barrier::new(2));
        let met = Arc::clone(&barrier);
        let job: Job = Box::new(move |_| {
            met.wait();
        });
        worker.jobs.as_ref().unwrap().send(job).unwrap();
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
    fn a_job_whose_caller_has_gone_is_dropped() {
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
    fn no_more_jobs_wait_than_may() {
        let (worker, barrier) = busy();
        let mut taken = 0;
        let refused = loop {
            match worker.run(|_| Ok(())).now_or_never() {
                None => taken += 1,
                Some(done) => break done,
            }
            assert!(taken <= MAX_WAITING + 1);
        };
        assert!(matches!(refused, Err(SqliteError::Crowded)));
        // The thread may not have taken the first job out of the queue yet.
        assert!(taken >= MAX_WAITING - 1);
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
