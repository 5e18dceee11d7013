//! Reads a backup file line by line, and checks its count and digest at the end.

use std::io::{self, BufRead, Read};

use thiserror::Error;

use super::lines::{BackupDigest, BackupEnd, BackupHeader, BackupLine, BackupValue, FORMAT};

/// Reads the values of a backup file.
pub struct BackupReader<R> {
    input: R,
    digest: BackupDigest,
    lines: u64,
    values: u64,
    is_over: bool,
}

/// Why a backup file cannot be used.
#[derive(Debug, Error)]
pub enum BackupFileError {
    /// The file cannot be read.
    #[error("file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Its first line is not the header of a backup.
    #[error("file is not a backup of koohook; name a file that koohook store backup wrote")]
    Foreign,
    /// A newer koohook wrote it.
    #[error(
        "a newer koohook wrote the file; use the version of koohook that wrote it, or a newer one"
    )]
    Newer,
    /// A line is not a line of a backup.
    #[error(
        "line {0} is damaged; copy the file again from where it is kept, or use another backup"
    )]
    Damaged(u64),
    /// The last line is missing.
    #[error(
        "file ends after line {0}, before its last line; if it is the file of an interrupted backup, \
         finish that with --resume; else copy it again, or use another backup"
    )]
    Truncated(u64),
    /// The count or the digest of the last line is another one.
    #[error(
        "file is damaged: its lines do not have the count and the SHA-256 of its last line; copy it \
         again from where it is kept, or use another backup"
    )]
    Digest,
}

impl<R: BufRead> BackupReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// If the file is not a backup that this koohook can read.
    pub fn open(input: R) -> Result<(Self, BackupHeader), BackupFileError> {
        let digest = BackupDigest::default();
        let mut reader = Self { input, digest, lines: 0, values: 0, is_over: false };
        match reader.line() {
            Ok(Some((BackupLine::Backup(header), _))) if header.format == FORMAT => {
                Ok((reader, header))
            }
            Ok(Some((BackupLine::Backup(_), _))) => Err(BackupFileError::Newer),
            Err(fault @ BackupFileError::Read(_)) => Err(fault),
            Ok(_) | Err(_) => Err(BackupFileError::Foreign),
        }
    }

    /// The next value; `None` after the last line, if the count and the digest are right.
    ///
    /// # Errors
    /// If the file is damaged or not whole.
    pub fn next_value(&mut self) -> Result<Option<BackupValue>, BackupFileError> {
        while !self.is_over {
            let before = self.digest.clone();
            match self.line()? {
                Some((BackupLine::Value(value), _)) => {
                    self.values += 1;
                    return Ok(Some(value));
                }
                Some((BackupLine::Place(_), _)) => {}
                Some((BackupLine::End(end), bytes)) => self.finish(end, &bytes, before)?,
                Some((BackupLine::Backup(_), _)) => {
                    return Err(BackupFileError::Damaged(self.lines));
                }
                None => return Err(BackupFileError::Truncated(self.lines)),
            }
        }
        Ok(None)
    }

    /// How many values were read.
    pub const fn values(&self) -> u64 {
        self.values
    }

    fn finish(
        &mut self,
        end: BackupEnd,
        bytes: &[u8],
        digest: BackupDigest,
    ) -> Result<(), BackupFileError> {
        let is_right = end.values == self.values && end.sha256 == digest.finish();
        // The digest does not cover the last line.
        let is_exact = BackupLine::End(end).to_bytes() == bytes;
        let is_last = read_line(&mut self.input)?.is_empty();
        self.is_over = true;
        if is_right && is_exact && is_last { Ok(()) } else { Err(BackupFileError::Digest) }
    }

    /// The next line and its bytes; `None` at the end of the file.
    fn line(&mut self) -> Result<Option<(BackupLine, Vec<u8>)>, BackupFileError> {
        let bytes = read_line(&mut self.input)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.digest.add(&bytes);
        let Some(text) = bytes.strip_suffix(b"\n") else {
            return Err(if bytes.len() < MAX_LINE {
                BackupFileError::Truncated(self.lines)
            } else {
                BackupFileError::Damaged(self.lines + 1)
            });
        };
        self.lines += 1;
        let line = BackupLine::parse(text).ok_or(BackupFileError::Damaged(self.lines))?;
        Ok(Some((line, bytes)))
    }
}

/// Reads one line with its line end. A damaged file may have no line ends, so a line has a limit.
///
/// # Errors
/// If the file cannot be read.
pub fn read_line(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    input.by_ref().take(limit).read_until(b'\n', &mut bytes)?;
    Ok(bytes)
}

/// The longest line in bytes. It is longer than the longest value of any store in base64.
const MAX_LINE: usize = 4 * 1024 * 1024;
