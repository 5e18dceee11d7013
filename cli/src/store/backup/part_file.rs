//! Writes a backup into `FILE.part`, and renames it when it is whole. An interrupted one is continued
//! after the last place of the scan that it contains.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use shell::backup::{BackupDigest, BackupEnd, BackupHeader, BackupLine, BackupValue, read_line};
use shell::store::ScanPlace;

use crate::error::CommandError;
use crate::secret_file;

/// A backup that is being written.
pub struct PartFile {
    /// The file and where it goes; `None` for the standard output.
    target: Option<Target>,
    out: Box<dyn Write>,
    content: Content,
}

/// The files of a backup.
struct Target {
    file: File,
    part: PathBuf,
    path: PathBuf,
}

/// What the lines so far contain.
#[derive(Default)]
struct Content {
    digest: BackupDigest,
    values: u64,
    unencrypted: u64,
    /// The digests of the keys, so that no value is in the file twice.
    keys: BTreeSet<[u8; 16]>,
}

/// What an interrupted backup contains up to its last place.
struct Interrupted {
    header: BackupHeader,
    place: Option<ScanPlace>,
    len: u64,
}

impl PartFile {
    /// Begins a backup; `-` is the standard output.
    ///
    /// # Errors
    /// If the file or an interrupted one exists, or the file cannot be created.
    pub fn create(path: &Path, header: BackupHeader) -> Result<Self, CommandError> {
        let target = if path.as_os_str() == "-" { None } else { Some(Target::create(path)?) };
        let out: Box<dyn Write> = match &target {
            Some(target) => Box::new(BufWriter::new(target.file.try_clone()?)),
            None => Box::new(BufWriter::new(io::stdout())),
        };
        let mut file = Self { target, out, content: Content::default() };
        file.write(&BackupLine::Backup(header))?;
        Ok(file)
    }

    /// Continues an interrupted backup of the same store. Returns the place of the scan.
    ///
    /// # Errors
    /// If there is no such file, it is of another store, or a process still writes it.
    pub fn resume(
        path: &Path,
        header: BackupHeader,
    ) -> Result<(Self, Option<ScanPlace>), CommandError> {
        let target = Target::open(path)?;
        let Some(found) = interrupted(&target.file)? else {
            // Not even the header was written.
            target.file.set_len(0)?;
            let mut file = Self::over(target, Content::default())?;
            file.write(&BackupLine::Backup(header))?;
            return Ok((file, None));
        };
        let theirs = &found.header;
        let is_same = (&theirs.store, &theirs.source, theirs.sealed, theirs.format)
            == (&header.store, &header.source, header.sealed, header.format);
        if !is_same {
            return Err(format!("{}: {OTHER}", target.part.display()).into());
        }
        target.file.set_len(found.len)?;
        let content = Content::read(&target.file, found.len)?;
        Ok((Self::over(target, content)?, found.place))
    }

    fn over(target: Target, content: Content) -> Result<Self, CommandError> {
        let mut file = target.file.try_clone()?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { target: Some(target), out: Box::new(BufWriter::new(file)), content })
    }

    /// Whether the file contains the value of a key already.
    pub fn contains(&self, key: &str) -> bool {
        self.content.keys.contains(&name(key))
    }

    /// How many values the file contains.
    pub const fn values(&self) -> u64 {
        self.content.values
    }

    /// How many of them are unencrypted.
    pub const fn unencrypted(&self) -> u64 {
        self.content.unencrypted
    }

    /// Adds a value.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add(&mut self, value: BackupValue) -> Result<(), CommandError> {
        if self.contains(&value.key) {
            return Ok(());
        }
        self.write(&BackupLine::Value(value))
    }

    /// Notes the place after which a continued backup begins. Everything before it is in the file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn note(&mut self, ScanPlace(place): &ScanPlace) -> Result<(), CommandError> {
        self.write(&BackupLine::Place(place.clone()))?;
        self.out.flush().map_err(|fault| self.not_written(&fault))
    }

    /// Adds the last line, and gives the file its name when it is on the disk.
    ///
    /// # Errors
    /// If the file cannot be written, or another file has its name meanwhile.
    pub fn finish(mut self) -> Result<(), CommandError> {
        let (digest, values) = (self.content.digest.clone(), self.content.values);
        self.write(&BackupLine::End(BackupEnd { values, sha256: digest.finish() }))?;
        self.out.flush().map_err(|fault| self.not_written(&fault))?;
        let Some(target) = &self.target else { return Ok(()) };
        target.file.sync_all().map_err(|fault| self.not_written(&fault))?;
        target.name()
    }

    fn write(&mut self, line: &BackupLine) -> Result<(), CommandError> {
        let bytes = line.to_bytes();
        self.content.add(line, &bytes);
        self.out.write_all(&bytes).map_err(|fault| self.not_written(&fault))
    }

    fn not_written(&self, fault: &io::Error) -> CommandError {
        match &self.target {
            None => format!("standard output cannot be written: {fault}").into(),
            Some(Target { part, .. }) => format!(
                "{}: file cannot be written: {fault}; free space or mend the disk, then run this \
                 command again with --resume",
                part.display()
            )
            .into(),
        }
    }
}

