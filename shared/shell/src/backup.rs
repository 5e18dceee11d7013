//! Copies the values of a store into a backup, and restores them in any store (decision I4).
//!
//! - `lines`: the lines of a backup file. `reader`: reads and checks such a file.
//! - `copy`: the values of one page of a scan, with the parts that they need.
//! - `restored`: what a restore writes for a value of a backup. `restore`: writes it over absence.

mod copy;
mod lines;
mod reader;
mod restore;
mod restored;

pub use self::copy::{CopiedPage, copy_page};
pub use self::lines::{
    BackupAgenda, BackupDigest, BackupEnd, BackupEntry, BackupHeader, BackupLine, BackupValue,
    FORMAT,
};
pub use self::reader::{BackupFileError, BackupReader, read_line};
pub use self::restore::{RestoreMode, RestoreOutcome, are_restored, restore_values};
pub use self::restored::{RestoreError, RestoredValue};
