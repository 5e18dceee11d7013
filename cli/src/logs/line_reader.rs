//! Reads a log line by line in constant memory, and follows a growing file.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Reads one line after the other.
pub trait LineReader {
    /// The next line, with its line end. A line longer than a mebibyte is read in pieces. `None` at
    /// the end.
    ///
    /// # Errors
    /// If the source cannot be read.
    fn next_line(&mut self) -> io::Result<Option<&[u8]>>;

    /// Whether the next read may wait for another program.
    fn may_wait(&self) -> bool;
}

/// The lines of a file that does not grow, or of a pipe.
pub struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
}

/// The lines of a growing file. If the file is replaced or becomes shorter, it is read again from its
/// start.
pub struct FollowedFile {
    path: PathBuf,
    lines: Lines<File>,
    /// How many bytes of the file were read.
    position: u64,
}

/// The lines of a file or a pipe.
pub fn lines_of<R: Read>(source: R) -> Lines<R> {
    Lines { reader: BufReader::with_capacity(READ_LEN, source), line: Vec::new() }
}

impl<R: Read> Lines<R> {
    /// Reads on in the current line. Returns how many bytes were read.
    fn read_on(&mut self) -> io::Result<usize> {
        let room = MAX_LINE.saturating_sub(self.line.len());
        let room = u64::try_from(room).unwrap_or(u64::MAX);
        (&mut self.reader).take(room).read_until(b'\n', &mut self.line)
    }

    fn is_complete(&self) -> bool {
        self.line.ends_with(b"\n") || self.line.len() >= MAX_LINE
    }
}

impl<R: Read> LineReader for Lines<R> {
    fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let len = self.read_on()?;
        Ok((len > 0).then_some(&*self.line))
    }

    fn may_wait(&self) -> bool {
        self.reader.buffer().is_empty()
    }
}

impl FollowedFile {
    /// The lines of an open file.
    pub fn new(path: &Path, file: File) -> Self {
        Self { path: path.to_owned(), lines: lines_of(file), position: 0 }
    }

    /// Opens the file again if its path names another file now, or if the file became shorter.
    fn reopen_if_replaced(&mut self) -> io::Result<()> {
        let old = self.lines.reader.get_ref().metadata()?;
        let is_shorter = old.len() < self.position;
        // Between the removal of a file and its new start there may be no file.
        let Ok(file) = File::open(&self.path) else { return Ok(()) };
        if is_shorter || identity(&file.metadata()?) != identity(&old) {
            (self.lines, self.position) = (lines_of(file), 0);
        }
        Ok(())
    }
}

impl LineReader for FollowedFile {
    fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        if self.lines.is_complete() {
            self.lines.line.clear();
        }
        loop {
            let len = self.lines.read_on()?;
            self.position = self.position.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
            if self.lines.is_complete() {
                return Ok(Some(&self.lines.line));
            }
            if len == 0 {
                if crate::output::is_closed() {
                    return Ok(None);
                }
                thread::sleep(INTERVAL);
                self.reopen_if_replaced()?;
            }
        }
    }

    fn may_wait(&self) -> bool {
        self.lines.may_wait()
    }
}

/// What distinguishes a file from the file that replaced it.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Without an identity, only a shorter file is recognised.
#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// How often a followed file is read again.
const INTERVAL: Duration = Duration::from_millis(250);
/// The longest line in bytes.
const MAX_LINE: usize = 1024 * 1024;
/// The length of one read in bytes.
const READ_LEN: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_long_line_is_read_in_pieces() {
        let text = [vec![b'x'; MAX_LINE + 3], b"\nlast".to_vec()].concat();
        let mut lines = lines_of(&*text);
        let mut lens = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            lens.push(line.len());
        }
        assert_eq!(lens, [MAX_LINE, 4, 4]);
    }

    #[test]
    fn a_followed_file_may_grow_and_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let append = |text: &str| {
            let mut file = File::options().create(true).append(true).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        append("one\ntw");
        let mut followed = FollowedFile::new(&path, File::open(&path).unwrap());
        assert_eq!(followed.next_line().unwrap(), Some(&b"one\n"[..]));
        append("o\n");
        assert_eq!(followed.next_line().unwrap(), Some(&b"two\n"[..]));
        std::fs::rename(&path, folder.path().join("log.1")).unwrap();
        append("three\n");
        assert_eq!(followed.next_line().unwrap(), Some(&b"three\n"[..]));
        File::options().write(true).truncate(true).open(&path).unwrap();
        append("4\n");
        assert_eq!(followed.next_line().unwrap(), Some(&b"4\n"[..]));
    }
}