impl Content {
    fn add(&mut self, line: &BackupLine, bytes: &[u8]) {
        self.digest.add(bytes);
        if let BackupLine::Value(value) = line {
            self.values += 1;
            self.unencrypted += u64::from(value.is_unencrypted());
            self.keys.insert(name(&value.key));
        }
    }
}

impl Target {
    fn create(path: &Path) -> Result<Self, CommandError> {
        let part = part_of(path);
        if path.exists() {
            return Err(secret_file::exists(path));
        }
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create_new(true).mode(0o600);
        let file = options.open(&part).map_err(|fault| match fault.kind() {
            ErrorKind::AlreadyExists => format!("{}: {INTERRUPTED}", part.display()).into(),
            _ => secret_file::not_created(&part, &fault),
        })?;
        Self::locked(file, part, path)
    }

    fn open(path: &Path) -> Result<Self, CommandError> {
        if path.as_os_str() == "-" {
            return Err("--resume needs a FILE; a copy on the standard output cannot go on".into());
        }
        if path.exists() {
            return Err(secret_file::exists(path));
        }
        let part = part_of(path);
        let opened = OpenOptions::new().read(true).write(true).open(&part);
        let file = opened.map_err(|fault| match fault.kind() {
            ErrorKind::NotFound => CommandError::from(format!("{}: {NONE}", part.display())),
            _ => format!("{}: file cannot be opened: {fault}", part.display()).into(),
        })?;
        Self::locked(file, part, path)
    }

    /// Two processes would mix their lines.
    fn locked(file: File, part: PathBuf, path: &Path) -> Result<Self, CommandError> {
        if file.try_lock().is_err() {
            return Err(format!("{}: {BUSY}", part.display()).into());
        }
        Ok(Self { file, part, path: path.to_owned() })
    }

    /// Gives the file its name. A link fails if the name is taken, and a rename would replace a file.
    fn name(&self) -> Result<(), CommandError> {
        match fs::hard_link(&self.part, &self.path) {
            Ok(()) => fs::remove_file(&self.part)?,
            Err(fault) if fault.kind() == ErrorKind::AlreadyExists => {
                return Err(secret_file::exists(&self.path));
            }
            // Some file systems have no links.
            Err(_) => fs::rename(&self.part, &self.path)?,
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Ok(File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?)
    }
}

/// Finds the last place of an interrupted backup; `None` if it has no header. What comes after that
/// place is read again from the store.
fn interrupted(file: &File) -> Result<Option<Interrupted>, CommandError> {
    let mut input = BufReader::new(file.try_clone()?);
    input.seek(SeekFrom::Start(0))?;
    let mut at = 0_u64;
    let mut found: Option<Interrupted> = None;
    loop {
        let bytes = read_line(&mut input)?;
        at += u64::try_from(bytes.len())?;
        match (bytes.strip_suffix(b"\n").and_then(BackupLine::parse), &mut found) {
            (Some(BackupLine::Backup(header)), None) => {
                found = Some(Interrupted { header, place: None, len: at });
            }
            (Some(BackupLine::Value(_)), Some(_)) => {}
            (Some(BackupLine::Place(place)), Some(found)) => {
                (found.place, found.len) = (Some(ScanPlace(place)), at);
            }
            _ => return Ok(found),
        }
    }
}

impl Content {
    /// What the first bytes of a file contain.
    fn read(file: &File, len: u64) -> Result<Self, CommandError> {
        let mut input = BufReader::new(file.try_clone()?);
        input.seek(SeekFrom::Start(0))?;
        let mut input = input.take(len);
        let mut content = Self::default();
        loop {
            let bytes = read_line(&mut input)?;
            match bytes.strip_suffix(b"\n").and_then(BackupLine::parse) {
                Some(line) => content.add(&line, &bytes),
                None => return Ok(content),
            }
        }
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".part");
    name.into()
}

fn name(key: &str) -> [u8; 16] {
    protocol::digest::of(&[key])
}

const INTERRUPTED: &str = "an interrupted backup exists; run this command again with --resume to continue it, or \
     delete that file";
const NONE: &str = "there is no interrupted backup; run this command without --resume";
const OTHER: &str = "the interrupted backup is of another store, or was begun with or without --seal; use the same \
     store and options, or delete that file";
const BUSY: &str = "another process writes this backup; wait until it has ended";
