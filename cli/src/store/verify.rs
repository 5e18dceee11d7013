//! `koohook store verify`: checks a backup without a store.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use shell::backup::{BackupHeader, RestoreError, RestoredValue};
use shell::config::StoreConfig;
use shell::seal::Seal;

use super::pace::CopyPace;
use super::{backup_file, setting_of};
use crate::error::CommandError;
use crate::local_time::local_time;
use crate::output::outln;

/// Arguments of `koohook store verify`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook store verify koohook-monday.backup
  KOOHOOK_SEAL_KEY_FILE=seal.key koohook store verify koohook-monday.backup

The command reads every line, and compares the count and the SHA-256 with the last line. With
KOOHOOK_SEAL_KEY (and KOOHOOK_SEAL_KEY_PREVIOUS) it also decrypts every value, as a restore does. It
needs no store. The exit code is 1 if the file is damaged or a value cannot be restored.")]
pub struct VerifyArguments {
    /// The file that koohook store backup wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What a backup contains.
pub struct Survey {
    /// Its first line.
    pub header: BackupHeader,
    /// The number of values.
    pub values: u64,
    /// How many of them are unencrypted.
    pub unencrypted: u64,
    /// How many of them cannot be restored.
    pub unusable: u64,
    /// The first of these.
    pub first_fault: Option<(String, RestoreError)>,
}

/// Checks a backup.
pub fn run(VerifyArguments { file }: &VerifyArguments) -> Result<ExitCode, CommandError> {
    let config = StoreConfig::read(&|name| setting_of("memory:", name))?;
    let found = survey(file, config.seal.seals().then_some(&config.seal))?;
    outln!("{}", found.text());
    let sealed = found.values.saturating_sub(found.unencrypted);
    if !config.seal.seals() && sealed > 0 {
        outln!(
            "not checked: whether a seal key decrypts the {sealed} sealed values; set KOOHOOK_SEAL_KEY"
        );
    }
    match found.fault() {
        None => Ok(ExitCode::SUCCESS),
        Some(fault) => Err(format!("{}: {fault}", file.display()).into()),
    }
}

/// Reads a whole backup, and checks it. With a seal it decrypts every value.
///
/// # Errors
/// If the file is damaged or not whole.
pub fn survey(path: &Path, seal: Option<&Seal>) -> Result<Survey, CommandError> {
    let (mut file, header) = backup_file::open(path)?;
    let mut pace = CopyPace::new("checked", None);
    let at = header.at;
    let (unencrypted, unusable, first_fault) = (0, 0, None);
    let mut found = Survey { header, values: 0, unencrypted, unusable, first_fault };
    while let Some(value) = file.next_value().map_err(|fault| backup_file::named(path, &fault))? {
        found.unencrypted += u64::from(value.is_unencrypted());
        let key = value.key.clone();
        if let Some(Err(fault)) = seal.map(|seal| RestoredValue::of(seal, at, value)) {
            found.unusable += 1;
            found.first_fault.get_or_insert((key, fault));
        }
        pace.add(1);
    }
    found.values = file.values();
    Ok(found)
}

impl Survey {
    /// What the file is.
    pub fn text(&self) -> String {
        let Self { header, values, unencrypted, .. } = self;
        let sealed = match unencrypted {
            0 => "all sealed".to_owned(),
            count => format!("{count} of them NOT ENCRYPTED"),
        };
        format!(
            "whole: {values} values of a {} store, {sealed}; begun {}",
            header.store,
            local_time(header.at)
        )
    }

    /// The values that cannot be restored, and what to do.
    pub fn fault(&self) -> Option<String> {
        let (key, fault) = self.first_fault.as_ref()?;
        let advice = match fault {
            RestoreError::Newer => {
                "use the version of koohook that wrote the backup, or a newer one"
            }
            RestoreError::Unusable(_) if self.unusable == self.values => {
                "set KOOHOOK_SEAL_KEY, or KOOHOOK_SEAL_KEY_PREVIOUS, to the key of the store at the time of \
                 the backup"
            }
            RestoreError::Unusable(_) => {
                "if another key sealed them, add it to KOOHOOK_SEAL_KEY_PREVIOUS; if a newer koohook wrote \
                 them, use that version"
            }
        };
        Some(format!(
            "{} of {} values cannot be restored, the first is {key}: {fault}; {advice}",
            self.unusable, self.values
        ))
    }
}
