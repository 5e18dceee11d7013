//! The values that a command cannot use.

use std::process::ExitCode;

use shell::failure::Failure;

use crate::error::CommandError;
use crate::session::Session;

/// Counts the entities that could not be read or written. The command continues with the others, and
/// reports the first error at its end.
#[derive(Default)]
pub struct ReadFailures {
    count: usize,
    first: Option<CommandError>,
}

impl ReadFailures {
    /// Returns the value. A failure is counted and gives `None`.
    ///
    /// # Errors
    /// If the store does not answer, because every other entity would wait for it too.
    pub fn keep<T>(
        &mut self,
        session: &Session,
        read: Result<T, Failure>,
    ) -> Result<Option<T>, CommandError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(failure @ (Failure::StoreUnavailable | Failure::OutOfTime)) => {
                Err(session.advised(failure))
            }
            Err(failure) => {
                self.count += 1;
                self.first.get_or_insert_with(|| session.advised(failure));
                Ok(None)
            }
        }
    }

    /// The result of the command.
    ///
    /// # Errors
    /// The first failure, with the count of all.
    pub fn end(self) -> Result<ExitCode, CommandError> {
        match (self.count, self.first) {
            (_, None) => Ok(ExitCode::SUCCESS),
            (1, Some(fault)) => Err(fault),
            (count, Some(fault)) => {
                Err(format!("{count} stored values cannot be used; the first fault: {fault}")
                    .into())
            }
        }
    }
}
